import { fork } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mainFile, startMain } from "./testing/process.ts";
import type { RawClient } from "./testing/raw-client.ts";
import { askSlow, patience, useWorkers } from "./testing/workers-case.ts";

const running = useWorkers();
const { start, open, admin, metric, workerPids, eventsNamed, holdSlow, settingsFile } = running;

test("workers share one port and its connections, and their metrics are one edge's", async () => {
  await start({ EDGE_WORKERS: "3", EDGE_LOG_SAMPLE: "1" });
  let asked = 0;
  const visit = async () => {
    asked++;
    const client = await open();
    expect((await client.get("/", "Connection: close")).status).toBe(200);
    client.end();
  };
  // Whoever is awake first accepts: who does is the kernel's choice, but nobody is left out.
  const served = async () => {
    await Promise.all(Array.from({ length: 12 }, visit));
    return new Set(eventsNamed("request").map(({ pid }) => pid)).size;
  };
  await expect.poll(served, patience).toBe(3);
  expect(eventsNamed("listening")).toHaveLength(1);
  await expect.poll(() => metric('edge_requests_total{status="200"}'), patience).toBe(asked);
  expect([await metric("edge_workers"), await metric("edge_tls_handshakes_total")]).toEqual([3, asked]);
  expect(await metric("edge_request_duration_seconds_count")).toBe(asked);
  expect(JSON.parse(await admin("/readyz"))).toEqual({
    status: "ready",
    checks: { accepting: "ok", workers: "ok", upstream: "ok" },
  });
});

test("a worker that is killed is replaced; what the others do goes on", async () => {
  await start({ EDGE_WORKERS: "2", EDGE_LOG_SAMPLE: "1" });
  const slow = holdSlow();
  const clients = new Map<number, RawClient>();
  // Whoever is awake first accepts.
  for (let visits = 1; clients.size < 2; visits++) {
    const client = await open();
    await client.get("/");
    await expect.poll(() => eventsNamed("request").length, patience).toBe(visits);
    const pid = Number(eventsNamed("request").at(-1)?.pid);
    if (clients.has(pid)) client.end();
    else clients.set(pid, client);
  }
  for (const client of clients.values()) askSlow(client);
  await expect.poll(slow.asked, patience).toBe(2);
  const [victim, other] = clients.values();
  const [pid = 0] = clients.keys();
  process.kill(pid, "SIGKILL");
  await victim?.closed;
  slow.answer();
  expect((await other?.response())?.body.toString()).toBe("late");

  await expect.poll(() => eventsNamed("worker-died").length, patience).toBe(1);
  expect(eventsNamed("worker-died")[0]).toMatchObject({ worker: pid, cause: "was ended by SIGKILL" });
  await expect.poll(() => metric("edge_workers"), patience).toBe(2);
  expect(await metric("edge_worker_deaths_total")).toBe(1);
  const client = await open();
  expect((await client.get("/")).status).toBe(200);
  client.end();
});

test("workers that die together are replaced as soon as one would be", async () => {
  await start({ EDGE_WORKERS: "4" });
  for (const pid of workerPids()) process.kill(pid, "SIGKILL");
  await expect.poll(() => eventsNamed("worker-died").length, patience).toBe(4);
  // One that is noticed late may wait for the second start; the fourth would wait for two seconds.
  for (const { restartInMs } of eventsNamed("worker-died")) expect(restartInMs).toBeLessThanOrEqual(500);
  await expect.poll(() => metric("edge_workers"), patience).toBe(4);
});

test("while the only worker is dead nobody is refused: who comes waits, and is served by the next", async () => {
  await start({ EDGE_WORKERS: "1" });
  const victim = workerPids()[0] ?? 0;
  let killed = false;
  const load = Array.from({ length: 8 }, async () => {
    let servedAfter = 0;
    while (servedAfter < 5) {
      const after = killed;
      try {
        const client = await open();
        expect((await client.get("/", "Connection: close")).status).toBe(200);
        client.end();
      } catch (error) {
        // What the worker had taken ends with it.
        if (after) throw error;
        continue;
      }
      if (after) servedAfter++;
    }
    return servedAfter;
  });
  await expect.poll(() => running.upstream.requests.length, patience).toBeGreaterThan(20);
  process.kill(victim, "SIGKILL");
  killed = true;
  expect(await Promise.all(load)).toEqual(Array(8).fill(5));
  expect(eventsNamed("worker-died")).toHaveLength(1);
  expect(workerPids()).not.toContain(victim);
});

test("connections that a worker has not accepted when it dies go to the next with every byte", async () => {
  await start({ EDGE_WORKERS: "1" });
  const [victim = 0] = workerPids();
  // It can accept nothing any more; but the port can.
  process.kill(victim, "SIGSTOP");
  const clients = Array.from({ length: 10 }, async () => (await open()).get("/", "Connection: close"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(running.upstream.requests).toHaveLength(0);
  process.kill(victim, "SIGKILL");
  for (const response of await Promise.all(clients)) expect([response.status, response.body.toString()]).toEqual([200, "hello"]);
  expect(running.upstream.requests).toHaveLength(10);
});

test("a worker that replaces a dead one stays on the port, whatever the settings have come to say since", async () => {
  const file = settingsFile();
  writeFileSync(file, "");
  await start({ EDGE_WORKERS: "1", SETTINGS_FILE: file });
  const [victim = 0] = workerPids();
  writeFileSync(file, `EDGE_PORT=${running.upstream.port}\n`);
  process.kill(victim, "SIGKILL");
  const client = await open();
  expect((await client.get("/")).status).toBe(200);
  expect(workerPids()).not.toContain(victim);
  client.end();
});

test("a worker whose primary is of an older build, which hands it no port, says so and ends", async () => {
  await start({});
  const files = {
    EDGE_CERT_FILE: running.certificate.certFile,
    EDGE_KEY_FILE: running.certificate.keyFile,
    UPSTREAM_URL: running.upstream.origin,
  };
  // Older primaries start workers as node:cluster does.
  const worker = fork(mainFile, ["edge"], { env: { ...files, NODE_UNIQUE_ID: "1" } });
  const said: object[] = [];
  worker.on("message", (message: object) => {
    if ("type" in message) said.push(message);
    if ("type" in message && message.type === "plan") worker.send({ type: "start", ticketKey: "", connections: "handed" });
  });
  await once(worker, "exit");
  const line = "edge cannot start: the primary is of an older build: stop the service and start it anew";
  expect(said).toEqual([expect.objectContaining({ type: "plan" }), { type: "failed", exitCode: 1, lines: [line] }]);
});

test("when the primary is killed its workers finish what they do, and end", async () => {
  await start({ EDGE_WORKERS: "2" });
  const slow = holdSlow();
  const client = await open();
  askSlow(client);
  await expect.poll(slow.asked, patience).toBe(1);
  running.edge.child.kill("SIGKILL");
  await expect.poll(async () => open().then((more) => more.end(), String), patience).toMatch(/ECONNREFUSED/);
  slow.answer();
  const response = await client.response();
  expect([response.body.toString(), response.headers.connection]).toEqual(["late", ["close"]]);
  // its standard streams close when the last process that holds them has ended
  expect(await running.edge.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("a SETTINGS_FILE that cannot be read: exit code 104", async () => {
  running.edge = startMain(["backend"], { SETTINGS_FILE: "/nowhere/settings.env" });
  expect((await running.edge.exited).code).toBe(104);
  expect(running.edge.stderr).toBe('SETTINGS_FILE="/nowhere/settings.env": ENOENT: expected a readable dotenv file\n');
});
