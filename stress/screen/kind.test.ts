import { expect, test } from "vitest";
import type { StreamSpec } from "../profile/stream.ts";
import { exampleProfile } from "../report/example-summary.ts";
import { limitMsOf, wordsOf } from "./kind.ts";

const common = { silenceMs: 7000, reconnectMs: 1000 };

test.each<[string, StreamSpec | undefined, "closed" | "open", string[]]>([
  ["requests of users", undefined, "closed", ["requests", "RPS", "latency"]],
  ["requests that are due", undefined, "open", ["requests", "RPS", "response"]],
  ["events", { kind: "sse", ...common, intervalMs: null }, "closed", ["events", "events/s", "gap"]],
  ["events that are due", { kind: "sse", ...common, intervalMs: 1000 }, "closed", ["events", "events/s", "late"]],
  ["messages", { kind: "ws", ...common, intervalMs: 0, bytes: 64 }, "closed", ["messages", "msgs/s", "echo"]],
  ["messages that are due", { kind: "ws", ...common, intervalMs: 1000, bytes: 64 }, "closed", ["messages", "msgs/s", "response"]],
])("figures of %s have their own names", (_, stream, model, words) => {
  const profile = { ...exampleProfile(model), ...(stream && { stream }) };
  expect(Object.values(wordsOf(profile))).toEqual(words);
  expect(limitMsOf(profile)).toBe(stream === undefined ? profile.timeoutMs : 7000);
});
