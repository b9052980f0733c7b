import { describe, expect, it } from "vitest";
import { GeneratorEvidence } from "./generator.ts";
import type { ThreadLoad } from "./tally.ts";

/** A second of a thread: running, waiting for a CPU and held up, each in percent of it. */
function second(running: number, waiting = 0, heldUp = 0, seconds = 1): ThreadLoad {
  const ms = 10 * seconds;
  return { wallMs: 100 * ms, cpuMs: running * ms, runDelayMs: waiting * ms, stalledMs: heldUp * ms };
}

function reasonsOf(seconds: readonly ThreadLoad[], pacerLagP99Ms: number | null = null, localLimits = 0): string[] {
  const evidence = new GeneratorEvidence(1);
  for (const load of seconds) evidence.add(0, load);
  return evidence.reasons(pacerLagP99Ms, localLimits);
}

const times = (count: number, load: ThreadLoad) => new Array<ThreadLoad>(count).fill(load);
const calm = second(40, 5, 0.4);

describe("the generator was at its limit when", () => {
  it.each<[string, ThreadLoad[]]>([
    ["a thread ran all the time", times(10, second(99))],
    ["it ran or waited for a CPU all the time", times(10, second(30, 68))],
    ["it did for more than a tenth of the time, at the top of a ramp", [...times(8, calm), ...times(2, second(98))]],
    ["it was held up for a fifth of the time, though its CPU figures show nothing", times(10, second(5, 0, 20))],
    ["it was held up now and then, a twelfth of the time", times(60, second(5, 0, 8))],
    ["it was held up by turns", Array.from({ length: 60 }, (_, i) => second(5, 0, i % 2 === 0 ? 0 : 15))],
    ["the whole run was shorter than a second", [second(99, 0, 0, 0.1)]],
    ["a run of two seconds was busy in one and a half", [second(99), second(99, 0, 0, 0.5)]],
    ["intervals are cut where short stages end", times(50, second(99, 0, 0, 0.1))],
  ])("%s", (_, seconds) => {
    expect(reasonsOf(seconds)).toHaveLength(1);
    expect(reasonsOf(seconds)[0]).toMatch(/^generator thread 1 (had no reserve|was held up)/);
  });

  it.each([
    ["pacer lag above 5 ms", 5.1, 0, /pacer lag p\(99\) 5\.1 ms/],
    ["no local ports", null, 3, /3 connections failed for want of local ports/],
  ])("%s", (_, lag, limits, reason) => {
    expect(reasonsOf(times(5, calm), lag, limits)).toEqual([expect.stringMatching(reason)]);
  });

  it("one of two threads was, and names that one", () => {
    const evidence = new GeneratorEvidence(2);
    for (let n = 0; n < 10; n++) {
      evidence.add(0, calm);
      evidence.add(1, second(98));
    }
    expect(evidence.reasons(null, 0)).toEqual([expect.stringMatching(/^generator thread 2 had no reserve in 10 of 10 s/)]);
  });
});

describe("the generator was not when", () => {
  it.each<[string, ThreadLoad[]]>([
    ["it had reserve", times(60, second(80, 5, 1))],
    ["one second in ten was full", [...times(9, calm), second(99)]],
    ["one second of a short run was full", [...times(5, calm), second(99)]],
    ["it was held up once, by the handshakes of all users at the start", [second(90, 0, 40), ...times(5, calm)]],
    ["there was nothing to judge", []],
  ])("%s", (_, seconds) => {
    expect(reasonsOf(seconds)).toEqual([]);
  });

  it("pacer lag was 5 ms", () => {
    expect(reasonsOf(times(5, calm), 5)).toEqual([]);
  });
});

it("tells what each thread cost, also where intervals are too short to be judged", () => {
  const evidence = new GeneratorEvidence(2);
  evidence.add(0, second(50, 10));
  evidence.add(0, second(100, 0, 0, 0.1));
  evidence.add(1, { ...second(20), runDelayMs: null });
  expect(evidence.threadCpu[0]).toBeCloseTo(0.6 / 1.1, 6);
  expect(evidence.threadCpu[1]).toBeCloseTo(0.2, 6);
  expect(evidence.runDelay).toEqual([0.1 / 1.1, 0]);
});
