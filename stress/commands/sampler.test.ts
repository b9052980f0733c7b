import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { TestProcess } from "../resources/test-process.ts";
import { TestCommand } from "../testing/command.ts";

/** A sampler that has said where it listens and how it is trusted. */
async function listening(command: TestCommand): Promise<{ url: string; fingerprint: string }> {
  await expect.poll(() => command.stdout, { timeout: 20_000 }).toContain("--sample-fingerprint");
  const [, url = ""] = /(https:\S+)/.exec(command.stdout) ?? [];
  const [, fingerprint = ""] = /--sample-fingerprint (\S+)/.exec(command.stdout) ?? [];
  return { url, fingerprint };
}

describe("stress sampler", () => {
  it("serves a machine's services to a run on another, whose summary and arguments hold no token", async () => {
    await using child = await TestProcess.start();
    const args = ["sampler", "--listen", "127.0.0.1:0", "--token-file", "token", "--sample", `edge=pid:${child.pid}`];
    await using sampler = new TestCommand(args);
    const { url, fingerprint } = await listening(sampler);
    const tokenFile = join(sampler.directory, "token");
    expect(statSync(tokenFile).mode & 0o777).toBe(0o600);
    const token = readFileSync(tokenFile, "utf8").trim();
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(sampler.stdout).not.toContain(token);

    const target = createServer((_, response) => response.end('{"status":"ok"}')).listen(0, "127.0.0.1");
    await once(target, "listening");
    const base = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
    await using run = new TestCommand(
      ["throughput", "--base-url", base, "--vus", "1", "--duration", "1s", "--no-tui", "--out", "summary.json"].concat([
        "--sample",
        `edge=${url}/edge`,
        "--sample-token-file",
        tokenFile,
        "--sample-fingerprint",
        fingerprint,
      ]),
    );
    await expect.poll(() => run.stdout, { timeout: 30_000 }).toContain("reading the services at rest");
    for (const { measuringPid } of [run, sampler])
      expect(readFileSync(`/proc/${measuringPid}/cmdline`, "utf8")).not.toContain(token);
    const { code, stdout, stderr } = await run.ended();
    target.close();
    expect(code, stderr).toBe(0);
    expect(run.text() + stdout + stderr).not.toContain(token);
    const [edge] = run.summary().resources;
    expect(edge).toMatchObject({ name: "edge", source: "process", restarts: 0, running: true });
    expect(edge?.samples.taken).toBeGreaterThan(8);
    expect(edge?.rss?.postBytes).toBeGreaterThan(10 * 2 ** 20);

    sampler.process.kill("SIGTERM");
    expect((await sampler.ended()).code).toBe(0);
  });

  it("keeps its certificate and token, so that what was pinned stays right", async () => {
    await using child = await TestProcess.start();
    const args = ["sampler", "--listen", "127.0.0.1:0", "--token-file", "token", "--sample", `edge=pid:${child.pid}`];
    await using first = new TestCommand(args);
    const { fingerprint } = await listening(first);
    first.process.kill("SIGINT");
    await first.ended();
    await using second = new TestCommand(args, { prefix: ["env", "-C", first.directory] });
    expect(await listening(second)).toMatchObject({ fingerprint });
    expect(second.stdout).toContain(`read in ${join(first.directory, "token")}`);
    second.process.kill("SIGINT");
    await second.ended();
  });

  const pid = `edge=pid:${process.pid}`;
  it.each<[string, string[], string]>([
    ["no address", ["--token-file", "t", "--sample", pid], "required option '--listen <host:port>' not specified"],
    ["no token file", ["--listen", "127.0.0.1:0", "--sample", pid], "required option '--token-file <file>' not specified"],
    [
      "an address without a port",
      ["--listen", "127.0.0.1", "--token-file", "t", "--sample", pid],
      '--listen "127.0.0.1": accepted is HOST:PORT',
    ],
    ["a port that there is not", ["--listen", "127.0.0.1:70000", "--token-file", "t", "--sample", pid], "accepted is HOST:PORT"],
    [
      "an address of another machine",
      ["--listen", "192.0.2.1:0", "--token-file", "t", "--sample", pid],
      "cannot listen there (EADDRNOTAVAIL)",
    ],
    ["nothing to sample", ["--listen", "127.0.0.1:0", "--token-file", "t"], "nothing to sample: give --sample NAME=pid:PID"],
    [
      "a key without a certificate",
      ["--listen", "127.0.0.1:0", "--token-file", "t", "--sample", pid, "--key", "k"],
      "--cert and --key go together",
    ],
    [
      "a certificate that is none",
      ["--listen", "127.0.0.1:0", "--token-file", "t", "--sample", pid, "--cert", "/dev/null", "--key", "/dev/null"],
      "no certificate to serve with: the certificate file holds no PEM certificate",
    ],
    [
      "a sampler behind the sampler",
      ["--listen", "127.0.0.1:0", "--token-file", "t", "--sample", "edge=https://127.0.0.1:1/edge"],
      "a sampler serves its own machine's services only",
    ],
    [
      "a token file in no directory",
      ["--listen", "127.0.0.1:0", "--token-file", "no/t", "--sample", pid],
      "--token-file no/t: cannot be made (ENOENT)",
    ],
  ])("refuses %s in one line", async (_, flags, message) => {
    await using command = new TestCommand(["sampler", ...flags]);
    const { code, stderr } = await command.ended();
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(code).toBe(104);
  });

  it("refuses flags of a sampler elsewhere where none is sampled", async () => {
    await using command = new TestCommand(["throughput", "--base-url", "http://127.0.0.1:1", "--sample-ca", "ca.pem"]);
    const { code, stderr } = await command.ended();
    expect(stderr).toContain("--sample-fingerprint go with --sample NAME=https://HOST:PORT/NAME");
    expect(code).toBe(104);
  });

  it("refuses a token file that holds none, and does not say what it holds", async () => {
    await using command = new TestCommand(["sampler", "--listen", "127.0.0.1:0", "--token-file", "t", "--sample", pid]);
    writeFileSync(join(command.directory, "t"), "hunter2");
    const { code, stderr } = await command.ended();
    expect(stderr).toContain("--token-file t: holds no token; accepted is one line of 16 to 512 visible ASCII characters");
    expect(stderr).not.toContain("hunter2");
    expect(code).toBe(104);
  });
});
