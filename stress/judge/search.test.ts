import { describe, expect, test } from "vitest";
import type { Outcome } from "./probe.ts";
import { type ProbeOrder, Search, type SearchAnswer, type SearchPlan } from "./search.ts";

const plan: SearchPlan = { start: 50, max: 100_000, precision: 0.03 };

interface Made {
  orders: ProbeOrder[];
  answer: SearchAnswer;
}

/**
 * Runs a search against a target that is a function of the order and of the number of probes made before; `answers`: what it
 * answers a second, all where that is not said.
 */
function run(
  target: (order: ProbeOrder, made: number) => Outcome,
  parts: Partial<SearchPlan> = {},
  answers = ({ rate }: ProbeOrder) => rate,
): Made {
  const search = new Search({ ...plan, ...parts });
  const orders: ProbeOrder[] = [];
  for (let step = search.step; "order" in step; ) {
    const { order } = step;
    step = search.observe({ outcome: target(order, orders.length), answeredRps: answers(order) });
    orders.push(order);
  }
  return { orders, answer: (search.step as { answer: SearchAnswer }).answer };
}

const upTo =
  (capacity: number) =>
  ({ rate }: Pick<ProbeOrder, "rate">): Outcome =>
    rate <= capacity ? "pass" : "fail";

const ratesOf = (orders: readonly ProbeOrder[], phase: ProbeOrder["phase"]) =>
  orders.filter((order) => order.phase === phase).map(({ rate }) => Math.round(rate));

describe("on a target that holds still", () => {
  test("climbs by doubling, bisects, tries above, confirms", () => {
    const { orders, answer } = run(upTo(730));
    expect(ratesOf(orders, "climb")).toEqual([50, 100, 200, 400, 800, 800]);
    expect(answer.kind).toBe("found");
    expect(answer.rate).toBeGreaterThan(730 / 1.016);
    expect(answer.rate).toBeLessThanOrEqual(730);
    expect(orders.at(-1)).toMatchObject({ phase: "confirm", rate: answer.rate, attempt: 1 });
    expect(ratesOf(orders, "recheck")).toHaveLength(2);
    expect(orders.length).toBeLessThan(25);
  });

  test.each([50, 51, 99.9, 100, 3210, 99_999])("finds a cliff at %d/s within the precision", (capacity) => {
    const { answer } = run(upTo(capacity));
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / capacity).toBeGreaterThan(1 / 1.03);
    expect(answer.rate).toBeLessThanOrEqual(capacity);
  });

  test("says so when the first load already fails, after a second try", () => {
    const { orders, answer } = run(upTo(49));
    expect(orders.map(({ rate, attempt }) => [rate, attempt])).toEqual([
      [50, 1],
      [50, 2],
    ]);
    expect(answer).toMatchObject({ kind: "first-load-fails", rate: null, bracket: { breaks: { rate: 50, by: "target" } } });
  });

  test("stops at the highest load allowed, confirmed", () => {
    const { orders, answer } = run(upTo(1e9), { max: 300 });
    expect(ratesOf(orders, "climb")).toEqual([50, 100, 200, 300]);
    expect(answer).toMatchObject({ kind: "holds-at-max", rate: 300 });
  });
});

describe("the generator's limit", () => {
  test("is not the target's failure: the answer is a floor just below it", () => {
    const { answer } = run(({ rate }) => (rate <= 1000 ? "pass" : "generator"));
    expect(answer).toMatchObject({ kind: "generator-first", bracket: { breaks: { by: "generator" } } });
    expect((answer.rate as number) / 1000).toBeGreaterThan(0.97);
    expect(answer.reason).toMatch(/^the generator was at its limit at 10\d\d\/s, before the target broke$/);
  });

  test("hides nothing below it: a target that breaks first is found", () => {
    const { answer } = run(({ rate }) => (rate <= 700 ? "pass" : rate > 760 ? "generator" : "fail"));
    expect(answer).toMatchObject({ kind: "found", bracket: { breaks: { by: "target" } } });
  });

  test("at the first load leaves nothing to say", () => {
    expect(run(() => "generator").answer).toMatchObject({ kind: "generator-first", rate: null });
  });

  test("once, in one probe, is tried again", () => {
    const { answer } = run((order, made) => (made === 3 ? "generator" : upTo(730)(order)));
    expect(answer).toMatchObject({ kind: "found" });
  });
});

describe("noise", () => {
  test("one probe hit by a neighbour changes nothing, whichever it is", () => {
    const undisturbed = run(upTo(730));
    for (let hit = 0; hit < undisturbed.orders.length; hit++) {
      const { answer } = run((order, made) => (made === hit ? "fail" : upTo(730)(order)));
      expect([hit, answer]).toEqual([hit, undisturbed.answer]);
    }
  });

  test("a level that failed twice by accident is found out by the probe just above", () => {
    let accidents = 2;
    const { answer } = run((order) => {
      if (order.phase === "climb" && order.rate === 200 && accidents-- > 0) return "fail";
      return upTo(730)(order);
    });
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 730).toBeGreaterThan(1 / 1.03);
  });
});

describe("a target that does not hold still", () => {
  test("a long run that breaks where probes held is stepped down from, and confirmed again", () => {
    const { orders, answer } = run((order) => upTo(order.phase === "confirm" ? 700 : 730)(order));
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 700).toBeGreaterThan(1 / 1.03);
    expect(answer.rate).toBeLessThanOrEqual(700);
    expect(ratesOf(orders, "confirm").length).toBeGreaterThan(2);
  });

  test("far below, the gap that the steps leave is bisected by confirming runs", () => {
    const { answer } = run((order) => upTo(order.phase === "confirm" ? 560 : 730)(order));
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 560).toBeGreaterThan(1 / 1.03);
    expect(answer.rate).toBeLessThanOrEqual(560);
  });

  test("by far, the steps go to what it answers, within bounds", () => {
    const slower = (order: ProbeOrder) => upTo(order.phase === "confirm" ? 560 : 730)(order);
    const blind = run(slower);
    const told = run(slower, {}, ({ rate, phase }) => Math.min(rate, phase === "confirm" ? 560 : 730));
    expect(told.answer.kind).toBe("found");
    expect((told.answer.rate as number) / 560).toBeGreaterThan(1 / 1.03);
    expect(told.answer.rate).toBeLessThanOrEqual(560);
    const [first = 0, second = 0, third = 0] = [...new Set(ratesOf(told.orders, "confirm"))];
    expect(second / first).toBeCloseTo(1 - 0.015, 2);
    expect(third / second).toBeCloseTo(1 - 4 * 0.015, 2);
    expect(ratesOf(told.orders, "confirm").length).toBeLessThan(ratesOf(blind.orders, "confirm").length);
  });

  test("one that collapses under a confirmation, and answers next to nothing, is still found", () => {
    const { answer } = run(
      (order) => upTo(order.phase === "confirm" ? 720 : 730)(order),
      {},
      ({ rate }) => (rate > 720 ? 10 : rate),
    );
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 720).toBeGreaterThan(1 / 1.03);
    expect(answer.rate).toBeLessThanOrEqual(720);
  });

  test("one that gets faster while it is searched is followed up", () => {
    const { answer } = run((order, made) => upTo(made < 8 ? 400 : 1000)(order));
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 1000).toBeGreaterThan(1 / 1.03);
  });

  test("one that sinks under every confirmation gives no answer", () => {
    const { answer } = run((order, made) => upTo(order.phase === "confirm" ? 0 : 730 - made)(order));
    expect(answer).toMatchObject({ kind: "not-converged", rate: null });
  });

  test("a search ends, whatever the outcomes are", () => {
    for (let seed = 1; seed < 400; seed++) {
      let state = seed;
      const { orders } = run(() => {
        state = (state * 48271) % 2147483647;
        return (["pass", "fail", "generator"] as const)[state % 3] as Outcome;
      });
      expect(orders.length).toBeLessThanOrEqual(60);
    }
  });

  test("one that breaks in a band and holds above it is given the load below the band", () => {
    const { answer } = run(({ rate }) => (rate <= 300 || (rate > 500 && rate <= 1200) ? "pass" : "fail"));
    expect(answer.kind).toBe("found");
    expect((answer.rate as number) / 300).toBeGreaterThan(1 / 1.03);
    expect(answer.rate).toBeLessThanOrEqual(300);
  });
});

test("ended while it confirms, it keeps the highest rate that was confirmed", () => {
  const search = new Search(plan);
  let confirmed: number | null = null;
  // a first confirming run breaks and what it steps down to holds: the gap between is still to be searched
  for (let step = search.step; "order" in step && confirmed === null; ) {
    const { order } = step;
    const outcome = upTo(order.phase === "confirm" ? 560 : 730)(order);
    step = search.observe({ outcome, answeredRps: order.rate });
    if (order.phase === "confirm" && outcome === "pass") confirmed = order.rate;
  }
  expect(search.step).toMatchObject({ order: { phase: "confirm" } });
  expect(search.end("interrupted", "interrupted")).toMatchObject({ kind: "interrupted", rate: confirmed });
});

test("cut off by the number of its probes, it keeps it too", () => {
  // every level takes three tries, and confirming runs hold far less than probes
  const { orders, answer } = run(
    (order) => {
      const holds = upTo(order.phase === "confirm" ? 600 : 730)(order) === "pass";
      if (order.attempt === 1) return holds ? "fail" : "generator";
      return holds ? "pass" : "fail";
    },
    { start: 20 },
  );
  const held = orders.filter(({ phase, attempt, rate }) => phase === "confirm" && attempt === 3 && rate <= 600);
  expect(orders).toHaveLength(60);
  expect(answer).toMatchObject({ kind: "not-converged", rate: Math.max(...held.map(({ rate }) => rate)) });
});

test("ended early, it tells what is known", () => {
  const search = new Search(plan);
  for (let i = 0; i < 8; i++) {
    const { order } = search.step as { order: ProbeOrder };
    search.observe({ outcome: upTo(730)(order), answeredRps: order.rate });
  }
  const answer = search.end("interrupted", "interrupted");
  expect(answer).toMatchObject({ kind: "interrupted", rate: null, bracket: { breaks: { rate: 800, by: "target" } } });
  expect(answer.bracket.holds).toBeGreaterThan(560);
});
