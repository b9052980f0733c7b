import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "./certificate.ts";
import { makeTestCertificate, type TestCertificate } from "./testing/edge.ts";
import { mainFile, startMain, type TestProcess } from "./testing/process.ts";
import { RawClient } from "./testing/raw-client.ts";
import { ok, type RawUpstream, startUpstream } from "./testing/raw-upstream.ts";

const patience = { timeout: 30_000, interval: 50 };

let certificate: TestCertificate;
let upstream: RawUpstream;
let edge: TestProcess;
let ports: { port: number; adminPort: number };

beforeAll(async () => {
  certificate = await makeTestCertificate();
});
afterAll(() => certificate.remove());
beforeEach(async () => {
  upstream = await startUpstream();
});
afterEach(async () => {
  edge.child.kill("SIGKILL");
  // It would never hear that its primary is gone.
  for (const pid of stopped.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }
  await edge.exited;
  await upstream.close();
});

async function start(env: Record<string, string>): Promise<void> {
  edge = startMain(["edge"], {
    EDGE_HOST: "127.0.0.1",
    EDGE_PORT: "0",
    EDGE_ADMIN_PORT: "0",
    EDGE_CERT_FILE: certificate.certFile,
    EDGE_KEY_FILE: certificate.keyFile,
    UPSTREAM_URL: upstream.origin,
    ...env,
  });
  const { port, adminPort = 0 } = await edge.listening;
  ports = { port, adminPort };
}

const tls = () => ({ ca: certificate.ca, host: "127.0.0.1", servername: "localhost" });
const open = () => RawClient.open(ports.port, tls());
const admin = async (path: string) => (await fetch(`http://127.0.0.1:${ports.adminPort}${path}`)).text();
const metric = async (line: string) =>
  Number(new RegExp(`^${line.replace(/[{}]/g, "\\$&")} (.*)$`, "m").exec(await admin("/metrics"))?.[1]);
const events = () =>
  edge.stdout
    .split("\n")
    .filter((line) => line.endsWith("}"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const workerPids = () =>
  readFileSync(`/proc/${edge.pid}/task/${edge.pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
const eventsNamed = (name: string) => events().filter(({ event }) => event === name);

async function reload(outcome = "reloaded"): Promise<Record<string, unknown>> {
  const before = eventsNamed(outcome).length;
  edge.child.kill("SIGHUP");
  await expect.poll(() => eventsNamed(outcome).length, patience).toBe(before + 1);
  return eventsNamed(outcome).at(-1) ?? {};
}

/** Answers each /slow when told to. */
function holdSlow(): { asked: () => number; answer: () => void } {
  const held: (() => void)[] = [];
  upstream.respond = ({ head, socket }) => {
    if (!head.startsWith("GET /slow")) return ok("x");
    held.push(() => socket.write(ok("late")));
    return null;
  };
  return {
    asked: () => held.length,
    answer() {
      for (const write of held.splice(0)) write();
    },
  };
}

const askSlow = (client: RawClient) => client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");

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
  await expect.poll(() => upstream.requests.length, patience).toBeGreaterThan(20);
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
  expect(upstream.requests).toHaveLength(0);
  process.kill(victim, "SIGKILL");
  for (const response of await Promise.all(clients)) expect([response.status, response.body.toString()]).toEqual([200, "hello"]);
  expect(upstream.requests).toHaveLength(10);
});

test("a reload to another port opens that one and closes the old; to one that is taken it changes nothing", async () => {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "settings.env");
  writeFileSync(file, "");
  await start({ SETTINGS_FILE: file });
  const before = ports.port;
  writeFileSync(
    file,
    `EDGE_PORT=${upstream.port}
`,
  );
  const { problems } = await reload("reload-failed");
  expect(problems).toEqual([expect.stringMatching(/^EADDRINUSE: .*; free it or set EDGE_PORT$/)]);
  const client = await open();
  expect((await client.get("/")).headers.connection).toEqual(["keep-alive"]);

  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, "127.0.0.1", resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  writeFileSync(
    file,
    `EDGE_PORT=${port}
`,
  );
  await reload();
  // Once those that leave have heard of it.
  await expect.poll(() => RawClient.open(before, tls()).then((late) => late.end(), String), patience).toMatch(/ECONNREFUSED/);
  const moved = await RawClient.open(port, tls());
  expect([(await moved.get("/")).status, (await client.get("/")).status]).toEqual([200, 200]);
  for (const one of [client, moved]) one.end();
});

test("a reload to shorter timeouts leaves the old workers the time that theirs give them", async () => {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "settings.env");
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

const signal = (pids: readonly number[], name: NodeJS.Signals) => {
  for (const pid of pids) process.kill(pid, name);
};

const stopped: number[] = [];
const stop = (pids: readonly number[]) => {
  signal(pids, "SIGSTOP");
  stopped.push(...pids);
};

/** Two of the workers that start from now on: one that has a request in flight, and one that is stopped before it listens. */
async function startTwo(before: readonly number[], slow: ReturnType<typeof holdSlow>) {
  // To stop one before it has become a worker is to stop the primary, which waits for that.
  const isWorker = (pid: number) => readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("worker");
  const started = () => workerPids().filter((pid) => !before.includes(pid) && isWorker(pid));
  await expect.poll(() => started().length, { ...patience, interval: 5 }).toBe(2);
  const [, second = 0] = started();
  stop([second]);
  const client = await open();
  const asked = slow.asked();
  askSlow(client);
  await expect.poll(slow.asked, patience).toBe(asked + 1);
  return { client, second };
}

describe("a worker that accepts already, but is not wanted after all, finishes its requests", () => {
  test("when another cannot start", async () => {
    await start({ EDGE_WORKERS: "2" });
    const slow = holdSlow();
    const old = workerPids();
    // Nobody else accepts.
    stop(old);
    edge.child.kill("SIGHUP");
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
    edge.child.kill("SIGHUP");
    const { client, second } = await startTwo(old, slow);
    signal(old, "SIGCONT");
    edge.child.kill("SIGTERM");
    signal([second], "SIGCONT");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    slow.answer();
    for (const one of [client, earlier]) expect((await one.response()).body.toString()).toBe("late");
    expect(await edge.exited).toEqual({ code: 0, signal: null });
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

test("a worker that replaces a dead one stays on the port, whatever the settings have come to say since", async () => {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "settings.env");
  writeFileSync(file, "");
  await start({ EDGE_WORKERS: "1", SETTINGS_FILE: file });
  const [victim = 0] = workerPids();
  writeFileSync(file, `EDGE_PORT=${upstream.port}\n`);
  process.kill(victim, "SIGKILL");
  const client = await open();
  expect((await client.get("/")).status).toBe(200);
  expect(workerPids()).not.toContain(victim);
  client.end();
});

test("a worker whose primary is of an older build, which hands it no port, says so and ends", async () => {
  await start({});
  const files = { EDGE_CERT_FILE: certificate.certFile, EDGE_KEY_FILE: certificate.keyFile, UPSTREAM_URL: upstream.origin };
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
  edge.child.kill("SIGKILL");
  await expect.poll(async () => open().then((more) => more.end(), String), patience).toMatch(/ECONNREFUSED/);
  slow.answer();
  const response = await client.response();
  expect([response.body.toString(), response.headers.connection]).toEqual(["late", ["close"]]);
  // its standard streams close when the last process that holds them has ended
  expect(await edge.exited).toEqual({ code: null, signal: "SIGKILL" });
});

/** Connects with `session`, asks once, and hands back whether it was resumed and the newest ticket. */
async function resume(session?: Buffer): Promise<{ reused: boolean; ticket: Buffer | undefined }> {
  const socket: TLSSocket = connect({ ...tls(), port: ports.port, ...(session && { session }) });
  let ticket: Buffer | undefined;
  socket.on("session", (latest) => {
    ticket = latest;
  });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "secureConnect");
  const reused = socket.isSessionReused();
  socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  socket.resume();
  await closed;
  return { reused, ticket };
}

test("a TLS session resumes on whichever worker the client reaches, those of a reload included", async () => {
  await start({ EDGE_WORKERS: "3" });
  const { reused, ticket } = await resume();
  expect(reused).toBe(false);
  for (let i = 0; i < 3; i++) expect((await resume(ticket)).reused).toBe(true);
  await reload();
  for (let i = 0; i < 3; i++) expect((await resume(ticket)).reused).toBe(true);
  expect(await metric("edge_tls_resumptions_total")).toBe(6);
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

test("ticket keys are changed: an old ticket costs a full handshake, a new one resumes", async () => {
  await start({ EDGE_WORKERS: "2", EDGE_TICKET_KEY_LIFE_MS: "1500" });
  const { ticket } = await resume();
  await expect.poll(async () => (await resume(ticket)).reused, patience).toBe(false);
  await expect
    .poll(async () => {
      const renewed = await resume();
      return (await resume(renewed.ticket)).reused;
    }, patience)
    .toBe(true);
});

test("a key that is changed while a worker starts reaches it", async () => {
  const lifeMs = 4_000;
  await start({ EDGE_WORKERS: "2", EDGE_TICKET_KEY_LIFE_MS: String(lifeMs) });
  const changed = new Promise((resolve) => setTimeout(resolve, lifeMs + 100));
  const { ticket } = await resume();
  expect((await resume(ticket)).reused).toBe(true);
  const old = workerPids();
  stop(old);
  edge.child.kill("SIGHUP");
  const { client, second } = await startTwo(old, holdSlow());
  await changed;
  signal([second], "SIGCONT");
  await expect.poll(() => eventsNamed("reloaded").length, patience).toBe(1);
  // The other has begun with the new key.
  signal([second], "SIGSTOP");
  expect((await resume(ticket)).reused).toBe(false);
  client.end();
  signal([second, ...old], "SIGCONT");
});

test("SIGHUP: new workers with the certificate as it is now; requests in flight finish, clients are told to go", async () => {
  const own = await makeTestCertificate();
  onTestFinished(() => own.remove());
  await start({ EDGE_WORKERS: "2", EDGE_CERT_FILE: own.certFile, EDGE_KEY_FILE: own.keyFile, EDGE_CERT_POLL_MS: "60000" });
  const openOwn = () => RawClient.open(ports.port, { ...tls(), ca: own.ca });
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
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const file = join(dir, "settings.env");
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

test("a SETTINGS_FILE that cannot be read: exit code 104", async () => {
  edge = startMain(["backend"], { SETTINGS_FILE: "/nowhere/settings.env" });
  expect((await edge.exited).code).toBe(104);
  expect(edge.stderr).toBe('SETTINGS_FILE="/nowhere/settings.env": ENOENT: expected a readable dotenv file\n');
});
