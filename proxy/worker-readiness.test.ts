import { expect, test } from "vitest";
import type { Readiness } from "./readiness.ts";
import { mergeReadiness } from "./worker-readiness.ts";

const good: Readiness = { ready: true, checks: { accepting: "ok", upstream: "ok" } };
const noUpstream: Readiness = { ready: false, checks: { accepting: "ok", upstream: "ECONNREFUSED" } };
const leaving: Readiness = { ready: false, checks: { accepting: "draining", upstream: "ok" } };
const from = (answer: Readiness | null, serving = true) => ({ worker: { pid: 7 }, serving, answer });
const whole = { accepting: "ok", workers: "ok", upstream: "ok" };

test.each([
  ["every check holds for every worker", [from(good), from(good)], false, whole],
  ["one worker has a problem", [from(good), from(noUpstream)], false, { ...whole, upstream: "ECONNREFUSED" }],
  ["a worker that retires is no problem", [from(good), from(leaving, false)], false, whole],
  ["a worker does not answer", [from(good), from(null)], false, { ...whole, workers: "no answer from 7" }],
  ["no worker serves", [], false, { accepting: "ok", workers: "none serves" }],
  ["all drain", [from(leaving, false)], true, { accepting: "draining", workers: "none serves", upstream: "ok" }],
])("readiness of all when %s", (_, answers, draining, checks) => {
  const ready = Object.values(checks).every((result) => result === "ok");
  expect(mergeReadiness(answers, draining)).toEqual({ ready, checks });
});
