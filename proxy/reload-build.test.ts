import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { findFreePorts } from "./deploy/scratch-deployment.ts";
import { RawClient } from "./testing/raw-client.ts";

const project = fileURLToPath(new URL("../", import.meta.url));
const run = promisify(execFile);

/** A copy of the project that can be changed and built, with the packages of this one. */
function copyProject(): string {
  const copy = realpathSync(mkdtempSync(join(tmpdir(), "plimsoll-build-")));
  const own = new Set(["node_modules", ".plimsoll", ".test-results"]);
  for (const name of ["deploy.sh", "package.json", "package-lock.json", "tsconfig.json", "proxy", "stress"]) {
    // With their times, or everything would be built anew.
    cpSync(join(project, name), join(copy, name), {
      recursive: true,
      preserveTimestamps: true,
      filter: (path) => !own.has(basename(path)),
    });
  }
  symlinkSync(join(project, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function change(file: string, from: string, to: string): void {
  const before = readFileSync(file, "utf8");
  expect(before).toContain(from);
  writeFileSync(file, before.replace(from, to));
}

test("./deploy.sh --reload builds what changed and serves it, edge and backend, without a request lost", {
  timeout: 300_000,
}, async () => {
  const copy = copyProject();
  const port = await findFreePorts();
  const env = { ...process.env, PLIMSOLL_HOME: join(copy, ".plimsoll"), EDGE_WORKERS: "1" };
  const deploy = (...args: string[]) => run(join(copy, "deploy.sh"), args, { env });
  onTestFinished(async () => {
    await deploy("--down", "-v");
    rmSync(copy, { recursive: true });
  });
  await deploy("--port", String(port));
  const ca = readFileSync(join(copy, ".plimsoll/ca.pem"), "utf8");
  const open = () => RawClient.open(port, { ca, host: "127.0.0.1", servername: "localhost" });
  const echo = async () => {
    const client = await open();
    const body = JSON.parse((await client.get("/echo", "Connection: close")).body.toString());
    client.end();
    return { via: body.headers.via, build: body.build };
  };
  expect(await echo()).toEqual({ via: "1.1 plimsoll", build: undefined });

  change(join(copy, "proxy/headers.ts"), 'let via = "1.1 plimsoll"', 'let via = "1.1 rebuilt-edge"');
  change(join(copy, "proxy/backend.ts"), "reply.send({ method, url,", 'reply.send({ build: "rebuilt-backend", method, url,');
  let reloading = true;
  const visit = async () => {
    let visits = 0;
    let client = await open();
    for (; reloading; visits++) {
      const response = await client.get("/echo");
      expect(response.status).toBe(200);
      if (response.headers.connection?.[0] === "close") {
        await client.closed;
        client = await open();
      }
    }
    client.end();
    return visits;
  };
  const visitors = [visit(), visit()];
  const { stdout } = await deploy("--reload");
  reloading = false;
  expect(stdout).toMatch(/✓ backend: new workers serve.*\n✓ proxy: new workers serve/);
  for (const visits of await Promise.all(visitors)) expect(visits).toBeGreaterThan(0);
  expect(await echo()).toEqual({ via: "1.1 rebuilt-edge", build: "rebuilt-backend" });

  // A source that does not build changes nothing.
  change(join(copy, "proxy/headers.ts"), 'let via = "1.1 rebuilt-edge"', "let via = 1.1 rebuilt");
  await expect(deploy("--reload")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("headers.ts"),
  });
  expect(await echo()).toEqual({ via: "1.1 rebuilt-edge", build: "rebuilt-backend" });
});
