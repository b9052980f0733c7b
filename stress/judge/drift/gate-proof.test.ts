import { describe, expect, it } from "vitest";
import { Designs } from "./design.ts";
import { gateOn } from "./gate-proof.ts";

const designs = new Designs(64);
const seeds = Array.from({ length: 6 }, (_, i) => i + 1);

describe("a whole gate over three services", () => {
  it("raises no alarm where nothing drifts, and says how many checks share the false alarms", () => {
    const gates = seeds.map((seed) => gateOn({ minutes: 60, seed }, designs));
    expect(gates.filter(({ verdict }) => verdict === "drifting")).toHaveLength(0);
    expect(gates[0]?.statisticalChecks).toBe(8);
  });

  it("fails a p99 that doubles over the hour, under noise that remembers for two minutes", () => {
    const gates = seeds.map((seed) => gateOn({ minutes: 60, seed, latency: { factor: 2, sigma: 0.1, tauS: 120 } }, designs));
    for (const { checks } of gates) expect(checks.find(({ check }) => check === "latency")?.verdict).toBe("drifting");
  });
});
