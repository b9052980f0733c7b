import { expect, test } from "vitest";
import { ClockWatch } from "./clock-watch.ts";

test("clocks that go together say nothing, nor does one that is slewed for a day", () => {
  const watch = new ClockWatch(1_000_000, 0);
  for (let second = 1; second <= 86_400; second++) {
    expect(watch.step(1_000_000 + second * 1000.5, second * 1000)).toBeNull();
  }
});

test("a suspended machine is told once, with how long", () => {
  const watch = new ClockWatch(1_000_000, 0);
  expect(watch.step(1_001_000, 1000)).toBeNull();
  expect(watch.step(1_002_000 + 7_200_000, 2000)).toMatch(/suspended for 2 h, or its clock was set forward/);
  expect(watch.step(1_003_000 + 7_200_000, 3000)).toBeNull();
});

test("a clock that is set back is told, too", () => {
  const watch = new ClockWatch(1_000_000, 0);
  expect(watch.step(1_001_000 - 90_000, 1000)).toMatch(/set back by 1 min 30 s/);
});
