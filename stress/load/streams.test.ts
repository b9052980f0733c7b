import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { LatencyHistogram } from "../measure/histogram.ts";
import type { Profile } from "../profile/profile.ts";
import type { StreamSpec } from "../profile/stream.ts";
import { runTest, testProfile, users } from "./test-run.ts";
import { type Seen, TestServer, testCertificates } from "./test-server.ts";

const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunk = (text: string) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const event = (id: number) => chunk(`id: ${id}\ndata: x\n\n`);

const sse = (parts: Partial<Extract<StreamSpec, { kind: "sse" }>> = {}): StreamSpec => ({
  kind: "sse",
  silenceMs: 5000,
  reconnectMs: 20,
  intervalMs: null,
  ...parts,
});
const ws = (parts: Partial<Extract<StreamSpec, { kind: "ws" }>> = {}): StreamSpec => ({
  kind: "ws",
  silenceMs: 5000,
  reconnectMs: 20,
  intervalMs: 0,
  bytes: 32,
  ...parts,
});

function profileOf(url: string, stream: StreamSpec, count: number, durationMs: number, parts: Partial<Profile> = {}): Profile {
  return testProfile(url, users(count, durationMs), { stream, checks: [], ...parts });
}

/** Sends events by a timer as long as the connection lasts. */
function every(ms: number, { socket }: Seen, from = 0): void {
  let id = from;
  socket.write(head + event(id++));
  const timer = setInterval(() => socket.write(event(id++)), ms);
  socket.once("close", () => clearInterval(timer));
}

async function streams(profile: Profile, options: Parameters<typeof runTest>[1] = {}) {
  const run = await runTest(profile, options);
  const { counts, times } = run.totals.streams as NonNullable<typeof run.totals.streams>;
  return { ...run, counts, times, open: run.snapshots.at(-1)?.streams?.open };
}

describe("event streams", () => {
  it("are held by each user to the end, and every event is counted", async () => {
    let sent = 0;
    await using server = await TestServer.listen(({ socket }) => {
      socket.write(head);
      for (let id = 0; id < 7; id++) socket.write(event(id));
      sent += 7;
    });
    const { counts, failures, times, open, recording } = await streams(profileOf(server.url, sse(), 12, 600));
    expect(failures).toEqual({});
    expect(counts).toMatchObject({ asked: 12, opened: 12, refused: 0, dropped: 0, reconnects: 0 });
    expect([counts.messagesReceived, times.first.count, times.gap.count, times.session.count]).toEqual([sent, 12, sent - 12, 12]);
    expect(open).toBe(0);
    expect([server.connections, server.requests]).toEqual([12, 12]);
    const metrics = recording.metrics(600);
    expect(metrics.get("streams_failed")).toEqual({ type: "rate", passes: 0, fails: 12 });
    expect(metrics.get("sse_events")).toMatchObject({ count: sent });
    expect([...metrics.keys()].filter((name) => name.startsWith("ws_") || name.includes("duration{"))).toEqual([]);
  });

  it("are asked for with what a browser sends", async () => {
    const asked: string[] = [];
    await using server = await TestServer.listen((seen) => {
      asked.push(seen.text);
      every(1000, seen);
    });
    const request = {
      ...testProfile(server.url, users(1, 1)).requests[0],
      path: "/events",
      headers: [["Accept", "text/event-stream"]],
    };
    await streams(profileOf(server.url, sse(), 1, 200, { requests: [request as Profile["requests"][number]] }));
    expect(asked[0]).toMatch(/^GET \/events HTTP\/1\.1\r\n/);
    expect(asked[0]).toMatch(/^Accept: text\/event-stream$/m);
    expect(asked[0]).not.toMatch(/Last-Event-ID/i);
  });

  it("that end before their time are drops, and are asked for again from the last id on, when the server says", async () => {
    const asked: { at: number; id: string | undefined }[] = [];
    await using server = await TestServer.listen(({ socket, text }) => {
      asked.push({ at: performance.now(), id: /^Last-Event-ID: (.*)$/m.exec(text)?.[1]?.trim() });
      const n = asked.length;
      socket.write(`${head}${chunk("retry: 150\n\n")}${event(n * 10)}0\r\n\r\n`);
    });
    const { counts, failures } = await streams(profileOf(server.url, sse({ reconnectMs: 10_000 }), 1, 1000));
    expect(asked.slice(0, 3).map(({ id }) => id)).toEqual([undefined, "10", "20"]);
    expect((asked[1]?.at ?? 0) - (asked[0]?.at ?? 0)).toBeGreaterThanOrEqual(149);
    expect([counts.asked, counts.reconnects]).toEqual([asked.length, asked.length - 1]);
    // The last one may have ended when its time was over, which is no drop.
    expect([asked.length, asked.length - 1]).toContain(counts.dropped);
    expect(failures).toEqual({ ended: counts.dropped });
  });

  it.each<[what: string, failure: string, message: RegExp, answer: (seen: Seen) => void]>([
    [
      "cut within an event",
      "reset",
      /connection closed in the middle of the stream/,
      ({ socket }) => socket.end(`${head}${event(0)}5\r\nda`),
    ],
    [
      "reset",
      "reset",
      /ECONNRESET in the middle of the stream/,
      ({ socket }) => {
        socket.write(head + event(0));
        setTimeout(() => socket.resetAndDestroy(), 20);
      },
    ],
    ["ended", "ended", /ended by the server after 1 event$/, ({ socket }) => socket.end(`${head}${event(0)}0\r\n\r\n`)],
    [
      "without framing that close",
      "ended",
      /after 1 event$/,
      ({ socket }) => socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n"),
    ],
    ["refused", "status-5xx", /HTTP 503/, ({ socket }) => socket.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")],
    ["not found", "status-4xx", /HTTP 404/, ({ socket }) => socket.write("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno")],
    [
      "elsewhere",
      "malformed",
      /HTTP 302 where an event stream/,
      ({ socket }) => socket.write("HTTP/1.1 302 No\r\nContent-Length: 0\r\n\r\n"),
    ],
    [
      "of JSON",
      "malformed",
      /content type application\/json/,
      ({ socket }) => socket.write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"),
    ],
    ["of no HTTP", "malformed", /not an HTTP/, ({ socket }) => socket.write("hello?\r\n\r\n")],
    ["with broken chunks", "malformed", /chunk/, ({ socket }) => socket.write(`${head}zz\r\n`)],
    ["never granted", "timeout", /not granted within 150 ms/, () => {}],
    ["silent from the start", "silent", /no event within 100 ms/, ({ socket }) => socket.write(`${head}${chunk(": ping\n\n")}`)],
    ["silent after an event", "silent", /no event within 100 ms/, ({ socket }) => socket.write(head + event(0))],
  ])("%s fail as %s", async (_, failure, message, answer) => {
    await using server = await TestServer.listen(answer);
    // Only what waits for its limit has a short one: a busy machine takes its time for everything else.
    const spec = sse({ silenceMs: failure === "silent" ? 100 : 20_000, reconnectMs: 60_000 });
    const timeoutMs = failure === "timeout" ? 150 : 20_000;
    const { counts, failures, totals } = await streams(profileOf(server.url, spec, 2, 500, { timeoutMs }));
    expect(failures).toEqual({ [failure]: 2 });
    expect(counts.refused + counts.dropped).toBe(2);
    expect(totals.examples.get(failure as never)).toMatch(message);
  });

  it("whose silence ended them leave what they waited in the distributions, as a bound", async () => {
    await using server = await TestServer.listen(({ n, socket }) => socket.write(n === 0 ? head : head + event(0)));
    const { times } = await streams(profileOf(server.url, sse({ silenceMs: 200, reconnectMs: 60_000 }), 2, 600));
    expect([times.first.count, times.first.censored, times.gap.count, times.gap.censored]).toEqual([1, 1, 0, 1]);
    expect(times.gap.percentile(99)).toEqual({ us: expect.any(Number), beyond: true });
    expect(times.gap.percentile(99).us).toBeGreaterThanOrEqual(199_000);
  });

  it("have their schedule from the least delayed event: a stall makes each event behind it late, though gaps are few", async () => {
    // 20 ms apart, the events 20 to 34 held up until the last of them is due.
    const sentAtMs = (n: number) => 20 * (n >= 20 && n < 34 ? 34 : n);
    await using server = await TestServer.listen(({ socket }) => {
      const startedAt = performance.now();
      let n = 0;
      socket.write(head);
      const timer = setInterval(() => {
        while (sentAtMs(n) <= performance.now() - startedAt) socket.write(event(n++));
      }, 2);
      socket.once("close", () => clearInterval(timer));
    });
    const { times, recording } = await streams(profileOf(server.url, sse({ intervalMs: 20 }), 1, 1200));
    expect(times.late.count).toBe(times.gap.count + 1);
    const { batches } = recording.timeseries.toSummary();
    const told = batches.map(({ response = "" }) => LatencyHistogram.decode(response).count);
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(times.late.count);
    // They are 280 ms late, 260, 240 and so on; of gaps one is long.
    const eighthLargest = (of: typeof times.gap) =>
      of.percentile((100 * (of.count + of.censored - 7)) / (of.count + of.censored)).us / 1000;
    const [late, gap] = [eighthLargest(times.late), eighthLargest(times.gap)];
    expect(late).toBeGreaterThan(100);
    expect(gap).toBeLessThan(late);
  });

  it("that are still silent at the end, longer than ever before, say so as a bound", async () => {
    await using server = await TestServer.listen(({ socket }) => {
      socket.write(head);
      for (const n of [0, 1, 2]) setTimeout(() => socket.write(event(n)), n * 30);
    });
    const { times, failures } = await streams(profileOf(server.url, sse({ intervalMs: 30 }), 1, 800));
    expect(failures).toEqual({});
    expect([times.gap.count, times.gap.censored]).toEqual([2, 1]);
    expect(times.late.censored).toBeGreaterThan(15);
    expect(times.late.max()).toEqual({ us: expect.any(Number), beyond: true });
  });

  it("come and go with the stages, over TLS too", async () => {
    using certificate = await testCertificates();
    let open = 0;
    let most = 0;
    await using server = await TestServer.listen(
      (seen) => {
        most = Math.max(most, ++open);
        seen.socket.once("close", () => open--);
        every(20, seen);
      },
      { certificate },
    );
    const stages = [
      { durationMs: 400, from: 0, to: 10 },
      { durationMs: 1000, from: 10, to: 10 },
      { durationMs: 400, from: 10, to: 0 },
    ];
    const profile = testProfile(
      server.url,
      { model: "closed", stages, thinkTime: null },
      {
        stream: sse(),
        checks: [],
        target: { caFile: certificate.caFile, serverName: "localhost" },
      },
    );
    const { counts, failures, totals, recording } = await streams(profile);
    expect(failures).toEqual({});
    expect([counts.opened, totals.handshakes]).toEqual([10, 10]);
    expect(most).toBeGreaterThan(5);
    await expect.poll(() => open).toBe(0);
    expect(recording.phaseRows().map(({ requests }) => requests > 0)).toEqual([true, true, true]);
  });

  it("end with the run when it is interrupted, which is nobody's failure", async () => {
    await using server = await TestServer.listen((seen) => every(20, seen));
    const { counts, failures, times } = await streams(profileOf(server.url, sse(), 5, 60_000), { stopAfterMs: 300 });
    expect([failures, counts.dropped, times.session.count]).toEqual([{}, 0, 5]);
  });
});

describe("WebSockets", () => {
  it("echo one message after another, and say goodbye at the end", async () => {
    const seen = { opened: 0, messages: 0, codes: [] as number[] };
    await using server = await listen((client) => {
      seen.opened++;
      client.on("close", (code) => seen.codes.push(code));
      client.on("message", (data, isBinary) => {
        seen.messages++;
        client.send(data, { binary: isBinary });
      });
    });
    const { counts, failures, times, recording } = await streams(profileOf(server.url, ws(), 5, 400));
    expect(failures).toEqual({});
    expect([counts.opened, counts.messagesSent, counts.operations]).toEqual([seen.opened, seen.messages, seen.messages]);
    expect([seen.opened, times.opening.count, times.session.count, times.gap.count]).toEqual([5, 5, 5, seen.messages]);
    await expect.poll(() => seen.codes).toEqual([1000, 1000, 1000, 1000, 1000]);
    expect(recording.metrics(400).has("ws_response_time")).toBe(false);
  });

  it("send by the clock, and a message that waits for a late echo counts from when it was due", async () => {
    let n = 0;
    await using server = await listen((client) => {
      client.on("message", (data) => setTimeout(() => client.send(data.toString()), n++ === 2 ? 300 : 0));
    });
    const { counts, times, recording } = await streams(profileOf(server.url, ws({ intervalMs: 50 }), 1, 800));
    // As many as were due and no more, though one echo took as long as six intervals: those that waited for it are late.
    expect(counts.operations).toBeLessThanOrEqual(17);
    expect([times.gap.count, times.late.count]).toEqual([counts.operations, counts.operations]);
    const fourthLargest = (100 * (counts.operations - 3)) / counts.operations;
    expect(times.late.percentile(fourthLargest).us / 1000).toBeGreaterThan(140);
    expect(recording.pacerLagP99Ms).not.toBeNull();
    expect(recording.totals.pacerLag.count).toBe(counts.messagesSent);
  });

  it("take what is no echo for news, answer pings, and put fragments together", async () => {
    const pongs: string[] = [];
    await using server = await listen((client) => {
      client.send("welcome");
      client.on("pong", (data) => pongs.push(data.toString()));
      client.on("message", (data) => {
        const text = data.toString();
        client.ping("p");
        client.send(text.slice(0, 5), { fin: false });
        client.send(text.slice(5), { fin: true });
      });
    });
    const { counts, failures } = await streams(profileOf(server.url, ws({ intervalMs: 40 }), 1, 300));
    expect(failures).toEqual({});
    expect(counts.messagesReceived).toBe(counts.operations + 1);
    expect(counts.operations).toBeGreaterThan(3);
    await expect.poll(() => pongs.length).toBe(counts.operations);
  });

  it.each<[what: string, failure: string, message: RegExp, behave: (client: WebSocket) => void]>([
    ["whose server closes", "ended", /closed by the server with code 1012: restart/, (client) => client.close(1012, "restart")],
    [
      "that are cut",
      "ended",
      /without a close frame/,
      (client) => (client as unknown as { _socket: { end(): void } })._socket.end(),
    ],
    [
      "that are reset",
      "reset",
      /ECONNRESET/,
      (client) => (client as unknown as { _socket: { resetAndDestroy(): void } })._socket.resetAndDestroy(),
    ],
    ["whose echo never comes", "timeout", /no echo within 150 ms/, () => {}],
    [
      "whose echo is another",
      "timeout",
      /no echo within 150 ms/,
      (client) => client.on("message", () => client.send("something else")),
    ],
    [
      "that break the protocol",
      "malformed",
      /a reserved bit is set/,
      (client) => (client as unknown as { _socket: { write(bytes: Buffer): void } })._socket.write(Buffer.from([0xc1, 0])),
    ],
  ])("%s fail as %s", async (_, failure, message, behave) => {
    await using server = await listen(behave);
    const { counts, failures, totals } = await streams(
      profileOf(server.url, ws({ silenceMs: 150, reconnectMs: 60_000 }), 2, 500),
    );
    expect(failures).toEqual({ [failure]: 2 });
    expect([counts.opened, counts.dropped]).toEqual([2, 2]);
    expect(totals.examples.get(failure as never)).toMatch(message);
  });

  const key = /^Sec-WebSocket-Key: (\S+)/m;
  it.each<[what: string, answer: string, failure: string, message: RegExp]>([
    ["is refused", "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "status-4xx", /HTTP 403/],
    ["is answered as if it had not asked", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "malformed", /HTTP 200 where 101/],
    [
      "gets a wrong key",
      "HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
      "malformed",
      /wrong Sec-WebSocket-Accept/,
    ],
    [
      "gets another protocol",
      "HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
      "malformed",
      /without Upgrade: websocket/,
    ],
    ["gets no Connection", "HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", "malformed", /without Connection/],
  ])("a handshake that %s fails", async (_, answer, failure, message) => {
    const asked: string[] = [];
    await using server = await TestServer.listen(({ text, socket }) => {
      asked.push(text);
      socket.write(answer);
    });
    const { counts, failures, totals } = await streams(profileOf(server.url, ws({ reconnectMs: 60_000 }), 2, 200));
    expect([failures, counts.refused]).toEqual([{ [failure]: 2 }, 2]);
    expect(totals.examples.get(failure as never)).toMatch(message);
    expect(new Set(asked.map((text) => key.exec(text)?.[1])).size).toBe(2);
  });

  it("are asked for again after they were lost", async () => {
    let n = 0;
    await using server = await listen((client) => {
      if (n++ < 3) client.close(1011);
      else client.on("message", (data) => client.send(data.toString()));
    });
    const { counts } = await streams(profileOf(server.url, ws(), 1, 600));
    expect(counts).toMatchObject({ asked: 4, opened: 4, dropped: 3, reconnects: 3 });
    expect(counts.operations).toBeGreaterThan(0);
  });
});

/** A server of `ws`, the oracle: what it does not understand it refuses. */
async function listen(accept: (client: WebSocket) => void): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (client) => {
    client.on("error", () => {});
    accept(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
