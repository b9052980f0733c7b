import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { ScratchDeployment } from "./deploy/scratch-deployment.ts";
import { RawClient } from "./testing/raw-client.ts";
import { ok, startUpstream } from "./testing/raw-upstream.ts";

const stress = fileURLToPath(new URL("../stress/bin.js", import.meta.url));
const patience = { timeout: 30_000, interval: 100 };

async function scratch(): Promise<ScratchDeployment> {
  const deployment = await ScratchDeployment.create();
  onTestFinished(() => deployment[Symbol.asyncDispose]());
  return deployment;
}

interface Summary {
  metrics: Record<string, { values: Record<string, number> } | undefined>;
  failures: unknown[];
}

/** Requests that the edge has answered with 200. */
async function served({ port }: ScratchDeployment): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port + 2}/metrics`)).text();
  return Number(/^edge_requests_total\{status="200"\} (\d+)$/m.exec(text)?.[1] ?? 0);
}

/** Puts a rate on the deployment while `action` runs, and hands back what came of it. */
async function underLoad(own: ScratchDeployment, action: () => Promise<void>): Promise<Summary> {
  const out = join(own.dir.home, "summary.json");
  const args = ["throughput", "--rate", "300/s", "--duration", "60s", "--no-tui", "--out", out];
  // as a target that it knows nothing of: no services to sample, and no windows of rest for them
  const target = ["--base-url", `https://localhost:${own.port}`, "--ca", own.dir.caFile];
  const child = spawn(process.execPath, [stress, ...args, ...target], { stdio: "ignore" });
  const exited = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  await expect.poll(() => served(own), patience).toBeGreaterThan(100);
  await action();
  await sleep(500);
  // ends the load, and still writes the summary
  child.kill("SIGINT");
  await exited;
  return JSON.parse(readFileSync(out, "utf8"));
}

const logOf = ({ dir }: ScratchDeployment, service: string) => readFileSync(join(dir.logsDir, `${service}.log`), "utf8");
const reloads = (own: ScratchDeployment, service: string) => logOf(own, service).split('"event":"reloaded"').length - 1;

test("no request fails through a reload of the edge, one with another certificate, and one of the backend", {
  timeout: 120_000,
}, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const pids = ["backend", "proxy", "supervisor"].map((name) => own.pidOf(name));
  const before = readFileSync(join(own.dir.certsDir, "server.pem"), "utf8");

  const { metrics, failures } = await underLoad(own, async () => {
    expect(await own.run(["--reload"])).toMatchObject({ code: 0, stderr: "" });
    await sleep(500);
    rmSync(join(own.dir.certsDir, "server.pem"));
    const both = await own.run(["--reload"], { BACKEND_WORK_LIMIT_US: "2000", EDGE_LOG_SAMPLE: "1" });
    expect(both).toMatchObject({ code: 0, stderr: "" });
    expect(both.stdout).toMatch(/^✓ backend: .*\n✓ proxy: .*\n$/);
  });

  expect(failures).toEqual([]);
  expect(metrics.http_req_failed?.values.passes).toBe(0);
  expect(metrics.http_reqs?.values.count).toBeGreaterThan(500);
  expect([reloads(own, "proxy"), reloads(own, "backend")]).toEqual([2, 1]);
  expect(readFileSync(join(own.dir.certsDir, "server.pem"), "utf8")).not.toBe(before);
  // what was given at the reload is in force, in processes that are known as before
  expect(logOf(own, "proxy")).toContain('"event":"request"');
  expect(["backend", "proxy", "supervisor"].map((name) => own.pidOf(name))).toEqual(pids);
  expect(own.deployment?.services.map(({ restarts }) => restarts)).toEqual([0, 0]);
  expect((await own.run([])).stdout).toContain("already running");
  expect(await own.run(["--down"])).toMatchObject({ code: 0, stderr: "" });
  expect([own.pids, own.leftovers.filter((name) => name !== "summary.json")]).toEqual([[], []]);
});

test("--reload refuses what cannot be, says why, and changes nothing", { timeout: 120_000 }, async () => {
  const own = await scratch();
  expect(await own.run(["--reload"])).toMatchObject({
    code: 1,
    stderr: "deploy.sh: nothing is deployed that could be reloaded; ./deploy.sh deploys\n",
  });
  expect((await own.deploy()).code).toBe(0);
  const pids = own.pids;
  const refused = await own.run(["--reload"], { EDGE_LOG_SAMPLE: "2" });
  expect(refused).toMatchObject({
    code: 104,
    stderr: expect.stringMatching(/^deploy.sh: environment: EDGE_LOG_SAMPLE="2": .*\n$/),
  });
  // passes the check here, and fails there: the CA's file is the services' to read
  const failed = await own.run(["--reload"], { UPSTREAM_CA_FILE: "/nowhere/ca.pem" });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/^deploy.sh: proxy could not be reloaded, what served before goes on: UPSTREAM_CA_FILE=.*\n$/);
  expect(own.pids.sort()).toEqual(pids.sort());
  // and is forgotten
  expect(await own.run(["--reload"])).toMatchObject({ code: 0, stderr: "" });
});

test("UPSTREAM_URL at a reload: the edge forwards to the servers that it names, and keeps them", {
  timeout: 120_000,
}, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const another = await startUpstream(() => ok("another"));
  onTestFinished(() => another.close());
  const UPSTREAM_URL = `http://127.0.0.1:${own.port + 1},${another.origin}`;
  expect(await own.run(["--reload"], { UPSTREAM_URL })).toMatchObject({ code: 0, stderr: "" });
  expect(await own.run(["--reload"])).toMatchObject({ code: 0, stderr: "" });
  const ca = readFileSync(own.dir.caFile, "utf8");
  const client = await RawClient.open(own.port, { ca, host: "127.0.0.1", servername: "localhost" });
  const answers = new Set<string>();
  const ask = async () => {
    const { status, body } = await client.get("/version");
    expect(status).toBe(200);
    return answers.add(body.toString()).size;
  };
  await expect.poll(ask, patience).toBe(2);
  expect(answers).toContain("another");
  client.end();
});

test("a worker that dies counts as a restart of its service", { timeout: 120_000 }, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const primary = own.pidOf("backend");
  const worker = Number(readFileSync(`/proc/${primary}/task/${primary}/children`, "utf8").trim());
  process.kill(worker, "SIGKILL");
  await expect.poll(() => own.deployment?.services.find(({ name }) => name === "backend")?.restarts, patience).toBe(1);
  expect(own.pidOf("backend")).toBe(primary);
  await expect.poll(async () => (await own.run(["--status"])).code, patience).toBe(0);
});
