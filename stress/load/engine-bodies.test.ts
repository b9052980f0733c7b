import { describe, expect, it } from "vitest";
import { getRequest, requests, runTest, testProfile } from "./test-run.ts";
import { okBody, TestServer } from "./test-server.ts";

const chunked = (pieces: readonly string[]) =>
  `${pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join("")}0\r\n\r\n`;

describe("bodies", () => {
  it.each([
    ["with a length", `Content-Length: ${okBody.length}\r\n\r\n${okBody}`, false],
    ["in chunks", `Transfer-Encoding: chunked\r\n\r\n${chunked(["{", okBody.slice(1, 7), okBody.slice(7)])}`, false],
    ["in chunks with trailers", `Transfer-Encoding: chunked\r\n\r\n${chunked([okBody]).slice(0, -2)}Digest: x\r\n\r\n`, false],
    ["until the connection ends", `\r\n${okBody}`, true],
    ["empty, with a length", "Content-Length: 0\r\n\r\n", false],
  ])("%s are read to their end, and not beyond", async (_, rest, closes) => {
    const text = `HTTP/1.1 200 OK\r\n${rest}`;
    await using server = await TestServer.listen(({ socket }) => (closes ? socket.end(text) : socket.write(text)));
    const profile = testProfile(server.url, requests(100, 4), {
      checks: [
        { kind: "body", name: "holds status", contains: '"status":"ok"}' },
        { kind: "json", name: "status is ok", path: "status", equals: "ok" },
      ],
    });
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect(totals.connectionsOpened).toBe(closes ? 100 : 4);
    expect(totals.bytesReceived).toBe(100 * text.length);
    const holds = rest.includes("ok") ? 100 : 0;
    expect([totals.checkPasses, totals.checkFails]).toEqual([
      [holds, holds],
      [100 - holds, 100 - holds],
    ]);
  });

  it("are absent after HEAD, whatever the head says", async () => {
    await using server = await TestServer.listen(({ method, socket }) =>
      socket.write(method === "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" : "HTTP/1.1 500 No\r\n\r\n"),
    );
    const profile = testProfile(server.url, requests(100, 4), { requests: [{ ...getRequest, method: "HEAD" }] });
    const { totals, failures } = await runTest(profile);
    expect(failures).toEqual({});
    expect([totals.all().ok.count, totals.connectionsOpened]).toEqual([100, 4]);
  });

  it("come after interim responses", async () => {
    await using server = await TestServer.listen(({ socket }) =>
      socket.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"),
    );
    const { totals, failures } = await runTest(testProfile(server.url, requests(100, 4)));
    expect(failures).toEqual({});
    expect([totals.all().ok.count, totals.connectionsOpened]).toEqual([100, 4]);
  });

  it("of a gigabyte are read in constant memory", async () => {
    const piece = Buffer.alloc(1 << 20, "x");
    const pieces = 1024;
    await using server = await TestServer.listen(({ socket }) => {
      let left = pieces;
      const send = () => {
        while (left > 0) {
          left--;
          if (!socket.write(piece)) return;
        }
        socket.off("drain", send);
      };
      socket.on("drain", send);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${pieces << 20}\r\n\r\n`);
      send();
    });
    let mostBytes = 0;
    const startBytes = process.memoryUsage.rss();
    const watch = setInterval(() => {
      mostBytes = Math.max(mostBytes, process.memoryUsage.rss() - startBytes);
    }, 20);
    const { totals, failures } = await runTest(testProfile(server.url, requests(1, 1), { workers: 1 }));
    clearInterval(watch);
    expect(failures).toEqual({});
    expect(totals.bytesReceived).toBeGreaterThan(pieces << 20);
    // A worker thread of its own costs some 50 MiB; the body is twenty times that.
    expect(mostBytes).toBeLessThan(200 * 2 ** 20);
  });
});
