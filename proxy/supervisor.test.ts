import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { endProcesses, findByEnvironment, readProcess } from "./deploy/process-table.ts";
import { logFile, makeStateDir, readDeployment, type StateDir, stateDirAt } from "./deploy/state-dir.ts";
import type { ServiceExit } from "./deploy/supervised-service.ts";
import type { RestartTimes } from "./restart.ts";
import { type FromSupervisor, homeVariable, type SupervisorOrder } from "./supervisor.ts";

const built = fileURLToPath(new URL("./dist/supervisor.js", import.meta.url));
const patience = { timeout: 20_000 };
const prompt: RestartTimes = { firstMs: 10, maxMs: 80, stableMs: 3_600_000 };
/** Says that it is up and that it drained; ends by itself on SIGTERM. */
const wellBehaved = `process.on("SIGTERM", () => { console.log("drained"); process.exit(0); }); setInterval(() => {}, 1000); console.log("up");`;

let dir: StateDir;

beforeEach(() => {
  dir = stateDirAt(mkdtempSync(join(tmpdir(), "plimsoll-supervisor-")));
  makeStateDir(dir);
  onTestFinished(async () => {
    await endProcesses(findByEnvironment(homeVariable, dir.home), 2_000);
    rmSync(dir.home, { recursive: true, force: true });
  });
});

/** Starts the real supervisor with small scripts for services, on probation until `keep` is sent. */
function supervise(scripts: Record<string, string>, timing = prompt, stopGraceMs = 20_000) {
  const child = spawn(process.execPath, [built], {
    env: { ...process.env, [homeVariable]: dir.home },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const exits: ServiceExit[] = [];
  child.on("message", (message: FromSupervisor) => {
    if (message.type === "exited") exits.push(message.exit);
  });
  const services = Object.entries(scripts).map(([name, script]) => {
    const file = join(dir.home, `${name}.js`);
    writeFileSync(file, script);
    const metricsUrl = name === "edge" ? "http://127.0.0.1:1/metrics" : null;
    return { name, args: [file], env: { SERVICE_NAME: name }, logFile: logFile(dir, name), metricsUrl, stopGraceMs };
  });
  const order: SupervisorOrder = {
    home: dir.home,
    services,
    timing,
    deployment: {
      schemaVersion: 1,
      baseUrl: "https://localhost:1",
      caFile: null,
      topology: "node",
      mode: "embedded",
      version: "0.0.0",
      startedAt: new Date().toISOString(),
      embedded: { port: 1, certificate: null, prod: false, serverName: "localhost", stopGraceMs, build: "test" },
    },
  };
  child.send({ type: "start", order });
  return { child, exits };
}

const service = (name: string) => readDeployment(dir)?.services.find((candidate) => candidate.name === name);
const log = (name: string) => (existsSync(logFile(dir, name)) ? readFileSync(logFile(dir, name), "utf8") : "");
const isUp = (name: string) => expect.poll(() => log(name), patience).toContain("up");

async function keep(child: ChildProcess): Promise<void> {
  const kept = once(child, "message");
  child.send({ type: "keep" });
  expect((await kept)[0]).toEqual({ type: "kept" });
}

test("records each service and starts one again that was killed, with its new pid", async () => {
  const { child, exits } = supervise({ backend: wellBehaved, proxy: wellBehaved });
  await isUp("backend");
  await isUp("proxy");
  const [before, other] = [service("backend"), service("proxy")];
  expect(readDeployment(dir)?.supervisorPid).toBe(child.pid);
  expect(readProcess(before?.pid ?? 0)?.start).toBe(before?.processStart);

  process.kill(before?.pid ?? 0, "SIGKILL");
  await expect.poll(() => service("backend")?.restarts, patience).toBe(1);
  expect(service("backend")?.pid).not.toBe(before?.pid);
  expect(readProcess(service("backend")?.pid ?? 0)).not.toBeNull();
  expect(service("proxy")).toEqual(other);
  expect(exits.map(({ service, cause }) => [service, cause])).toEqual([["backend", "was ended by SIGKILL"]]);
});

test("waits twice as long before each restart, up to the limit", async () => {
  const { exits } = supervise({ backend: `console.log("cannot"); process.exit(3);` });
  await expect.poll(() => exits.length, patience).toBeGreaterThanOrEqual(5);
  expect(exits.slice(0, 5).map(({ restartInMs }) => restartInMs)).toEqual([10, 20, 40, 80, 80]);
  expect(exits[0]?.cause).toBe("exited with code 3");
});

test("forgets earlier crashes of a service that stayed up", async () => {
  const { exits } = supervise({ backend: `process.exit(1);` }, { ...prompt, stableMs: 0 });
  await expect.poll(() => exits.length, patience).toBeGreaterThanOrEqual(4);
  expect(exits.slice(0, 4).map(({ restartInMs }) => restartInMs)).toEqual([10, 10, 10, 10]);
});

test("on SIGTERM lets all drain, the last started first, and leaves no record", async () => {
  const stamped = wellBehaved.replace(`console.log("drained")`, `console.log("drained", process.hrtime.bigint())`);
  const { child } = supervise({ backend: stamped, proxy: stamped });
  await isUp("backend");
  await isUp("proxy");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  const [backend, proxy] = ["backend", "proxy"].map((name) => BigInt(/drained (\d+)/.exec(log(name))?.[1] ?? 0));
  expect(proxy).toBeGreaterThan(0n);
  expect(backend).toBeGreaterThan(proxy ?? 0n);
  expect(existsSync(dir.deploymentFile)).toBe(false);
  expect(findByEnvironment(homeVariable, dir.home)).toEqual([]);
});

test("ends a service by force that does not end within its grace time", async () => {
  const { child } = supervise(
    { backend: `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("up");` },
    prompt,
    50,
  );
  await isUp("backend");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(findByEnvironment(homeVariable, dir.home)).toEqual([]);
});

test("when the supervisor is killed its services drain and end", async () => {
  const { child } = supervise({ backend: wellBehaved, proxy: wellBehaved });
  await isUp("backend");
  await isUp("proxy");
  child.kill("SIGKILL");
  await expect.poll(() => findByEnvironment(homeVariable, dir.home), patience).toEqual([]);
  expect(log("backend")).toContain("drained");
  expect(log("proxy")).toContain("drained");
});

test("stops everything when who started it is gone before it said to keep it", async () => {
  const { child } = supervise({ backend: wellBehaved });
  await isUp("backend");
  child.disconnect();
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(log("backend")).toContain("drained");
});

test("stops everything when who started it is gone before it could be told that all is started", async () => {
  const { child } = supervise({ backend: wellBehaved });
  child.disconnect();
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(findByEnvironment(homeVariable, dir.home)).toEqual([]);
});

test("stays when who started it is gone after it said to keep it", async () => {
  const { child } = supervise({ backend: wellBehaved });
  await isUp("backend");
  await keep(child);
  child.disconnect();
  process.kill(service("backend")?.pid ?? 0, "SIGKILL");
  await expect.poll(() => service("backend")?.restarts, patience).toBe(1);
});

test("goes on when neither record nor log can be written", async () => {
  const { child } = supervise({ backend: wellBehaved });
  await isUp("backend");
  await keep(child);
  const pid = service("backend")?.pid ?? 0;
  for (const path of [logFile(dir, "backend"), dir.deploymentFile]) {
    rmSync(path);
    mkdirSync(join(path, "in the way"), { recursive: true });
  }
  process.kill(pid, "SIGKILL");
  const others = () => findByEnvironment(homeVariable, dir.home).map((identity) => identity.pid);
  await expect.poll(() => others().filter((other) => other !== pid).length, patience).toBe(2);
  expect(others()).toContain(child.pid);
});
