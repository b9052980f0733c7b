import { describe, expect, it } from "vitest";
import { paced } from "./shorten.ts";

const smoke = { mode: "smoke", factor: 1 } as const;

describe("a smoke test", () => {
  it.each([
    ["what is longer lasts 20 s", { rate: "100/s", duration: "10m" }, {}, { rate: "100/s", duration: "20s" }],
    ["stages keep their shape", { stage: ["1m:100/s,2m:100/s", "1m:0/s"] }, {}, { stage: ["5s:100/s", "10s:100/s", "5s:0/s"] }],
    ["what is shorter stays", { vus: "5", duration: "3s" }, {}, { vus: "5", duration: "3s" }],
    ["what the scenario says for it", { vus: "5", duration: "1h" }, { duration: "25s" }, { vus: "5", duration: "25s" }],
    [
      "less load, as long as any",
      { rate: "1000/s", duration: "1h" },
      { vus: "9" },
      { rate: "1000/s", vus: "9", duration: "20s" },
    ],
    ["stages in place of a rate", { rate: "9/s", duration: "1h" }, { stage: ["30s:5/s"] }, { stage: ["30s:5/s"] }],
  ])("%s", (_, words, override, expected) => {
    expect(paced(words, override, smoke)).toEqual(expected);
  });
});

describe("a shortened plan", () => {
  it("has every time multiplied, and nothing of the smoke test", () => {
    const words = { stage: ["1m:10/s", "90s:10/s"], "warm-up": "60s", recovery: "30s" };
    expect(paced(words, { rate: "1/s" }, { mode: "shortened", factor: 0.1 })).toEqual({
      stage: ["6s:10/s", "9s:10/s"],
      "warm-up": "6s",
      recovery: "30s",
    });
  });

  it("is left as it is in full", () => {
    expect(paced({ duration: "1h" }, { duration: "1s" }, { mode: "full", factor: 1 })).toEqual({ duration: "1h" });
  });

  it("is lengthened in full, too", () => {
    const words = { stage: ["1m:10/s", "90s:10/s"], duration: "1h" };
    expect(paced(words, {}, { mode: "full", factor: 2 })).toEqual({ stage: ["2m:10/s", "3m:10/s"], duration: "2h" });
  });
});
