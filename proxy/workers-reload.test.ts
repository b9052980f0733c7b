import { rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "./certificate.ts";
import { makeTestCertificate } from "./testing/edge.ts";
import { RawClient } from "./testing/raw-client.ts";
import { askSlow, patience, signal, useWorkers } from "./testing/workers-case.ts";

const running = useWorkers();
const { start, tls, open, metric, workerPids, eventsNamed, reload, holdSlow, settingsFile, stop, startTwo } = running;

test("a reload to another port opens that one and closes the old; to one that is taken it changes nothing", async () => {
  const file = settingsFile();
  writeFileSync(file, "");
  await start({ SETTINGS_FILE: file });
  const before = running.ports.port;
  writeFileSync(file, `EDGE_PORT=${running.upstream.port}\n`);
  const { problems } = await reload("reload-failed");
  expect(problems).toEqual([expect.stringMatching(/^EADDRINUSE: .*; free it or set EDGE_PORT$/)]);
  const client = await open();
  expect((await client.get("/")).headers.connection).toEqual(["keep-alive"]);

  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  writeFileSync(file, `EDGE_PORT=${port}\n`);
  await reload();
  // Once those that leave have heard of it.
  await expect.poll(() => RawClient.open(before, tls()).then((late) => late.end(), String), patience).toMatch(/ECONNREFUSED/);
  const moved = await RawClient.open(port, tls());
  expect([(await moved.get("/")).status, (await client.get("/")).status]).toEqual([200, 200]);
  for (const one of [client, moved]) one.end();
});

test("a reload to shorter timeouts leaves the old workers the time that theirs give them", async () => {
  const file = settingsFile();
  writeFileSync(file, "");
  await start({ SETTINGS_FILE: file });
  const slow = holdSlow();
  const client = await open();
  askSlow(client);
  await expect.poll(slow.asked, patience).toBe(1);
  writeFileSync(file, "EDGE_KEEP_ALIVE_TIMEOUT_MS=100\nEDGE_DRAIN_TIMEOUT_MS=100\n");
  await reload();
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  slow.answer();
  expect((await client.response()).body.toString()).toBe("late");
});

describe("a worker that accepts already, but is not wanted after all, finishes its requests", () => {
  test("when another cannot start", async () => {
    await start({ EDGE_WORKERS: "2" });
    const slow = holdSlow();
    const old = workerPids();
    // Nobody else accepts.
    stop(old);
    running.edge.child.kill("SIGHUP");
    const { client, second } = await startTwo(old, slow);
    process.kill(second, "SIGKILL");
    await expect.poll(() => eventsNamed("reload-failed").length, patience).toBe(1);
    signal(old, "SIGCONT");
    slow.answer();
    const response = await client.response();
    expect([response.body.toString(), response.headers.connection]).toEqual(["late", ["close"]]);
    await expect.poll(workerPids, patience).toEqual(old);
  });

  test("when the service ends meanwhile", async () => {
    await start({ EDGE_WORKERS: "2" });
    const slow = holdSlow();
    const old = workerPids();
    const earlier = await open();
    askSlow(earlier);
    await expect.poll(slow.asked, patience).toBe(1);
    stop(old);
    running.edge.child.kill("SIGHUP");
    const { client, second } = await startTwo(old, slow);
    signal(old, "SIGCONT");
    running.edge.child.kill("SIGTERM");
    signal([second], "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    slow.answer();
    for (const one of [client, earlier]) expect((await one.response()).body.toString()).toBe("late");
    expect(await running.edge.exited).toEqual({ code: 0, signal: null });
  });

  test("when a reload comes before those that replace dead ones have all started", async () => {
    await start({ EDGE_WORKERS: "2" });
    const slow = holdSlow();
    const dead = workerPids();
    signal(dead, "SIGKILL");
    const { client, second } = await startTwo(dead, slow);
    await reload();
    signal([second], "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    slow.answer();
    expect((await client.response()).body.toString()).toBe("late");
    await expect.poll(() => workerPids().length, patience).toBe(2);
  });
});

test("a connection that comes while workers are replaced is served, at whatever moment", { timeout: 180_000 }, async () => {
  await start({ EDGE_WORKERS: "2" });
  let reloading = true;
  const visit = async () => {
    let visits = 0;
    for (; reloading; visits++) {
      const client = await open();
      expect((await client.get("/", "Connection: close")).status).toBe(200);
      client.end();
      // Without it they would take from the new workers the CPU that these need to start.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return visits;
  };
  const visitors = [visit(), visit(), visit()];
  for (let i = 0; i < 3; i++) await reload();
  reloading = false;
  for (const visits of await Promise.all(visitors)) expect(visits).toBeGreaterThan(0);
});

test("SIGHUP: new workers with the certificate as it is now; requests in flight finish, clients are told to go", async () => {
  const own = await makeTestCertificate();
  onTestFinished(() => own.remove());
  await start({ EDGE_WORKERS: "2", EDGE_CERT_FILE: own.certFile, EDGE_KEY_FILE: own.keyFile, EDGE_CERT_POLL_MS: "60000" });
  const openOwn = () => RawClient.open(running.ports.port, { ...tls(), ca: own.ca });
  const serial = (client: RawClient) => client.tls.getPeerCertificate().serialNumber;
  const slow = holdSlow();
  const [busy, idle] = [await openOwn(), await openOwn()];
  await idle.get("/");
  askSlow(busy);
  await expect.poll(slow.asked, patience).toBe(1);

  rmSync(own.certFile);
  await makeCertificates(own.dir);
  const { workers } = await reload();
  expect(workers).toHaveLength(2);
  const fresh = await openOwn();
  expect(serial(fresh)).not.toBe(serial(busy));
  expect((await fresh.get("/")).headers.connection).toEqual(["keep-alive"]);

  // long after the others listen: nobody was in a hurry to close it
  const last = await idle.get("/");
  expect([last.status, last.headers.connection]).toEqual([200, ["close"]]);
  await idle.closed;
  slow.answer();
  const response = await busy.response();
  expect([response.body.toString(), response.headers.connection]).toEqual(["late", ["close"]]);
  // the counts of workers that have gone stay
  await expect.poll(() => metric('edge_requests_total{status="200"}'), patience).toBe(4);
  expect(await metric("edge_workers")).toBe(2);
  fresh.end();
});

test("a reload reads SETTINGS_FILE anew; with a value that is refused the old workers go on", async () => {
  const file = settingsFile();
  writeFileSync(file, "EDGE_WORKERS=1\n");
  await start({ EDGE_WORKERS: "2", SETTINGS_FILE: file });
  expect(await metric("edge_workers")).toBe(1);

  writeFileSync(file, "EDGE_WORKERS=none\n");
  expect(await reload("reload-failed")).toMatchObject({
    problems: ['EDGE_WORKERS="none": expected a whole number from 1 to 1024'],
  });
  const client = await open();
  expect((await client.get("/")).headers.connection).toEqual(["keep-alive"]);

  writeFileSync(file, "EDGE_WORKERS=3\n");
  await reload();
  expect(await metric("edge_workers")).toBe(3);
  expect((await client.get("/")).headers.connection).toEqual(["close"]);
});
