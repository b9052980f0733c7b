import { once } from "node:events";
import { readFileSync, rmSync, statSync } from "node:fs";
import { get } from "node:https";
import { expect, onTestFinished, test } from "vitest";
import { findPortHolder } from "./deploy/port-holder.ts";
import { ScratchDeployment } from "./deploy/scratch-deployment.ts";
import { deploymentSchema } from "./deployment.ts";

const patience = { timeout: 30_000, interval: 100 };
const wholeLife = { timeout: 120_000 };

async function scratch(): Promise<ScratchDeployment> {
  const deployment = await ScratchDeployment.create();
  onTestFinished(() => deployment[Symbol.asyncDispose]());
  return deployment;
}

/** As any client: over TLS, trusting the exported CA alone. */
async function getHealth({ dir, port }: ScratchDeployment): Promise<{ status: number | undefined; body: unknown }> {
  const request = get({ host: "localhost", port, path: "/health", ca: readFileSync(dir.caFile), agent: false });
  const [response] = await once(request, "response");
  let body = "";
  for await (const chunk of response) body += chunk;
  return { status: response.statusCode, body: JSON.parse(body) };
}

const everything = ["backend", "proxy", "supervisor"];
/** Supervisor, and a primary and a worker of each service. */
const wholeBundle = 5;
const pidsOf = (deployment: ScratchDeployment) => everything.map((name) => deployment.pidOf(name));

test("deploys, says where, changes nothing the second time, and goes without a trace", wholeLife, async () => {
  const own = await scratch();
  const first = await own.deploy();
  expect(first).toMatchObject({ code: 0, stderr: "" });
  expect(first.stdout).toContain(`URL    https://localhost:${own.port}\n`);
  expect(first.stdout).toContain(`CA     ${own.dir.caFile}\n`);
  expect(first.stdout).toContain("npx stress throughput");
  expect(await getHealth(own)).toMatchObject({ status: 200, body: { status: "ok" } });
  expect(statSync(own.dir.caFile).mode & 0o777).toBe(0o644);
  const record = deploymentSchema.parse(JSON.parse(readFileSync(own.dir.deploymentFile, "utf8")));
  expect(record).toMatchObject({
    baseUrl: `https://localhost:${own.port}`,
    caFile: own.dir.caFile,
    topology: "node",
    mode: "embedded",
  });

  const pids = pidsOf(own);
  const second = await own.run([]);
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(second.stdout).toContain("already running");
  expect(pidsOf(own)).toEqual(pids);

  const status = await own.run(["--status"]);
  expect(status.code).toBe(0);
  for (const pid of pids) expect(status.stdout).toMatch(new RegExp(`healthy +${pid} +.*MiB`));
  expect((await own.run(["--logs"])).stdout).toContain(`"event":"listening"`);

  expect(await own.run(["--down"])).toMatchObject({ code: 0, stdout: "✓ stopped\n", stderr: "" });
  expect([own.pids, own.leftovers]).toEqual([[], []]);
  for (const offset of [0, 1, 2]) expect(findPortHolder(own.port + offset)).toBeNull();
  expect((await own.run(["--status"])).code).toBe(1);

  expect(await own.run(["--down", "-v"])).toMatchObject({ code: 0, stderr: "" });
  expect(() => statSync(own.dir.home)).toThrow("ENOENT");
  expect(await own.run(["--down", "-v"])).toMatchObject({ code: 0, stderr: "" });
  expect(() => statSync(own.dir.home)).toThrow("ENOENT");
});

test("settings given to what runs replace it, and stay where a later call leaves them out", wholeLife, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const pids = pidsOf(own);
  const second = await own.run([], { EDGE_LOG_SAMPLE: "0.5", EDGE_PORT: "8443" });
  expect(second).toMatchObject({ code: 0, stderr: "" });
  expect(second.stdout).toContain("! not taken from the environment: EDGE_PORT (use --port)\n");
  expect(second.stdout).toContain("stopping what runs: other settings were given");
  const replaced = pidsOf(own);
  expect(replaced.filter((pid) => pids.includes(pid))).toEqual([]);
  expect(readFileSync(own.dir.settingsFile, "utf8")).toContain("EDGE_LOG_SAMPLE='0.5'");
  expect((await own.run([])).stdout).toContain("already running");
  expect(pidsOf(own)).toEqual(replaced);
});

test("starts a killed backend and a killed edge again", wholeLife, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const [backend, proxy, supervisor] = pidsOf(own);
  for (const [name, pid] of [
    ["backend", backend],
    ["proxy", proxy],
  ] as const) {
    process.kill(pid ?? 0, "SIGKILL");
    await expect.poll(() => own.deployment?.services.find((service) => service.name === name)?.restarts, patience).toBe(1);
    await expect
      .poll(
        () =>
          getHealth(own)
            .then(({ status }) => status)
            .catch(String),
        patience,
      )
      .toBe(200);
  }
  expect(own.pidOf("supervisor")).toBe(supervisor);
  const status = await own.run(["--status"]);
  expect(status.code).toBe(0);
  expect(status.stdout.match(/ 1 +\d+ MiB/g)).toHaveLength(2);
  expect((await own.run(["--down"])).code).toBe(0);
  expect([own.pids, own.leftovers]).toEqual([[], []]);
});

test(
  "a killed supervisor takes its services along, is told by --status and replaced by the next deployment",
  wholeLife,
  async () => {
    const own = await scratch();
    expect((await own.deploy()).code).toBe(0);
    process.kill(own.pidOf("supervisor"), "SIGKILL");
    await expect.poll(() => own.pids, patience).toEqual([]);
    const status = await own.run(["--status"]);
    expect(status.code).toBe(1);
    expect(status.stdout).toContain("supervisor: not running");
    // without --port: as it was deployed
    expect(await own.run([])).toMatchObject({ code: 0, stderr: "" });
    expect(await getHealth(own)).toMatchObject({ status: 200 });
    expect((await own.run(["--down"])).code).toBe(0);
    expect([own.pids, own.leftovers]).toEqual([[], []]);
  },
);

test.each([
  ["the supervisor was killed and the services hang", ["supervisor"], ["backend", "proxy"]],
  ["the services were killed and the supervisor hangs", ["backend", "proxy"], ["supervisor"]],
])("--down leaves nothing when %s", wholeLife, async (_, killed, stopped) => {
  const own = await scratch();
  expect((await own.deploy([], { BACKEND_DRAIN_TIMEOUT_MS: "100", EDGE_DRAIN_TIMEOUT_MS: "100" })).code).toBe(0);
  // SIGSTOP first: nobody can react to the death of the others
  for (const name of stopped) process.kill(own.pidOf(name), "SIGSTOP");
  for (const name of killed) process.kill(own.pidOf(name), "SIGKILL");
  expect(own.pids.length).toBeGreaterThan(0);
  expect(await own.run(["--down"])).toMatchObject({ code: 0, stdout: "✓ stopped\n", stderr: "" });
  expect([own.pids, own.leftovers]).toEqual([[], []]);
});

test("finds its processes when their record was removed under them", wholeLife, async () => {
  const own = await scratch();
  expect((await own.deploy()).code).toBe(0);
  const before = own.pids;
  rmSync(own.dir.home, { recursive: true });
  const again = await own.deploy();
  expect(again).toMatchObject({ code: 0, stderr: "" });
  for (const pid of before) expect(own.pids).not.toContain(pid);
});

test("moves to another port, and two that are started at once share one deployment", wholeLife, async () => {
  const own = await scratch();
  const both = await Promise.all([own.deploy(), own.deploy()]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.filter(({ stdout }) => stdout.includes("already running"))).toHaveLength(1);
  expect(own.pids).toHaveLength(wholeBundle);

  const elsewhere = await scratch();
  const moved = await own.run(["--port", String(elsewhere.port)]);
  expect(moved).toMatchObject({ code: 0, stderr: "" });
  expect(moved.stdout).toContain(`port ${own.port} becomes ${elsewhere.port}`);
  expect(findPortHolder(own.port)).toBeNull();
  expect(findPortHolder(elsewhere.port)?.pid).toBe(own.pidOf("proxy"));
  expect(own.pids).toHaveLength(wholeBundle);
});
