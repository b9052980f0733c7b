import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "@plimsoll/proxy/deployment";
import { identify } from "@plimsoll/proxy/process-table";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ResourceSample } from "../measure/event.ts";
import { discoverDeployment } from "./discover.ts";
import { createSampler, type Sampler } from "./sampler.ts";
import type { Reading, SampledService } from "./source.ts";
import { TestProcess } from "./test-process.ts";

const limits = { cpus: null, memoryBytes: null, enforced: false };
const nothing: Omit<Reading, "cpuAtMs"> = {
  rssBytes: null,
  pssBytes: null,
  workingSetBytes: null,
  heapBytes: null,
  cpuMs: null,
  throttledMs: null,
  throttledPeriods: null,
  fds: null,
  sockets: null,
  threads: null,
  pids: null,
  restarts: 0,
  oomKills: null,
};

/** A service whose readings are scripted. */
function scripted(name: string, read: (pss: boolean) => Promise<Partial<Reading> | null>, closed: string[] = []): SampledService {
  return {
    name,
    limits,
    source: {
      kind: "container",
      read: async ({ pss }) => {
        const reading = await read(pss);
        return reading && { ...nothing, cpuAtMs: performance.now(), ...reading };
      },
      close: async () => {
        closed.push(name);
      },
    },
  };
}

describe("the schedule", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function sampled(services: SampledService[]): { sampler: Sampler; samples: ResourceSample[] } {
    const samples: ResourceSample[] = [];
    return { samples, sampler: createSampler({ services, intervalMs: 1_000, onSample: (sample) => samples.push(sample) }) };
  }

  it("reads at once and then every interval, without drifting by the time a reading takes", async () => {
    const { sampler, samples } = sampled([
      scripted("a", async () => {
        await sleepFake(300);
        return {};
      }),
    ]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(4_500);
    await sampler.stop();
    expect(samples.map(({ atMs }) => atMs)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
    expect(sampler.tallies()).toEqual([{ name: "a", taken: 5, lost: 0, restarts: 0, oomKills: null, up: true }]);
  });

  it("counts as lost the readings that were due while one took too long", async () => {
    let slow = true;
    const { sampler, samples } = sampled([
      scripted("a", async () => {
        if (slow) await sleepFake(3_500);
        slow = false;
        return {};
      }),
    ]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(5_500);
    await sampler.stop();
    // a late reading follows at once, which for a timer is a millisecond
    expect(samples.map(({ atMs }) => Math.round(atMs / 10) * 10)).toEqual([0, 3_500, 4_000, 5_000]);
    expect(sampler.tallies()[0]).toMatchObject({ taken: 4, lost: 2 });
  });

  it("counts as lost what a source cannot read, or fails to, and tells no sample for it", async () => {
    let at = 0;
    const { sampler, samples } = sampled([
      scripted("down", async () => null),
      scripted("broken", async () => Promise.reject(new Error("broken"))),
      scripted("back", async () => (at++ < 2 ? null : { restarts: 1, oomKills: 1 })),
    ]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(3_500);
    await sampler.stop();
    expect(samples.map(({ service, restarts }) => [service, restarts])).toEqual([
      ["back", 1],
      ["back", 1],
    ]);
    expect(sampler.tallies()).toEqual([
      { name: "down", taken: 0, lost: 4, restarts: 0, oomKills: null, up: false },
      { name: "broken", taken: 0, lost: 4, restarts: 0, oomKills: null, up: true },
      { name: "back", taken: 2, lost: 2, restarts: 1, oomKills: 1, up: true },
    ]);
  });

  it("asks for PSS at edges only, and an edge waits for the reading under way", async () => {
    const asked: string[] = [];
    const { sampler } = sampled([
      scripted("a", async (pss) => {
        asked.push(`from ${pss}`);
        await sleepFake(100);
        asked.push(`to ${pss}`);
        return {};
      }),
    ]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(50);
    const edge = sampler.edge();
    await vi.advanceTimersByTimeAsync(200);
    await edge;
    await sampler.stop();
    expect(asked).toEqual(["from false", "to false", "from true", "to true"]);
  });

  it("takes edges without a schedule", async () => {
    const { sampler, samples } = sampled([scripted("a", async () => ({ pssBytes: 1 }))]);
    await sampler.edge();
    await sampler.stop();
    expect(samples).toHaveLength(1);
    expect(samples[0]).toMatchObject({ service: "a", source: "container", pssBytes: 1 });
  });

  it("turns CPU time into cores, over the time since the sample before", async () => {
    let cpuMs = 5_000;
    const { sampler, samples } = sampled([
      scripted("a", async () => {
        cpuMs += 1_500;
        return { cpuMs };
      }),
    ]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(2_500);
    await sampler.stop();
    expect(samples.map(({ cpuCores }) => cpuCores)).toEqual([null, 1.5, 1.5]);
  });

  it("leaves CPU out where two readings are too close, and misses none of it", async () => {
    let cpuMs = 0;
    const { sampler, samples } = sampled([scripted("a", async () => ({ cpuMs }))]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(100);
    cpuMs = 1_000;
    await sampler.edge();
    await vi.advanceTimersByTimeAsync(1_000);
    await sampler.stop();
    expect(samples.map(({ atMs, cpuCores }) => [atMs, cpuCores])).toEqual([
      [0, null],
      [100, null],
      [1_000, 1],
    ]);
  });

  it("bridges a gap in the readings: the cores are those of the whole gap", async () => {
    let at = 0;
    const { sampler, samples } = sampled([scripted("a", async () => (++at === 2 ? null : { cpuMs: at * 1_000 }))]);
    sampler.start();
    await vi.advanceTimersByTimeAsync(2_500);
    await sampler.stop();
    expect(samples.map(({ cpuCores }) => cpuCores)).toEqual([null, 1]);
  });

  it("reads nothing after it was stopped, and closes every source once", async () => {
    const closed: string[] = [];
    const { sampler, samples } = sampled([scripted("a", async () => ({}), closed), scripted("b", async () => ({}), closed)]);
    sampler.start();
    sampler.start();
    await vi.advanceTimersByTimeAsync(1_500);
    await sampler.stop();
    const taken = samples.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(taken).toBe(4);
    expect(samples).toHaveLength(taken);
    expect(closed.sort()).toEqual(["a", "b"]);
  });

  it("tells the time of the run's own clock", async () => {
    const samples: ResourceSample[] = [];
    const now = () => performance.now() + 60_000;
    const sampler = createSampler({
      services: [scripted("a", async () => ({}))],
      intervalMs: 1_000,
      onSample: (sample) => samples.push(sample),
      now,
    });
    const startedAtMs = now();
    sampler.start();
    await vi.advanceTimersByTimeAsync(1_500);
    await sampler.stop();
    expect(samples.map(({ atMs }) => atMs - startedAtMs)).toEqual([0, 1_000]);
  });
});

function sleepFake(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe("a deployment's services", () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "plimsoll-sampler-"));
  });
  afterEach(() => rm(dir, { recursive: true }));

  /** Written as the supervisor does: a new file in the place of the old. */
  async function write(service: { pid: number | null; restarts: number }): Promise<string> {
    const { pid, restarts } = service;
    const deployment: Deployment = {
      schemaVersion: 1,
      baseUrl: "https://localhost:9443",
      caFile: null,
      topology: "node",
      mode: "embedded",
      version: "0.1.0",
      startedAt: new Date().toISOString(),
      supervisorPid: process.pid,
      services: [
        {
          name: "proxy",
          pid,
          container: null,
          restarts,
          processStart: pid === null ? null : (identify(pid)?.start ?? null),
          limits,
        },
      ],
    };
    const file = join(dir, "deployment.json");
    await writeFile(`${file}.new`, JSON.stringify(deployment));
    await rename(`${file}.new`, file);
    return file;
  }

  it("are followed through a kill and a restart; the readings between are lost, the restart is seen", async () => {
    await using first = await TestProcess.start();
    const file = await write({ pid: first.pid, restarts: 0 });
    const found = await discoverDeployment({ cwd: dir, file });
    const samples: ResourceSample[] = [];
    const sampler = createSampler({
      services: found?.services ?? [],
      intervalMs: 60_000,
      onSample: (sample) => samples.push(sample),
    });
    await sampler.edge();

    await first.kill();
    // killed, and the supervisor has not noticed yet; then it has
    await sampler.edge();
    await write({ pid: null, restarts: 0 });
    await sampler.edge();

    await using second = await TestProcess.start();
    await second.order("burn 200");
    await write({ pid: second.pid, restarts: 1 });
    await sleep(300);
    await sampler.edge();
    await sampler.stop();

    expect(sampler.tallies()).toEqual([{ name: "proxy", taken: 2, lost: 2, restarts: 1, oomKills: null, up: true }]);
    expect(samples.map(({ restarts }) => restarts)).toEqual([0, 1]);
    expect(samples[1]?.rssBytes).toBeGreaterThan(0);
    expect(samples[1]?.cpuCores).toBeGreaterThan(0);
  });

  it("are lost when the deployment is taken down", async () => {
    await using child = await TestProcess.start();
    const file = await write({ pid: child.pid, restarts: 0 });
    const found = await discoverDeployment({ cwd: dir, file });
    const sampler = createSampler({ services: found?.services ?? [], intervalMs: 60_000, onSample: () => {} });
    await sampler.edge();
    await rm(file);
    await sampler.edge();
    await sampler.stop();
    expect(sampler.tallies()[0]).toMatchObject({ taken: 1, lost: 1, up: false });
  });
});

describe("time", () => {
  it("is not the wall clock's: one that is set meanwhile moves no sample and loses none", async () => {
    const samples: ResourceSample[] = [];
    // half a core
    const services = [scripted("a", async () => ({ cpuMs: performance.now() / 2 }))];
    const sampler = createSampler({ services, intervalMs: 300, onSample: (sample) => samples.push(sample) });
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      sampler.start();
      await vi.waitFor(() => expect(samples.length).toBeGreaterThanOrEqual(2));
      vi.setSystemTime(Date.now() + 86_400_000);
      await vi.waitFor(() => expect(samples.length).toBeGreaterThanOrEqual(4));
      vi.setSystemTime(Date.now() - 2 * 86_400_000);
      await vi.waitFor(() => expect(samples.length).toBeGreaterThanOrEqual(6));
      await sampler.stop();
    } finally {
      vi.useRealTimers();
    }
    const steps = samples.slice(1).map(({ atMs }, i) => atMs - (samples[i]?.atMs ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBeLessThan(60_000);
    for (const { cpuCores } of samples.slice(1)) expect(cpuCores === null || (cpuCores > 0 && cpuCores < 1)).toBe(true);
  });

  it("in which the sampler stood still is told as lost readings", async () => {
    const script = `
      import { createSampler } from ${JSON.stringify(new URL("./sampler.ts", import.meta.url).href)};
      const reading = { rssBytes: 1, pssBytes: null, workingSetBytes: null, heapBytes: null, cpuMs: 0, throttledMs: null,
        throttledPeriods: null, fds: 1, sockets: 1, threads: 1, pids: null, restarts: 0, oomKills: null };
      const read = async () => ({ ...reading, cpuAtMs: performance.now() });
      const services = [{ name: "a", limits: {}, source: { kind: "process", read, close: async () => {} } }];
      const sampler = createSampler({ services, intervalMs: 200, onSample: () => console.log("sample") });
      sampler.start();
      process.stdin.once("data", async () => {
        await sampler.stop();
        console.log(JSON.stringify(sampler.tallies()[0]));
        process.exit();
      });
    `;
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const samples = () => output.split("sample\n").length - 1;
    await vi.waitFor(() => expect(samples()).toBeGreaterThanOrEqual(2), { timeout: 20_000 });
    child.kill("SIGSTOP");
    await sleep(2_000);
    child.kill("SIGCONT");
    const before = samples();
    await vi.waitFor(() => expect(samples()).toBeGreaterThan(before + 1), { timeout: 20_000 });
    child.stdin.write("end\n");
    await once(child, "exit");
    const tally = JSON.parse(output.trim().split("\n").at(-1) ?? "");
    // ten were due while it stood still
    expect(tally.lost).toBeGreaterThanOrEqual(8);
    expect(tally.taken).toBe(samples());
  });
});
