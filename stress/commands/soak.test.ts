import { describe, expect, it } from "vitest";
import { TestServer } from "../load/test-server.ts";
import { TestCommand } from "../testing/command.ts";
import type { LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";
import { soakDefaults } from "./soak.ts";
import { plainTarget } from "./target-flags.ts";

const flags = {
  out: "soak-summary.json",
  tui: false,
  preset: "users",
  warmUp: "60s",
  rest: "30s",
  before: "30s",
  after: "60s",
};

describe("a soak", () => {
  it.each([
    ["an hour where nobody says otherwise", {}, undefined, 3_600_000],
    ["as long as SOAK_MINUTES says", {}, "90", 5_400_000],
    ["as long as --minutes says, whatever SOAK_MINUTES is", { minutes: "1440" }, "90", 86_400_000],
    ["a part of a minute", { minutes: "0.5" }, undefined, 30_000],
  ])("lasts %s", (_, given, environment, durationMs) => {
    const { load, holdMs } = soakDefaults({ ...flags, ...given }, environment);
    expect(holdMs).toBe(durationMs);
    expect(load).toMatchObject({ model: "closed", stages: [{ durationMs, from: 50, to: 50 }] });
  });

  it("has the reference's objectives, or the plan's at the plan's rate", () => {
    expect(soakDefaults(flags, undefined).thresholds).toEqual(["http_req_failed: rate<0.005", "p(95)<250", "p(99)<500"]);
    const { load, thresholds } = soakDefaults({ ...flags, preset: "rate" }, undefined);
    expect(load).toMatchObject({ model: "open", stages: [{ from: 500, to: 500, durationMs: 3_600_000 }] });
    expect(thresholds).toEqual(["http_req_failed: rate<0.005", "p(50)<50", "p(95)<150", "p(99)<300"]);
  });

  it.each<[string, LoadFlags & { minutes?: string }, object]>([
    ["as it stands", {}, { connections: 50, maxConnections: 500, arrivals: "constant", seed: 1, whenBusy: "wait" }],
    ["with a time", { duration: "20m" }, { stages: [{ durationMs: 1_200_000, from: 500, to: 500 }] }],
    ["with minutes", { minutes: "30" }, { stages: [{ durationMs: 1_800_000, from: 500, to: 500 }] }],
    ["with connections", { vus: "100", maxVus: "200" }, { connections: 100, maxConnections: 200 }],
    [
      "with other arrivals",
      { arrivals: "poisson", seed: "7", whenBusy: "drop" },
      { arrivals: "poisson", seed: 7, whenBusy: "drop" },
    ],
    [
      "with another rate",
      { rate: "900/s", vus: "90" },
      { stages: [{ durationMs: 3_600_000, from: 900, to: 900 }], connections: 90 },
    ],
  ])("at the plan's rate stays an open model %s", (_, given, expected) => {
    const asked = { ...flags, ...given, preset: "rate" };
    const { load } = profileFrom(asked, soakDefaults(asked, undefined), plainTarget("http://127.0.0.1:1"));
    expect(load).toMatchObject({ model: "open", ...expected });
  });

  it("needs no warm-up where it is told so", () => {
    expect(soakDefaults({ ...flags, warmUp: "0s" }, undefined).warmUp).toBeUndefined();
  });
});

describe("bad input is met with one line and 104, and nothing is sent", () => {
  const sample = ["--sample", `self=pid:${process.pid}`];

  it.each<[string, string[], NodeJS.ProcessEnv, RegExp]>([
    ["nothing to sample", [], {}, /judges the memory of services, and none is known: give --sample/],
    ["no number of minutes", ["--minutes", "1h", ...sample], {}, /--minutes "1h": accepted is a number of minutes/],
    ["zero minutes", ["--minutes", "0", ...sample], {}, /--minutes "0"/],
    ["a SOAK_MINUTES that is none", sample, { SOAK_MINUTES: "long" }, /SOAK_MINUTES "long"/],
    ["minutes and a duration", ["--minutes", "1", "--duration", "1m", ...sample], {}, /--minutes contradicts --duration/],
    ["a fixed number of requests", ["-n", "100", ...sample], {}, /-n has no constant load/],
    ["--quick", ["--quick", ...sample], {}, /shortened with --minutes/],
    ["an unknown preset", ["--preset", "day", ...sample], {}, /'day' is invalid.*users, rate/],
    ["users who think at a rate", ["--preset", "rate", "--think", "1s", ...sample], {}, /--think contradicts a rate/],
    [
      "fewer connections than are opened for the plan's rate",
      ["--preset", "rate", "--max-vus", "20", ...sample],
      {},
      /--max-vus 20 is below the 50/,
    ],
    ["no time to watch the services afterwards", ["--after", "0s", ...sample], {}, /--after "0s" is zero/],
    ["a ramp", ["--stage", "30m:50", ...sample], {}, /at a constant load, and no stage holds one/],
    ["too few samples to judge by", ["--sample-every", "5m", ...sample], {}, /"5m" makes 12 readings .* held for 1h/],
    ["samples without an interval", ["--sample-every", "0s", ...sample], {}, /--sample-every "0s" is zero/],
  ])("%s", async (_, args, env, message) => {
    await using server = await TestServer.listen();
    await using command = new TestCommand(["soak", "--base-url", server.url, ...args], { env });
    const { code, stderr } = await command.ended();
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect([code, server.requests]).toEqual([104, 0]);
  });
});
