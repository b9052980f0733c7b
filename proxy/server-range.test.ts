import { type AddressInfo, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { startMain, type TestProcess } from "./testing/process.ts";
import { version } from "./version.ts";

const processes: TestProcess[] = [];

afterEach(async () => {
  for (const started of processes.splice(0)) {
    started.child.kill("SIGKILL");
    await started.exited;
  }
});

function start(...args: string[]): TestProcess {
  const started = startMain(["backend", ...args], {});
  processes.push(started);
  return started;
}

/** The first of `count` ports in a row that nobody has. */
async function freeRange(count: number): Promise<number> {
  for (let first = 28_300; first < 28_900; first += count) {
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(first + i)));
    if (!free.includes(false)) return first;
  }
  throw new Error("no free ports");
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

test("20 backends in one process answer each on its port, and a SIGTERM ends them cleanly", async () => {
  const first = await freeRange(20);
  const started = start("--servers", "20", "--start-port", String(first));
  expect(await started.listening).toEqual({
    event: "listening",
    service: "backend",
    servers: 20,
    ports: { first, last: first + 19 },
  });
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      const [health, own] = await Promise.all(
        ["health", "version"].map(async (path) => (await fetch(`http://127.0.0.1:${first + i}/${path}`)).json()),
      );
      return [health, own];
    }),
  );
  expect(answers).toEqual(Array.from({ length: 20 }, () => [{ status: "ok", version }, { version }]));
  started.child.kill("SIGTERM");
  expect([await started.exited, started.stderr]).toEqual([{ code: 0, signal: null }, ""]);
  expect(await freeRange(20)).toBe(first);
});

test("a port of the range that is taken: one line names it, and none of the others is kept", async () => {
  const first = await freeRange(10);
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(first + 7, "127.0.0.1", resolve));
  try {
    const started = start("--servers", "10", "--start-port", String(first));
    expect((await started.exited).code).toBe(1);
    expect(started.stderr).toBe(
      `EADDRINUSE: port ${(holder.address() as AddressInfo).port} on 127.0.0.1 is taken; free it or set --start-port: ` +
        `none of the ports ${first} to ${first + 9} is used\n`,
    );
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

test.each([
  ["--servers 0", "--servers 0: expected a whole number from 1 to 1000"],
  ["--servers 10 --start-port 65530", "--start-port 65530: expected a whole number from 1 to 65526"],
  ["--serverz 3", "unknown option '--serverz' (Did you mean --servers?): expected backend [--servers N] [--start-port PORT]"],
  ["more", "too many arguments. Expected 0 arguments but got 1: more.: expected backend [--servers N] [--start-port PORT]"],
])("backend %s is refused in one line", async (args, line) => {
  const started = start(...args.split(" "));
  const { code } = await started.exited;
  expect([code, started.stdout]).toEqual([104, ""]);
  expect(started.stderr).toBe(`${line}\n`);
});
