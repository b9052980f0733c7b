import { describe, expect, test } from "vitest";
import type { SearchLevel } from "../measure/search-summary.ts";
import type { ServiceResources, Summary } from "../measure/summary.ts";
import { exampleSummary } from "../report/example-summary.ts";
import { bottleneckOfProbe } from "./search-bottleneck.ts";

const mebibyte = 2 ** 20;

/** A run on an open model in which nothing was exhausted, but for what a case says. */
function run(parts: { service?: Partial<ServiceResources>; blocked?: number; users?: number } = {}): Summary {
  const summary = exampleSummary({ model: "open" });
  const [proxy, ...others] = summary.resources as [ServiceResources, ...ServiceResources[]];
  const vus = { type: "gauge" as const, contains: "default" as const };
  const users = parts.users ?? 50;
  return {
    ...summary,
    capacity: { ...summary.capacity, bottleneck: "none", evidence: ["nothing ran out of CPU"] },
    resources: [{ ...proxy, throttled: null, ...parts.service }, ...others.map((each) => ({ ...each, throttled: null }))],
    generator: { ...summary.generator, offered: 1000, blocked: parts.blocked ?? 0 },
    metrics: { ...summary.metrics, vus_max: { ...vus, values: { value: users, min: users, max: users } } },
  };
}

describe("a probe ran out of", () => {
  test("nothing that was looked at", () => {
    expect(bottleneckOfProbe(run(), "pass")).toEqual({ kind: "none", evidence: ["nothing ran out of CPU"] });
  });

  test("its CPU quota, when it was throttled, whatever its mean use", () => {
    const limits = { cpus: 0.5, memoryBytes: null, enforced: true };
    const found = bottleneckOfProbe(run({ service: { throttled: { ms: 90_000, periods: 800 }, limits } }), "fail");
    expect(found).toEqual({
      kind: "target",
      evidence: ["proxy was throttled for 90000 ms by its quota of 0.5 CPUs, in 800 periods"],
    });
  });

  test("memory, when an enforced limit is nearly reached", () => {
    const limits = { cpus: null, memoryBytes: 120 * mebibyte, enforced: true };
    expect(bottleneckOfProbe(run({ service: { limits } }), "fail")).toEqual({
      kind: "memory",
      evidence: ["proxy used 112 of its 120 MiB"],
    });
    expect(bottleneckOfProbe(run({ service: { limits: { ...limits, enforced: false } } }), "fail").kind).toBe("none");
  });

  test("connections, when all that are allowed were busy", () => {
    expect(bottleneckOfProbe(run({ blocked: 300, users: 100 }), "fail")).toMatchObject({
      kind: "connections",
      evidence: [
        "all 100 connections that --max-vus allows were busy when 30 % of the arrivals were due",
        "nothing ran out of CPU",
      ],
    });
    expect(bottleneckOfProbe(run({ blocked: 300, users: 60 }), "fail").kind).toBe("none");
  });

  test("the generator, before anything else", () => {
    const summary = lateRun({});
    expect(bottleneckOfProbe(summary, "generator")).toEqual({ kind: "generator", evidence: ["pacer lag p(99) 6.8 ms"] });
  });
});

/** A probe whose generator was late, before a target whose services had CPU to spare. */
function lateRun({
  hostBusy = 0.82,
  steal = 0,
  cores = 0.8,
  throttledMs = 0,
}: {
  hostBusy?: number | null;
  steal?: number | null;
  cores?: number;
  throttledMs?: number;
}): Summary {
  const throttled = { ms: throttledMs, periods: 800 };
  const { cpu } = exampleSummary().resources[0] as ServiceResources;
  const summary = run({ service: { throttled, cpu: { ...cpu, steadyCores: cores } } });
  summary.capacity = { ...summary.capacity, bottleneck: "generator", evidence: ["pacer lag p(99) 6.8 ms"] };
  summary.generator = { ...summary.generator, steal, hostBusy };
  return summary;
}

describe("where the target broke and the generator was late, the probe ran out of", () => {
  const busy = "host CPU 82 % busy on 2 cores";
  const spare = "no sampled service ran out of CPU";
  const late = "pacer lag p(99) 6.8 ms";

  test.each<[string, Parameters<typeof lateRun>[0], SearchLevel["bottleneck"]]>([
    [
      "what a service used up",
      { cores: 0.97 },
      { kind: "target", evidence: ["proxy used 0.97 cores: all that one event loop can", late] },
    ],
    [
      "its CPU quota",
      { throttledMs: 90_000 },
      { kind: "target", evidence: ["proxy was throttled for 90000 ms by its quota of 4 CPUs, in 800 periods", late] },
    ],
    [
      "the host, when its cores were busy",
      { hostBusy: 0.93 },
      { kind: "host", evidence: ["host CPU 93 % busy on 2 cores, shared by generator and target", late] },
    ],
    [
      "the host, when its hypervisor took the CPU",
      { steal: 0.11 },
      { kind: "host", evidence: ["hypervisor took 11 % of the CPU time", late] },
    ],
    ["nothing known, when the host was not busy", {}, { kind: "none", evidence: [spare, busy, late] }],
    [
      "nothing known, when nobody knows how busy the host was",
      { hostBusy: null, steal: null },
      { kind: "none", evidence: [spare, late] },
    ],
  ])("%s", (_, parts, bottleneck) => {
    expect(bottleneckOfProbe(lateRun(parts), "fail")).toEqual(bottleneck);
  });

  test("what nobody knows, when nothing was sampled", () => {
    const summary = { ...lateRun({ hostBusy: null, steal: null }), resources: [] };
    expect(bottleneckOfProbe(summary, "fail")).toEqual({ kind: "unknown", evidence: ["no resources were sampled", late] });
  });
});
