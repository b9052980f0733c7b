import { describe, expect, it } from "vitest";
import type { Target } from "../profile/profile.ts";
import type { LoadFlags } from "./load-flags.ts";
import { profileFrom } from "./load-profile.ts";

const target: Target = {
  baseUrl: "http://localhost:1",
  address: null,
  serverName: null,
  caFile: null,
  certFile: null,
  keyFile: null,
  insecure: false,
};
const profile = (flags: LoadFlags) => {
  const load = { model: "closed" as const, stages: [{ durationMs: 1000, from: 0, to: 50 }], thinkTime: null };
  return profileFrom(flags, { scenario: "throughput", load, settle: { beforeMs: 0, afterMs: 0 } }, target);
};

const two = { class: ["readers weight=3 think=1s-3s", "writers"], request: ["GET /a class=readers", "POST /b class=writers"] };

describe("a mix", () => {
  it("has weights and pauses, those of --think where a class has none of its own", () => {
    const { classes, requests } = profile({ ...two, vus: "8", think: "5s" });
    expect(classes).toEqual([
      { name: "readers", weight: 3, thinkTime: { minMs: 1000, maxMs: 3000 } },
      { name: "writers", weight: 1, thinkTime: { minMs: 5000, maxMs: 5000 } },
    ]);
    expect(requests.map(({ class: name }) => name)).toEqual(["readers", "writers"]);
  });

  it("spawns its users one by one", () => {
    const { load } = profile({ ...two, vus: "4000", spawnRate: "200/s", duration: "1m" });
    expect(load).toMatchObject({
      stages: [
        { durationMs: 20_000, from: 0, to: 4000 },
        { durationMs: 60_000, from: 4000, to: 4000 },
      ],
    });
  });

  it("has objectives of a class, and of a route of a class", () => {
    const threshold = ["http_req_failed{class:readers}: rate<0.01", "http_req_duration{class:writers,route:/b}: p(95)<300"];
    expect(Object.keys(profile({ ...two, vus: "8", threshold }).thresholds)).toEqual([
      "http_req_failed{class:readers}",
      "http_req_duration{route:/b,class:writers}",
    ]);
  });

  it.each<[string, LoadFlags, string]>([
    [
      "an objective of a class that there is not",
      { threshold: ["http_reqs{class:x}: count>0"] },
      "this run has readers, writers",
    ],
    ["a request without a class", { request: ["GET /a class=readers", "GET /b"] }, "has no class: add class=readers"],
    ["a request of no known class", { request: ["GET /a class=x"] }, 'the class "x": there are readers, writers'],
    ["a class without requests", { request: ["GET /a class=readers"] }, '"writers" has nothing to send'],
    ["a class twice", { class: ["readers", "readers"] }, "given twice"],
    ["a weight of nothing", { class: ["readers weight=0", "writers"] }, 'weight "0" is not a number above zero'],
    ["a word that is none", { class: ["readers wait=3", "writers"] }, "accepted is 'NAME [weight=N]"],
    ["a pause that is none", { class: ["readers think=soon", "writers"] }, '--class "readers" think "soon"'],
    ["too few users", { class: ["readers weight=100", "writers"], vus: "2" }, '"writers" gets none of 2 users'],
    ["pauses at a rate", { vus: "10", rate: "5/s" }, "think contradicts a rate"],
    ["streams", { request: undefined as never, sse: true }, "streams are of one kind"],
    ["a spawn rate beside stages", { vus: undefined as never, stage: ["1m:50"], spawnRate: "5/s" }, "--spawn-rate is how fast"],
  ])("is refused with %s", (_, flags, message) => {
    const given = Object.fromEntries(Object.entries({ vus: "8", ...two, ...flags }).filter(([, value]) => value !== undefined));
    expect(() => profile(given)).toThrow(message);
  });

  it("is refused where requests have classes and nobody else does", () => {
    expect(() => profile({ request: ["GET /a class=x"], vus: "1" })).toThrow("give --class 'x weight=1'");
  });
});
