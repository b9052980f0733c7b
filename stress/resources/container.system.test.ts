import { mkdtempSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ContainerSource } from "./container.ts";
import { discoverDeployment } from "./discover.ts";
import { Engine } from "./engine.ts";
import { parseSamples } from "./sample-option.ts";
import type { Reading } from "./source.ts";
import { engineFound, node, TestContainer } from "./test-container.ts";

const mib = 2 ** 20;
const idle = ["sleep", "600"];
const quickly = { timeout: 30_000, interval: 100 };

/** Eats memory and opens files and sockets, all of which it keeps. */
const keeper = `
  const kept = Buffer.alloc(64 * 2 ** 20, 1);
  for (let i = 0; i < 30; i++) require("node:fs").openSync("/dev/null");
  for (let i = 0; i < 10; i++) require("node:net").createServer().listen(0);
  setInterval(() => kept.at(0), 1000);
`;
/** Grows by a MiB every 20 ms until the kernel ends it. */
const eater = `const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 20, 1)), 20);`;

let bare = "";
beforeAll(() => {
  bare = mkdtempSync(join(tmpdir(), "plimsoll-container-"));
});
afterAll(() => rmSync(bare, { recursive: true }));

async function sourceOf({ name }: TestContainer, root = "/"): Promise<ContainerSource & AsyncDisposable> {
  const engine = new Engine();
  const source = new ContainerSource(engine, name, await engine.inspect(name), root);
  return Object.assign(source, { [Symbol.asyncDispose]: () => source.close() });
}

async function read(source: ContainerSource, pss = false): Promise<Reading> {
  const reading = await source.read({ pss });
  if (reading === null) throw new Error("the container is down");
  return reading;
}

describe.skipIf(!engineFound)("on a real engine (skipped where none answers)", () => {
  describe("what it reads", () => {
    it("tells anonymous memory, working set, descriptors, sockets, threads and pids of a container", async () => {
      await using container = await TestContainer.start({ image: node, command: ["node", "-e", keeper], memoryBytes: 512 * mib });
      await using source = await sourceOf(container);
      const reading = await vi.waitFor(async () => {
        const now = await read(source, true);
        expect(now.sockets).toBeGreaterThanOrEqual(10);
        return now;
      }, quickly);
      expect(reading.rssBytes).toBeGreaterThan(64 * mib);
      expect(reading.rssBytes).toBeLessThan(160 * mib);
      expect(reading.workingSetBytes).toBeGreaterThan(reading.rssBytes ?? 0);
      expect(reading.fds).toBeGreaterThanOrEqual(40);
      expect(reading.sockets).toBeLessThan(20);
      expect(reading.threads).toBeGreaterThan(4);
      expect(reading.pids).toBe(reading.threads);
      expect(reading.pssBytes).toBeGreaterThan(64 * mib);
      expect(reading).toMatchObject({ restarts: 0, oomKills: 0, heapBytes: null });
    });

    it("does not take page cache for memory that grows", async () => {
      await using container = await TestContainer.start({ command: idle });
      await using source = await sourceOf(container);
      const before = await read(source);
      await container.exec("dd", "if=/dev/zero", "of=/file", "bs=1M", "count=64");
      const after = await read(source);
      expect((after.rssBytes ?? 0) - (before.rssBytes ?? 0)).toBeLessThan(4 * mib);
      expect((after.workingSetBytes ?? 0) - (before.workingSetBytes ?? 0)).toBeLessThan(16 * mib);
    });

    it("counts CPU time, and the time in which the quota held it back", async () => {
      await using container = await TestContainer.start({ command: ["sh", "-c", "while :; do :; done"], cpus: 0.1 });
      await using source = await sourceOf(container);
      const first = await read(source);
      expect(first).toMatchObject({ cpuMs: 0, throttledMs: 0, throttledPeriods: 0 });
      await sleep(3_000);
      const then = await read(source);
      const cores = (then.cpuMs ?? 0) / (then.cpuAtMs - first.cpuAtMs);
      expect(cores).toBeGreaterThan(0.01);
      expect(cores).toBeLessThan(0.2);
      expect(then.throttledPeriods).toBeGreaterThan(3);
      expect(then.throttledMs).toBeGreaterThan(100);
    });

    it("reads the same from the engine's stream where it cannot see the group's files, without what only those tell", async () => {
      await using container = await TestContainer.start({ image: node, command: ["node", "-e", keeper], cpus: 1 });
      await using byFiles = await sourceOf(container);
      await using byEngine = await sourceOf(container, bare);
      await vi.waitFor(async () => expect((await read(byFiles)).rssBytes).toBeGreaterThan(64 * mib), quickly);
      await sleep(1_500);
      const [files, engine] = [await read(byFiles), await read(byEngine)];
      expect(Math.abs((files.rssBytes ?? 0) - (engine.rssBytes ?? 0))).toBeLessThan(4 * mib);
      expect(Math.abs((files.workingSetBytes ?? 0) - (engine.workingSetBytes ?? 0))).toBeLessThan(8 * mib);
      expect(engine.pids).toBe(files.pids);
      expect(engine).toMatchObject({ fds: null, sockets: null, threads: null, restarts: 0, oomKills: 0 });
      await sleep(1_200);
      const later = await read(byEngine);
      expect(later.cpuAtMs).toBeGreaterThan(engine.cpuAtMs);
      expect(later.cpuMs).toBeGreaterThanOrEqual(engine.cpuMs ?? 0);
    });
  });

  describe.each([
    ["by its files", () => "/"],
    ["by the engine's stream", () => bare],
  ])("a container's life, followed %s", (_, root) => {
    it("is down when it was killed, and goes on under the same name after a start, a restart, a re-creation", async () => {
      await using container = await TestContainer.start({ command: idle });
      await using source = await sourceOf(container, root());
      await read(source);
      await container.kill();
      await vi.waitFor(async () => expect(await source.read({ pss: false })).toBeNull(), quickly);
      await container.startAgain();
      const back = await vi.waitFor(async () => read(source), quickly);
      expect(back).toMatchObject({ restarts: 1, oomKills: 0 });

      await container.restart();
      await vi.waitFor(async () => expect(await read(source)).toMatchObject({ restarts: 2 }), quickly);

      const { cpuMs } = await read(source);
      await container.remove();
      await vi.waitFor(async () => expect(await source.read({ pss: false })).toBeNull(), quickly);
      await using again = await TestContainer.start({ name: container.name, command: idle });
      const last = await vi.waitFor(async () => read(source), quickly);
      expect(last).toMatchObject({ restarts: 3, oomKills: 0 });
      expect(last.cpuMs).toBeGreaterThanOrEqual(cpuMs ?? 0);
      expect(again.name).toBe(container.name);
    });

    it("counts a kill for want of memory that ends the container, and its restart", async () => {
      const command = ["node", "-e", eater];
      await using container = await TestContainer.start({ image: node, command, memoryBytes: 96 * mib, restart: "always" });
      await using source = await sourceOf(container, root());
      await vi.waitFor(async () => {
        const reading = await read(source);
        expect(reading.oomKills).toBeGreaterThanOrEqual(1);
        expect(reading.restarts).toBeGreaterThanOrEqual(1);
      }, quickly);
    });

    it("counts a kill of one of its processes, which the container survives", async () => {
      const command = ["sh", "-c", `sleep 3; node -e '${eater}'; sleep 600`];
      await using container = await TestContainer.start({ image: node, command, memoryBytes: 96 * mib });
      await using source = await sourceOf(container, root());
      expect(await read(source)).toMatchObject({ oomKills: 0 });
      await vi.waitFor(async () => expect((await read(source)).oomKills).toBe(1), quickly);
      expect((await read(source)).restarts).toBe(0);
    });
  });

  describe("where it is asked for", () => {
    it("samples a container by its name or id, with the limits that the engine enforces", async () => {
      await using container = await TestContainer.start({ command: idle, cpus: 0.5, memoryBytes: 64 * mib });
      const [service] = await parseSamples([`edge=docker:${container.name}`]);
      expect(service).toMatchObject({
        name: "edge",
        limits: { cpus: 0.5, memoryBytes: 64 * mib, enforced: true },
        source: { kind: "container" },
      });
      await container.kill();
      await expect(parseSamples([`edge=docker:${container.name}`])).rejects.toThrow(
        `--sample "edge=docker:${container.name}": the container ${container.name} does not run (exited); see "docker ps -a"`,
      );
    });

    it("finds the services of a deployment in containers, with the limits that the engine enforces", async () => {
      await using edge = await TestContainer.start({ command: idle, cpus: 0.5 });
      const limits = { cpus: 4, memoryBytes: null, enforced: false };
      const service = (name: string, container: string) => ({ name, pid: null, container, restarts: 0, limits });
      const deployment: Deployment = {
        schemaVersion: 1,
        baseUrl: "https://localhost:23443",
        caFile: null,
        topology: "nginx",
        mode: "docker",
        version: "0.1.0",
        startedAt: new Date().toISOString(),
        supervisorPid: null,
        services: [service("edge", edge.name), service("backend", `${edge.name}-gone`)],
      };
      await mkdir(join(bare, ".plimsoll"), { recursive: true });
      await writeFile(join(bare, ".plimsoll", "deployment.json"), JSON.stringify(deployment));
      const found = await discoverDeployment({ cwd: bare });
      expect(found?.services).toMatchObject([
        { name: "edge", limits: { cpus: 0.5, memoryBytes: null, enforced: true } },
        { name: "backend", limits },
      ]);
      const [up, down] = found?.services ?? [];
      expect((await up?.source.read({ pss: false }))?.rssBytes).toBeGreaterThan(0);
      expect(await down?.source.read({ pss: false })).toBeNull();
      await Promise.all([up?.source.close(), down?.source.close()]);
      await edge.kill();
      await expect(discoverDeployment({ cwd: bare })).rejects.toThrow(
        "does not run (none of its containers runs): run ./deploy.sh --docker, or give --base-url",
      );
    });
  });
});
