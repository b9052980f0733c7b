import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type CertificateFiles, makeCertificates } from "@plimsoll/proxy/certificate";
import { identify } from "@plimsoll/proxy/process-table";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ResourceSample } from "../measure/event.ts";
import { UsageError } from "../profile/usage-error.ts";
import { ProcessSource } from "./process.ts";
import type { RemoteFlags } from "./remote.ts";
import { parseSamples } from "./sample-option.ts";
import { createSampler } from "./sampler.ts";
import { createSamplerServer } from "./sampler-server.ts";
import type { Reading, SampledService } from "./source.ts";
import { TestProcess } from "./test-process.ts";

const token = "a-token-that-nobody-guesses-0123456789";
const limits = { cpus: 2, memoryBytes: 2 ** 30, enforced: true };

let dir: string;
let certificates: CertificateFiles;
let tokenFile: string;
let flags: RemoteFlags;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "plimsoll-remote-"));
  certificates = await makeCertificates(join(dir, "certs"));
  tokenFile = join(dir, "token");
  writeFileSync(tokenFile, `${token}\n`);
  flags = { tokenFile, ca: certificates.caFile };
});
afterAll(() => rmSync(dir, { recursive: true }));

const pems = () => ({ cert: readFileSync(certificates.certFile, "utf8"), key: readFileSync(certificates.keyFile, "utf8") });
const fingerprint = () => new X509Certificate(pems().cert).fingerprint256;

function ofProcess({ pid }: { pid: number }, name = "edge"): SampledService {
  const identity = identify(pid);
  if (identity === null) throw new Error(`process ${pid} does not run`);
  return { name, limits, source: new ProcessSource(async () => ({ identity, restarts: 0 })) };
}

/** A service whose readings are scripted. */
function scripted(read: () => Partial<Reading> | null): SampledService {
  const nothing = { rssBytes: 1, pssBytes: null, workingSetBytes: null, heapBytes: null, cpuMs: 0, throttledMs: null };
  const rest = { throttledPeriods: null, fds: null, sockets: null, threads: null, pids: null, restarts: 0, oomKills: null };
  return {
    name: "edge",
    limits,
    source: {
      kind: "container",
      read: async () => {
        const reading = read();
        return reading && { ...nothing, ...rest, cpuAtMs: performance.now(), ...reading };
      },
      close: async () => {},
    },
  };
}

async function serve(services: SampledService[], port = 0) {
  const app = createSamplerServer({ services, token, ...pems() });
  const url = await app.listen({ host: "127.0.0.1", port });
  return { url, port: Number(new URL(url).port), app, [Symbol.asyncDispose]: () => app.close() };
}

async function sourceAt(url: string, name = "edge") {
  const [service] = await parseSamples([`edge=${url}/${name}`], { remote: flags });
  if (service === undefined) throw new Error("no service");
  return Object.assign(service.source, { service, [Symbol.asyncDispose]: () => service.source.close() });
}

async function read(source: SampledService["source"], pss = false): Promise<Reading> {
  const reading = await source.read({ pss });
  if (reading === null) throw new Error("the service is down");
  return reading;
}

async function refusal(text: string, remote: RemoteFlags = flags): Promise<string> {
  const error = await parseSamples([text], { remote }).then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError;
  expect(message).not.toContain("\n");
  expect(message).not.toContain(token);
  return message;
}

describe("a service on another machine", () => {
  it("is read as it is there, with its limits, kind and PSS when asked for", async () => {
    await using child = await TestProcess.start();
    await using server = await serve([ofProcess(child, "back end")]);
    await using source = await sourceAt(server.url, "back%20end");
    expect(source.service).toMatchObject({ name: "edge", limits, source: { kind: "process" } });
    const here = await ofProcess(child).source.read({ pss: true });
    const there = await read(source, true);
    expect(there.threads).toBe(here?.threads);
    expect(there.fds).toBe(here?.fds);
    expect(Math.abs((there.rssBytes ?? 0) - (here?.rssBytes ?? 0))).toBeLessThan(8 * 2 ** 20);
    expect(there.pssBytes).toBeGreaterThan(0);
    expect((await read(source)).pssBytes).toBeNull();
    await child.order("burn 200");
    expect((await read(source)).cpuMs).toBeGreaterThan(150);
    await child.kill();
    expect(await source.read({ pss: false })).toBeNull();
  });

  it("has its CPU by its own machine's clock, however far that is from ours", async () => {
    let cpuMs = 0;
    // an hour ahead, and its CPU time as half of what passes there
    const service = scripted(() => ({ cpuMs, cpuAtMs: 3_600_000 + cpuMs * 2 }));
    await using server = await serve([service]);
    const samples: ResourceSample[] = [];
    const services = await parseSamples([`edge=${server.url}/edge`], { remote: flags });
    const sampler = createSampler({ services, intervalMs: 60_000, onSample: (sample) => samples.push(sample) });
    for (cpuMs of [1_000, 2_000, 3_000]) await sampler.edge();
    await sampler.stop();
    expect(samples.map(({ cpuCores }) => cpuCores)).toEqual([null, 0.5, 0.5]);
    expect(Math.max(...samples.map(({ atMs }) => atMs))).toBeLessThan(60_000);
  });

  it("counts restarts, kills and CPU from our first reading, and goes on through a restart of the sampler", async () => {
    let now = { restarts: 4, oomKills: 2, cpuMs: 5_000 };
    const first = await serve([scripted(() => now)]);
    await using source = await sourceAt(first.url);
    expect(await read(source)).toMatchObject({ restarts: 0, oomKills: 0, cpuMs: 0 });
    now = { restarts: 5, oomKills: 2, cpuMs: 6_000 };
    const before = await read(source);
    expect(before).toMatchObject({ restarts: 1, oomKills: 0, cpuMs: 1_000 });
    await first.app.close();
    await expect(source.read({ pss: false })).rejects.toThrow();
    now = { restarts: 0, oomKills: 1, cpuMs: 300 };
    await using second = await serve([scripted(() => ({ ...now, cpuAtMs: 1 }))], first.port);
    const after = await read(source);
    expect(second.port).toBe(first.port);
    expect(after).toMatchObject({ restarts: 1, oomKills: 1, cpuMs: 1_300 });
    expect(after.cpuAtMs).toBeGreaterThan(before.cpuAtMs);
  });

  it("that cannot be asked any more loses samples, and is not said to be down", async () => {
    const server = await serve([scripted(() => ({}))]);
    const services = await parseSamples([`edge=${server.url}/edge`], { remote: flags });
    const sampler = createSampler({ services, intervalMs: 60_000, onSample: () => {} });
    await sampler.edge();
    await server.app.close();
    await sampler.edge();
    await sampler.stop();
    expect(sampler.tallies()).toEqual([{ name: "edge", taken: 1, lost: 1, restarts: 0, oomKills: null, up: true }]);
  });

  it("is never read twice at once, however many ask", async () => {
    let under = 0;
    let most = 0;
    const service = scripted(() => ({}));
    const { source } = service;
    const slow = async () => {
      most = Math.max(most, ++under);
      await sleep(20);
      under--;
      return source.read({ pss: false });
    };
    await using server = await serve([{ ...service, source: { ...source, read: slow } }]);
    await using one = await sourceAt(server.url);
    await using other = await sourceAt(server.url);
    await Promise.all([one, other, one, other].map((each) => each.read({ pss: false })));
    expect(most).toBe(1);
  });
});

describe("trust", () => {
  it("takes the certificate that was pinned, in either spelling, and no CA then", async () => {
    await using server = await serve([scripted(() => ({}))]);
    for (const pinned of [fingerprint(), fingerprint().replaceAll(":", "").toLowerCase()]) {
      const [service] = await parseSamples([`edge=${server.url}/edge`], { remote: { tokenFile, fingerprint: pinned } });
      expect(await service?.source.read({ pss: false })).not.toBeNull();
      await service?.source.close();
    }
  });

  it.each<[string, (given: { other: string }) => RemoteFlags, string]>([
    [
      "pinned otherwise",
      ({ other }) => ({ tokenFile, fingerprint: other }),
      "which is not the one that --sample-fingerprint gives",
    ],
    [
      "signed by nobody we know",
      () => ({ tokenFile }),
      "is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE): give --sample-ca, or the",
    ],
  ])("never shows the token to a server whose certificate is %s", async (_, remote, message) => {
    const requests: unknown[] = [];
    const server = createServer(pems(), (request, response) => {
      requests.push(request.headers);
      response.end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await refusal(`edge=${url}/edge`, remote({ other: fingerprint().replaceAll(/[0-9]/g, "A") }))).toContain(message);
    server.closeAllConnections();
    server.close();
    expect(requests).toEqual([]);
  });

  it("tells nobody anything without the token, not even what is there", async () => {
    await using server = await serve([scripted(() => ({}))]);
    const { Agent, fetch } = await import("undici");
    const dispatcher = new Agent({ connect: { ca: readFileSync(certificates.caFile, "utf8") } });
    const ask = async (path: string, authorization?: string) => {
      const response = await fetch(`${server.url}${path}`, {
        dispatcher,
        headers: authorization === undefined ? {} : { authorization },
      });
      return [response.status, await response.text()];
    };
    const refused = [401, '{"error":"a bearer token is needed"}'];
    for (const path of ["/v1/services", "/v1/services/edge", "/v1/services/none", "/anything"]) {
      expect(await ask(path)).toEqual(refused);
      for (const wrong of ["Bearer", "Bearer ", "Basic x", `Bearer ${token}x`, `Bearer ${token.slice(0, -1)}`, token]) {
        expect(await ask(path, wrong)).toEqual(refused);
      }
    }
    expect((await ask("/v1/services", `Bearer ${token}`))[0]).toBe(200);
    expect((await ask("/anything", `Bearer ${token}`))[0]).toBe(404);
    await dispatcher.close();
  });
});

describe("before the run starts it says in one line that", () => {
  it("the token is another", async () => {
    await using server = await serve([scripted(() => ({}))]);
    const other = join(dir, "other");
    writeFileSync(other, "another-token-of-good-length");
    expect(await refusal(`edge=${server.url}/edge`, { ...flags, tokenFile: other })).toBe(
      `--sample "edge=${server.url}/edge": the sampler refuses the token in ${other}: copy the token file of its machine`,
    );
  });

  it("nobody listens there", async () => {
    const { port, app } = await serve([]);
    await app.close();
    expect(await refusal(`edge=https://127.0.0.1:${port}/edge`)).toContain(
      'cannot reach the sampler (ECONNREFUSED): start "stress sampler" there',
    );
  });

  it("it has no such service", async () => {
    await using server = await serve([scripted(() => ({}))]);
    expect(await refusal(`edge=${server.url}/proxy`)).toContain('the sampler has no service "proxy": it has edge');
    expect(await refusal(`edge=${server.url}/%zz`)).toContain('the sampler has no service "%zz": it has edge');
  });

  it("something else answers there", async () => {
    const server = createServer(pems(), (_, response) => response.end("<html>")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const message = await refusal(`edge=https://127.0.0.1:${(server.address() as AddressInfo).port}/edge`);
    expect(message).toContain("what answers there is no sampler of this version (it answered something else)");
    server.closeAllConnections();
    server.close();
  });

  it.each<[string, (given: { file: (text: string) => string }) => RemoteFlags, string]>([
    [
      "the token file is missing",
      () => ({ tokenFile: "/nonexistent" }),
      "--sample-token-file /nonexistent: cannot be read (ENOENT)",
    ],
    ["the token is too short", ({ file }) => ({ tokenFile: file("short") }), "holds no token; accepted is one line of 16 to 512"],
    ["the token file holds more", ({ file }) => ({ tokenFile: file(`${token}\n${token}`) }), "holds no token"],
    ["the CA file is missing", () => ({ tokenFile, ca: "/nonexistent" }), "--sample-ca /nonexistent: cannot be read (ENOENT)"],
    [
      "the fingerprint is none",
      () => ({ tokenFile, fingerprint: "AB:CD" }),
      '--sample-fingerprint "AB:CD": accepted is a SHA-256',
    ],
  ])("%s", async (_, remote, message) => {
    const file = (text: string) => {
      writeFileSync(join(dir, "given"), text);
      return join(dir, "given");
    };
    expect(await refusal("edge=https://127.0.0.1:1/edge", remote({ file }))).toContain(message);
  });
});
