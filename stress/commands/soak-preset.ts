import type { Load } from "../profile/profile.ts";

/** A load held for a time, and what must hold meanwhile. Rules without a metric are about latency. */
export interface Preset {
  load(holdMs: number): Load;
  thresholds: readonly string[];
}

const hold = (level: number, durationMs: number) => [{ durationMs, from: level, to: level }];

/** Soaks by name. */
export const presets: Readonly<Record<string, Preset>> = {
  /** The reference's soak: as many users as hold a session at a time, each as fast as it is answered. */
  users: {
    load: (holdMs) => ({ model: "closed", stages: hold(50, holdMs), thinkTime: null }),
    thresholds: ["http_req_failed: rate<0.005", "p(95)<250", "p(99)<500"],
  },
  /** The test plan's service level: latency at a fixed rate, for an hour. */
  rate: {
    load: (holdMs) => ({
      model: "open",
      stages: hold(500, holdMs),
      arrivals: "constant",
      seed: 1,
      whenBusy: "wait",
      connections: 50,
      maxConnections: 500,
    }),
    thresholds: ["http_req_failed: rate<0.005", "p(50)<50", "p(95)<150", "p(99)<300"],
  },
};
