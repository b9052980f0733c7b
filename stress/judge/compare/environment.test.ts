import { describe, expect, test } from "vitest";
import type { Summary } from "../../measure/summary.ts";
import type { Profile, RequestSpec } from "../../profile/profile.ts";
import { redactProfile } from "../../profile/redact.ts";
import { loadHash } from "../../profile/sent.ts";
import { b, compare, group } from "../../testing/comparisons.ts";

describe("what is compared", () => {
  test("a service that only one side has is said to be missing; the sums are compared then", () => {
    const withoutBackend = (summary: Summary): Summary => ({ ...summary, resources: summary.resources.slice(0, 1) });
    const { figures, missing } = compare([group("a"), b({ change: withoutBackend })]);
    expect(figures.map(({ key }) => key)).toEqual(expect.arrayContaining(["cpu_per_request", "memory"]));
    expect(figures.map(({ key }) => key)).not.toContain("memory proxy");
    expect(missing).toEqual([]);
    expect(compare([group("a"), b({ change: (summary) => ({ ...summary, resources: [] }) })]).missing).toEqual([
      { key: "cpu_per_request", lackedBy: ["b"] },
      { key: "memory", lackedBy: ["b"] },
    ]);
  });

  test("only the figures asked for, which then need no correction for the others", () => {
    const { figures } = compare([group("a"), b()], { keys: ["http_req_duration p(95)"] });
    expect(figures.map(({ key }) => key)).toEqual(["http_req_duration p(95)"]);
  });

  test.each([
    [
      "another host",
      (s: Summary) => ({ ...s, environment: { ...s.environment, host: { ...s.environment.host, cores: 64 } } }),
      "host",
    ],
    [
      "another topology",
      (s: Summary) => ({
        ...s,
        environment: { ...s.environment, deployment: { topology: "nginx", mode: "docker", services: [] } },
      }),
      "topology",
    ],
    [
      "another duration",
      (s: Summary) =>
        ({
          ...s,
          profile: { ...s.profile, load: { ...s.profile.load, stages: [{ durationMs: 9000, from: 50, to: 50 }] } },
        }) as Summary,
      "load",
    ],
    [
      "an open model in place of a closed one",
      (s: Summary): Summary => ({
        ...s,
        profile: {
          ...s.profile,
          load: {
            model: "open",
            stages: [{ durationMs: 30_000, from: 50, to: 50 }],
            arrivals: "constant",
            seed: 1,
            whenBusy: "wait",
            connections: 50,
            maxConnections: 50,
          },
        },
      }),
      "load",
    ],
    [
      "another path",
      (s: Summary) => ({
        ...s,
        profile: { ...s.profile, requests: s.profile.requests.map((each) => ({ ...each, path: "/work" })) },
      }),
      "requests",
    ],
  ])("%s stands in the way", (_, change, what) => {
    const { differences } = compare([group("a"), b({ change })]);
    expect(differences.filter(({ blocking }) => blocking).map((each) => each.what)).toContain(what);
  });

  describe("what was sent, as it is stored", () => {
    const stored =
      (request: Partial<RequestSpec>, more: Partial<Profile> = {}) =>
      (summary: Summary): Summary => {
        const requests = summary.profile.requests.map((each) => ({ ...each, ...request }));
        const profile = { ...summary.profile, requests, ...more };
        return {
          ...summary,
          profile: redactProfile(profile),
          metadata: { ...summary.metadata, loadHash: loadHash(profile) },
        };
      };
    const withoutHash = (change: (summary: Summary) => Summary) => (summary: Summary) => {
      const { loadHash: _, ...metadata } = change(summary).metadata;
      return { ...change(summary), metadata };
    };
    const differing = (a: (summary: Summary) => Summary, other: (summary: Summary) => Summary) =>
      compare([group("a", { change: a }), b({ change: other })]).differences.map(({ what, blocking }) => [what, blocking]);
    const classes = (weight: number, minMs = 1000) => ({
      classes: [
        { name: "reader", weight: 1, thinkTime: { minMs, maxMs: 2000 } },
        { name: "writer", weight, thinkTime: null },
      ],
    });
    const stream = (intervalMs: number): Partial<Profile> => ({
      stream: { kind: "ws", silenceMs: 10_000, reconnectMs: 1000, intervalMs, bytes: 64 },
    });

    test.each<[string, (summary: Summary) => Summary, (summary: Summary) => Summary, string]>([
      ["another number in the query", stored({ path: "/work?cpuUs=20" }), stored({ path: "/work?cpuUs=20000" }), "requests"],
      ["another hidden value", stored({ path: "/find?q=a" }), stored({ path: "/find?q=b" }), "redacted values of requests"],
      [
        "a hidden value that one side tells nothing of",
        withoutHash(stored({ path: "/find?q=a" })),
        stored({ path: "/find?q=a" }),
        "redacted values of requests",
      ],
      ["another weight of a class", stored({}, classes(1)), stored({}, classes(9)), "classes of users"],
      ["another think time of a class", stored({}, classes(1)), stored({}, classes(1, 10)), "classes of users"],
      ["another interval of messages", stored({}, stream(1000)), stored({}, stream(10)), "streams"],
      [
        "another class and a hidden value, told once",
        stored({ path: "/find?q=a" }, classes(1)),
        stored({ path: "/find?q=b" }, classes(2)),
        "classes of users",
      ],
    ])("%s stands in the way", (_, one, other, what) => {
      expect(differing(one, other)).toEqual([[what, true]]);
    });

    test.each<[string, (summary: Summary) => Summary, (summary: Summary) => Summary]>([
      ["the same hidden value", stored({ path: "/find?q=a" }), stored({ path: "/find?q=a" })],
      ["a token that was renewed", stored({ path: "/find?q=a&token=x" }), stored({ path: "/find?q=a&token=y" })],
      ["nothing hidden, and one side without a digest", withoutHash(stored({})), stored({})],
    ])("%s does not", (_, one, other) => {
      expect(differing(one, other)).toEqual([]);
    });
  });

  test("another address, kernel or seed does not", () => {
    const change = (s: Summary): Summary => ({
      ...s,
      profile: { ...s.profile, target: { ...s.profile.target, baseUrl: "https://other" } },
      environment: { ...s.environment, host: { ...s.environment.host, kernel: "7.0.0" } },
    });
    const { differences } = compare([group("a"), b({ change })]);
    expect(differences.map(({ what, blocking }) => [what, blocking])).toEqual([
      ["target", false],
      ["kernel", false],
    ]);
  });
});
