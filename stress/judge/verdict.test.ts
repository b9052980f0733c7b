import { describe, expect, it } from "vitest";
import type { Finding } from "./drift/gate.ts";
import { type VerdictFacts, verdictOf } from "./verdict.ts";

const facts: VerdictFacts = {
  failedThresholds: [],
  aborted: [],
  interrupted: false,
  isPaced: false,
  generatorReasons: [],
  hasLocalFailures: false,
  services: [],
  requests: 100,
  drift: [],
};
const service = { name: "proxy", restarts: 0, oomKills: 0, running: true, samples: { taken: 100, lost: 0 } };
const finding = (check: Finding["check"], verdict: Finding["verdict"]): Finding => ({
  check,
  service: "proxy",
  verdict,
  reasons: [`${check} ${verdict}`],
});
const latency = { text: "p(95)<250", isLatency: true };
const failures = { text: "rate<0.01", isLatency: false };
const saturated = ["no reserve"];

describe("a verdict", () => {
  it.each<[string, Partial<VerdictFacts>, string, number, string[]]>([
    ["of a run in which everything held", {}, "pass", 0, []],
    ["of a failed threshold", { failedThresholds: [failures] }, "fail", 99, ["rate<0.01"]],
    ["of a run that made no request", { requests: 0 }, "fail", 99, ["no request was made"]],
    [
      "of a service that restarted",
      { services: [{ ...service, restarts: 2 }] },
      "fail",
      99,
      ["proxy restarted 2 times during the run"],
    ],
    [
      "of a service killed for memory",
      { services: [{ ...service, oomKills: 1 }] },
      "fail",
      99,
      ["proxy was killed for memory during the run"],
    ],
    [
      "of a service that was down at the end",
      { services: [{ ...service, running: false }] },
      "fail",
      99,
      ["proxy was down at the end of the run"],
    ],
    [
      "of a service of which a third of the samples was lost",
      { services: [{ ...service, samples: { taken: 200, lost: 100 } }] },
      "invalid",
      111,
      ["100 of 300 resource samples of proxy were lost"],
    ],
    [
      "of failures of a closed run, some of them this machine's own",
      { failedThresholds: [failures], generatorReasons: saturated, hasLocalFailures: true },
      "undecided",
      111,
      ["rate<0.01: undecided, since the generator was at its limit"],
    ],
    [
      "of an open run whose generator was at its limit",
      { isPaced: true, generatorReasons: saturated },
      "invalid",
      111,
      saturated,
    ],
    ["of a closed run whose generator was, and all held", { generatorReasons: saturated }, "pass", 0, []],
    [
      "of a closed run whose generator was, and latency did not hold",
      { generatorReasons: saturated, failedThresholds: [latency] },
      "undecided",
      111,
      ["p(95)<250: undecided, since the generator was at its limit"],
    ],
    ["of a rule that ended the run", { aborted: ["rate>0.5 for 5 s"] }, "aborted", 99, ["aborted: rate>0.5 for 5 s"]],
    [
      "of an interrupted run",
      { interrupted: true, requests: 0 },
      "interrupted",
      105,
      ["interrupted before the end of the profile"],
    ],
  ])("%s", (_, given, verdict, exitCode, reasons) => {
    expect(verdictOf({ ...facts, ...given })).toEqual({ verdict, exitCode, reasons });
  });
});

describe("drift", () => {
  it.each<[string, Finding[], Partial<VerdictFacts>, string, number]>([
    ["that is none passes", [finding("memory", "stable"), finding("latency", "stable")], {}, "pass", 0],
    ["of memory fails", [finding("memory", "drifting")], {}, "fail", 99],
    [
      "that a longer run must decide is undecided",
      [finding("memory", "undecided"), finding("fds", "stable")],
      {},
      "undecided",
      111,
    ],
    ["without a basis is invalid", [finding("residual", "invalid")], {}, "invalid", 111],
    [
      "that is proved fails, whatever is undecided beside it",
      [finding("memory", "undecided"), finding("cpu-after", "drifting")],
      {},
      "fail",
      99,
    ],
    [
      "that is undecided takes no failed threshold back",
      [finding("memory", "undecided")],
      { failedThresholds: [failures] },
      "fail",
      99,
    ],
    [
      "that is undecided since a rule ended the run leaves it a failure",
      [finding("memory", "undecided")],
      { aborted: ["rate>0.5 for 5 s"] },
      "aborted",
      99,
    ],
    [
      "that could not be read after the load since a rule ended the run leaves it a failure",
      [finding("cpu-after", "invalid"), finding("residual", "invalid")],
      { aborted: ["rate>0.5 for 5 s"] },
      "aborted",
      99,
    ],
    [
      "that is proved in a run that a rule ended leaves it aborted",
      [finding("memory", "undecided"), finding("fds", "drifting")],
      { aborted: ["rate>0.5 for 5 s"] },
      "aborted",
      99,
    ],
    ["of latency is the target's where the generator had reserves", [finding("latency", "drifting")], {}, "fail", 99],
    [
      "of latency is nobody's where it had none",
      [finding("latency", "drifting")],
      { generatorReasons: saturated },
      "undecided",
      111,
    ],
    ["of memory stays the target's there", [finding("memory", "drifting")], { generatorReasons: saturated }, "fail", 99],
  ])("%s", (_, drift, given, verdict, exitCode) => {
    expect(verdictOf({ ...facts, ...given, drift })).toMatchObject({ verdict, exitCode });
  });

  it("that cannot be told of a service that died, nor its lost samples, is no doubt about the run: its death is the finding", () => {
    const services = [{ ...service, running: false, samples: { taken: 50, lost: 50 } }];
    const drift = [finding("memory", "invalid"), finding("residual", "invalid"), finding("fds", "undecided")];
    expect(verdictOf({ ...facts, services, drift })).toEqual({
      verdict: "fail",
      exitCode: 99,
      reasons: ["proxy was down at the end of the run"],
    });
  });

  it("names what failed, and leaves out what is merely unknown", () => {
    const drift = [finding("memory", "undecided"), finding("fds", "drifting"), finding("threads", "stable")];
    expect(verdictOf({ ...facts, drift }).reasons).toEqual(["fds drifting"]);
  });
});
