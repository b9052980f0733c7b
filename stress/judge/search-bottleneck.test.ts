import { describe, expect, test } from "vitest";
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
    const summary = run({ service: { throttled: { ms: 90_000, periods: 800 } } });
    summary.capacity = { ...summary.capacity, bottleneck: "generator", evidence: ["no reserve"] };
    expect(bottleneckOfProbe(summary, "generator")).toEqual({ kind: "generator", evidence: ["no reserve"] });
    // the target broke by so much that the generator cannot have done it: both were short of the same CPU
    expect(bottleneckOfProbe(summary, "fail")).toEqual({
      kind: "target",
      evidence: [expect.stringMatching(/^proxy used/), "no reserve"],
    });
  });
});
