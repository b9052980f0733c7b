import { describe, expect, it } from "vitest";
import { countsOf, cpuAfterOf, residualOf } from "./comparison.ts";

const mebibyte = 2 ** 20;
const memory = (before: number, after: number) => ({ service: "edge", before: [before * mebibyte], after: [after * mebibyte] });

describe("residualOf", () => {
  it.each([
    ["a tenth of much", 200, 219, "stable"],
    ["more than a tenth of much", 200, 221, "drifting"],
    ["more than a tenth of little, within the floor", 20, 27, "stable"],
    ["beyond the floor", 20, 29, "drifting"],
    ["less than before", 200, 150, "stable"],
  ])("judges %s", (_, before, after, verdict) => {
    expect(residualOf(memory(before, after)).verdict).toBe(verdict);
  });

  it("is invalid where nothing was read", () => {
    expect(residualOf({ service: "edge", before: [], after: [1] })).toMatchObject({
      verdict: "invalid",
      reasons: ["edge: memory was not read before the load"],
    });
  });

  it("says what was found and what is allowed", () => {
    expect(residualOf(memory(200, 240)).reasons).toEqual([
      "edge: memory 240.0 MiB after the load, 200.0 MiB before, allowed 220.0 MiB",
    ]);
  });
});

describe("countsOf", () => {
  it("takes the last connections to close for closed, and what stays open for a leak", () => {
    expect(countsOf("fds", { service: "edge", before: [30, 31], after: [90, 60, 33] }).verdict).toBe("stable");
    expect(countsOf("fds", { service: "edge", before: [30, 31], after: [90, 90, 90] }).verdict).toBe("drifting");
  });

  it.each([
    ["a pool that the warm-up left, once", { before: [100], after: [124] }, "drifting"],
    ["the pool as large as it may be", { before: [100], after: [123] }, "stable"],
    ["both pools of a service between two others, as the warm-up left them", { before: [152], after: [152] }, "stable"],
    ["more than those", { before: [152], after: [161] }, "drifting"],
    ["fewer before than as found", { before: [30], after: [103] }, "drifting"],
  ])("allows for %s", (_, read, verdict) => {
    expect(countsOf("fds", { service: "edge", cold: [50, 51], ...read }, 64).verdict).toBe(verdict);
  });

  it.each([
    ["as found, where that is lower", [51], "edge: number of descriptors 171 after the load, 51 as found, allowed 123"],
    ["before the load elsewhere", [101], "edge: number of descriptors 171 after the load, 100 before"],
    ["before the load where there was no warm-up", [], "edge: number of descriptors 171 after the load, 100 before"],
  ])("says that it compares with %s", (_, cold, reason) => {
    const read = { service: "edge", cold, before: [100], after: [171] };
    expect(countsOf("fds", read, 64).reasons).toEqual([reason]);
  });

  it("holds threads against those that the warm-up started", () => {
    expect(countsOf("threads", { service: "edge", before: [27], after: [35] }).verdict).toBe("stable");
    expect(countsOf("threads", { service: "edge", before: [27], after: [36] }).verdict).toBe("drifting");
  });

  it("allows for connections kept on purpose", () => {
    expect(countsOf("sockets", { service: "edge", before: [10], after: [74] }, 64).verdict).toBe("stable");
    expect(countsOf("sockets", { service: "edge", before: [10], after: [83] }, 64).verdict).toBe("drifting");
  });
});

describe("cpuAfterOf", () => {
  it("finds a spin, and does not take one busy second for it", () => {
    expect(cpuAfterOf({ service: "edge", before: [0.01], after: [1, 0.99, 1, 1] }).verdict).toBe("drifting");
    expect(cpuAfterOf({ service: "edge", before: [0.01], after: [0.9, 0.01, 0.02, 0.01] }).verdict).toBe("stable");
  });

  it("finds what spins since the warm-up, and says that it was idle as found", () => {
    const { verdict, reasons } = cpuAfterOf({ service: "edge", cold: [0.01], before: [1], after: [1] });
    expect([verdict, reasons]).toEqual([
      "drifting",
      ["edge: CPU 1.00 cores after the load, 0.01 cores as found, allowed 0.11 cores"],
    ]);
  });
});
