import { describe, expect, test, vi } from "vitest";
import { testProfile, users } from "../../load/test-run.ts";
import { ok, TestServer, testCertificates } from "../../load/test-server.ts";
import { Witness } from "./witness.ts";

async function watch(server: TestServer, caFile: string | null, meanwhile: () => Promise<void> = async () => {}) {
  const url = server.url.replace("127.0.0.1", "localhost");
  const profile = testProfile(url, users(1, 1000), { target: { caFile } });
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
