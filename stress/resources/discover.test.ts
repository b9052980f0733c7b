import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { identify } from "@plimsoll/proxy/process-table";
import Docker from "dockerode";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../profile/usage-error.ts";
import { discoverDeployment } from "./discover.ts";
import { Engine } from "./engine.ts";
import { TestProcess } from "./test-process.ts";

const limits = { cpus: 4, memoryBytes: 2 ** 31, enforced: false };
/** This very process stands in for a service that runs. */
const self = { name: "proxy", pid: process.pid, container: null, restarts: 0, limits };
const deployment: Deployment = {
  schemaVersion: 1,
  baseUrl: "https://localhost:9443",
  caFile: "/etc/plimsoll/ca.pem",
  topology: "node",
  mode: "embedded",
  version: "0.1.0",
  startedAt: "2026-11-02T10:00:00.000Z",
  supervisorPid: process.pid,
  services: [self],
};

let dir: string;
beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "plimsoll-discover-")));
});
afterEach(() => rm(dir, { recursive: true }));

async function write(content: unknown, at = dir): Promise<string> {
  const file = join(at, ".plimsoll", "deployment.json");
  await mkdir(join(at, ".plimsoll"), { recursive: true });
  await writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
  return file;
}

describe("where it looks", () => {
  it("finds the nearest deployment from the working directory upwards", async () => {
    const inner = join(dir, "a", "b");
    const cwd = join(inner, "c", "d");
    await mkdir(cwd, { recursive: true });
    await write({ ...deployment, baseUrl: "https://outer:1" });
    expect(await discoverDeployment({ cwd })).toMatchObject({ baseUrl: "https://outer:1" });
    const file = await write({ ...deployment, baseUrl: "https://inner:2" }, inner);
    expect(await discoverDeployment({ cwd })).toMatchObject({ file, baseUrl: "https://inner:2" });
  });

  it("finds none where there is none", async () => {
    expect(await discoverDeployment({ cwd: dir })).toBeNull();
  });

  it("takes a named file, from the working directory, and no other", async () => {
    await write(deployment);
    await writeFile(join(dir, "other.json"), JSON.stringify({ ...deployment, baseUrl: "https://other:3" }));
    expect(await discoverDeployment({ cwd: dir, file: "other.json" })).toMatchObject({ baseUrl: "https://other:3" });
    await expect(discoverDeployment({ cwd: dir, file: "missing.json" })).rejects.toThrow(UsageError);
    await expect(discoverDeployment({ cwd: dir, file: "missing.json" })).rejects.toThrow(
      `cannot read the deployment ${join(dir, "missing.json")} (ENOENT): run ./deploy.sh, or give --base-url`,
    );
  });
});

describe("what it tells", () => {
  it("gives the target, its CA, and services to sample", async () => {
    const file = await write(deployment);
    const found = await discoverDeployment({ cwd: dir });
    expect(found).toMatchObject({
      file,
      baseUrl: "https://localhost:9443",
      caFile: "/etc/plimsoll/ca.pem",
      topology: "node",
      mode: "embedded",
      services: [{ name: "proxy", limits, source: { kind: "process" } }],
    });
    expect((await found?.services[0]?.source.read({ pss: false }))?.rssBytes).toBeGreaterThan(0);
  });

  it("reads a relative CA file from the description's directory, and none as none", async () => {
    await write({ ...deployment, caFile: "ca.pem" });
    expect((await discoverDeployment({ cwd: dir }))?.caFile).toBe(join(dir, ".plimsoll", "ca.pem"));
    await write({ ...deployment, caFile: null });
    expect((await discoverDeployment({ cwd: dir }))?.caFile).toBeNull();
  });

  it("counts restarts from now on", async () => {
    await write({ ...deployment, services: [{ ...self, restarts: 7 }] });
    const source = (await discoverDeployment({ cwd: dir }))?.services[0]?.source;
    expect((await source?.read({ pss: false }))?.restarts).toBe(0);
    await write({ ...deployment, services: [{ ...self, restarts: 9 }] });
    expect((await source?.read({ pss: false }))?.restarts).toBe(2);
  });

  it("tells a service that is down from one that runs, as long as one does", async () => {
    await write({ ...deployment, services: [self, { ...self, name: "backend", pid: null }] });
    const [up, down] = (await discoverDeployment({ cwd: dir }))?.services ?? [];
    expect(await up?.source.read({ pss: false })).not.toBeNull();
    expect(await down?.source.read({ pss: false })).toBeNull();
  });

  it("does not take a process for a service's that has got its pid since", async () => {
    const other = { ...self, name: "backend", processStart: "long ago" };
    await write({ ...deployment, services: [{ ...self, processStart: identify(process.pid)?.start }, other] });
    const [ours, recycled] = (await discoverDeployment({ cwd: dir }))?.services ?? [];
    expect(await ours?.source.read({ pss: false })).not.toBeNull();
    expect(await recycled?.source.read({ pss: false })).toBeNull();
  });

  it("loses readings while its description cannot be read, and no more than those", async () => {
    await write(deployment);
    const source = (await discoverDeployment({ cwd: dir }))?.services[0]?.source;
    await write("{ half");
    expect(await source?.read({ pss: false })).toBeNull();
    await write(deployment);
    expect(await source?.read({ pss: false })).not.toBeNull();
  });
});

describe("what it refuses", () => {
  it.each<[string, unknown, string]>([
    ["text that is no JSON", "{ half", "does not describe a deployment (it is not JSON): run ./deploy.sh again"],
    ["an empty file", "", "(it is not JSON)"],
    ["JSON that is no object", "null", "does not describe a deployment (content: "],
    ["another version", { ...deployment, schemaVersion: 2 }, "(schemaVersion: "],
    ["no URL", { ...deployment, baseUrl: "localhost" }, "(baseUrl: Invalid URL)"],
    ["a pid that is text", { ...deployment, services: [{ ...self, pid: "1" }] }, "(services.0.pid: "],
    ["two faults, both told", { ...deployment, topology: "ring", caFile: 1 }, "; topology: "],
  ])("%s", async (_, content, message) => {
    const file = await write(content);
    const refusal = discoverDeployment({ cwd: dir });
    await expect(refusal).rejects.toThrow(UsageError);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toThrow(file);
    await refusal.catch((error: Error) => expect(error.message).not.toContain("\n"));
  });

  it("a deployment of which nothing runs any more", async () => {
    await using gone = await TestProcess.start();
    const processStart = identify(gone.pid)?.start;
    await write({
      ...deployment,
      services: [
        { ...self, pid: gone.pid, processStart },
        { ...self, name: "backend", pid: null },
      ],
    });
    expect(await discoverDeployment({ cwd: dir })).not.toBeNull();
    await gone.kill();
    await expect(discoverDeployment({ cwd: dir })).rejects.toThrow("does not run (none of its processes lives): run ./deploy.sh");
  });

  it("services in containers where the engine cannot be reached", async () => {
    const file = await write({
      ...deployment,
      mode: "docker",
      services: [{ ...self, pid: null, container: "plimsoll-proxy-1" }],
    });
    const engine = () => new Engine(new Docker({ socketPath: join(dir, "none.sock") }));
    await expect(discoverDeployment({ cwd: dir, engine })).rejects.toThrow(
      `the deployment ${file} runs in containers: cannot reach the container engine (connect ENOENT ${dir}/none.sock): start it`,
    );
  });
});
