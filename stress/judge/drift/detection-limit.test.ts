import { expect, test } from "vitest";
import { detectionLimit, foundIn } from "./detection-limit.ts";

test.for([0.02, 0.3, 1, 7.4, 15])(
  "the limit of a judgement that finds leaks from %d MiB a minute on is at most a quarter octave above",
  (edge) => {
    const limit = detectionLimit((perMinute) => (perMinute >= edge ? 0.97 : 0.9));
    expect(limit).toBeGreaterThanOrEqual(edge);
    expect(limit).toBeLessThan(edge * 2 ** 0.2501);
  },
);

test("a leak that is never found has no limit", () => {
  expect(detectionLimit(() => 0.94)).toBeNull();
});

test("a leak that drowns in noise is not found, one that rises out of it is", () => {
  const noise = { sigma: 2, tauS: 10, minutes: 15 };
  expect(foundIn(0.1, noise, 20, 1)).toBeLessThan(0.5);
  expect(foundIn(4, noise, 20, 1)).toBe(1);
});
