import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const bin = new URL("../bin.js", import.meta.url).pathname;
/** Settings that a network namespace has for itself: nothing else of this machine is touched. */
const names = ["net.core.somaxconn", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_max_syn_backlog"];
const file = (name: string) => `/proc/sys/${name.replaceAll(".", "/")}`;
const canUnshare = (() => {
  try {
    execFileSync("unshare", ["-n", "true"], { stdio: "ignore" });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
})();
if (!canUnshare && process.env.CI) throw new Error("CI must be able to unshare a network namespace, as root");

describe.skipIf(!canUnshare)("doctor apply and undo, in a network namespace (skipped where none can be made)", () => {
  let directory = "";
  const ours = () => names.map((name) => readFileSync(file(name), "utf8"));
  let before: string[] = [];
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "plimsoll-doctor-"));
    before = ours();
  });
  afterAll(() => {
    rmSync(directory, { recursive: true, force: true });
    expect(ours()).toEqual(before);
  });

  /** Runs lines of shell in one namespace; `show` prints the settings there, `stress` is the command. */
  function inNamespace(script: string): { status: number | null; stdout: string; stderr: string } {
    const prelude = `show() { cat ${names.map(file).join(" ")} | tr '\\t' ' '; }; stress() { ${process.execPath} ${bin} "$@"; }; cd ${directory}\n`;
    const only = names.map((name) => `--only ${name}`).join(" ");
    const { status, stdout, stderr } = spawnSync("unshare", ["-n", "sh", "-c", prelude + script.replaceAll("ONLY", only)], {
      encoding: "utf8",
      env: { ...process.env, NO_COLOR: "1" },
    });
    return { status, stdout, stderr };
  }

  test("apply sets what it says, twice is once, and undo gives every value back exactly", () => {
    const { stdout, status, stderr } = inNamespace(
      `show; echo --; stress doctor apply --yes --state s.json ONLY; echo --; show; echo --; stress doctor apply --yes --state s.json ONLY; echo --; stress doctor undo --state s.json; echo --; show`,
    );
    expect([status, stderr]).toEqual([0, ""]);
    const [first, applied, then, again, undone, last] = stdout.split("--\n");
    expect(applied).toContain("will set net.ipv4.ip_local_port_range from ");
    expect(applied).toContain("the old values are kept in s.json");
    expect(then).toBe("65535\n10000 65535\n1\n65535\n");
    expect(again).toMatch(/^nothing to raise/);
    expect(undone?.trim().split("\n").sort()).toEqual(names.map((name, i) => `${name} = ${first?.split("\n")[i]}`).sort());
    expect(last).toBe(first);
  });

  test("undo leaves alone what somebody has set since, and says so: 99", () => {
    const { stdout, status } = inNamespace(
      `stress doctor apply --yes --state f.json --only net.core.somaxconn >/dev/null; echo 777 > ${file("net.core.somaxconn")}; stress doctor undo --state f.json; code=$?; cat ${file("net.core.somaxconn")}; exit $code`,
    );
    expect(status).toBe(99);
    expect(stdout).toMatch(
      /^net\.core\.somaxconn is 777, which somebody has set since apply set 65535: left alone \(it was \d+\)\n777\n$/,
    );
  });

  test("undo in another namespace, or of another boot, has nothing to give back", () => {
    inNamespace(`stress doctor apply --yes --state o.json --only net.core.somaxconn`);
    expect(inNamespace(`stress doctor undo --state o.json`)).toMatchObject({
      status: 104,
      stderr: expect.stringMatching(/^stress: nothing to undo: o\.json does not tell/),
    });
    writeFileSync(join(directory, "b.json"), "{}");
    expect(inNamespace(`stress doctor undo --state b.json`)).toMatchObject({
      status: 104,
      stderr: expect.stringContaining("does not hold what apply writes"),
    });
  });

  test("nothing is changed without a yes", () => {
    const { status, stderr, stdout } = inNamespace(
      `stress doctor apply --state n.json --only net.core.somaxconn </dev/null; code=$?; cat ${file("net.core.somaxconn")}; exit $code`,
    );
    expect([status, stderr]).toEqual([104, expect.stringContaining("give --yes where nobody can answer")]);
    expect(stdout.trim().split("\n").at(-1)).not.toBe("65535");
  });

  test("the check reads the namespace's own settings, and exits 99 when something stands in the way", () => {
    const { status, stdout } = inNamespace(
      `echo "40000 40099" > ${file("net.ipv4.ip_local_port_range")}; stress doctor --vus 500 --duration 10s --base-url http://127.0.0.1:1`,
    );
    expect(status).toBe(99);
    expect(stdout).toContain("✗ in the way of the planned run: net.ipv4.ip_local_port_range");
    expect(stdout).toContain("500 connections need 500 ports: you have 100");
  });
});
