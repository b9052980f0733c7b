import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import { testProfile, users } from "../../load/test-run.ts";
import { ok, TestServer, testCertificates } from "../../load/test-server.ts";
import { Witness } from "./witness.ts";

async function watch(
  server: Pick<TestServer, "url" | "port">,
  caFile: string | null,
  meanwhile: () => Promise<void> = async () => {},
  request = {},
) {
  const url = server.url.replace("127.0.0.1", "localhost");
  const profile = testProfile(url, users(1, 1000), { target: { caFile } });
  Object.assign(profile.requests[0] ?? {}, request);
  const witness = new Witness(profile, { host: "127.0.0.1", port: server.port, family: 4 }, "/healthz");
  await witness.start();
  await meanwhile();
  await vi.waitFor(() => expect(witness.facts.established.requests).toBeGreaterThanOrEqual(40), 30_000);
  await witness.stop();
  return witness.facts;
}

describe("a witness", () => {
  test.each([true, false])("keeps its connections, over TLS: %s; opens others; asks for health", async (secure) => {
    using certificate = await testCertificates();
    const asked: string[] = [];
    const answer = ({ path, socket }: { path: string; socket: { write(text: string): unknown } }) => {
      asked.push(path);
      socket.write(ok);
    };
    await using server = await TestServer.listen(answer, secure ? { certificate } : {});
    const { established, fresh, health, examples } = await watch(server, secure ? certificate.caFile : null);
    expect(established).toMatchObject({ connections: 20, refused: 0, wrong: 0, broken: 0 });
    expect([established.answered, fresh.answered, health.answered]).toEqual([
      established.requests,
      fresh.requests,
      health.requests,
    ]);
    expect(server.connections).toBe(20 + fresh.requests + health.requests);
    expect(asked.filter((path) => path === "/healthz")).toHaveLength(health.requests);
    expect(examples).toEqual([]);
  });

  test("asks as the load does, and takes a 429 that says when to come again for a refusal", async () => {
    const seen: string[] = [];
    const server = createServer(async (request, response) => {
      if (request.url === "/healthz") return response.end();
      seen.push(`${request.method} ${request.url} ${request.headers.authorization} ${await text(request)}`);
      response.writeHead(429, { "Retry-After": "1" }).end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const request = { method: "POST", path: "/pay", headers: [["Authorization", "Bearer t"]] as [string, string][], body: "{}" };
    const target = { url: `http://127.0.0.1:${port}`, port };
    const { established, fresh } = await watch(target, null, async () => {}, request);
    server.close();
    expect([...new Set(seen)]).toEqual(["POST /pay Bearer t {}"]);
    expect([established.refused, established.wrong]).toEqual([established.requests, 0]);
    expect([fresh.refused, fresh.wrong]).toEqual([fresh.requests, 0]);
  });

  test("tells a connection that is cut, and an answer that is neither one nor a refusal", async () => {
    let status = "200 OK";
    await using server = await TestServer.listen(({ socket }) => socket.write(ok.replace("200 OK", status)));
    const { established, examples } = await watch(server, null, async () => {
      for (const socket of server.sockets) socket.destroy();
      status = "502 Bad Gateway";
    });
    expect(established.broken).toBeGreaterThanOrEqual(20);
    expect(established.wrong).toBe(established.requests - established.answered);
    expect(established.wrong).toBeGreaterThan(0);
    expect(examples).toContain("over a connection from before the load: HTTP 502");
  });
});
