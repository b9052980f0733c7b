import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import type { RunEvent } from "../measure/event.ts";
import { exampleRun } from "../screen/example-run.ts";
import { exampleProfile, exampleSummary } from "./example-summary.ts";
import { printRun } from "./progress.ts";
import { renderText } from "./text.ts";

const options = { width: 80, color: false };

async function* eventsOf(seconds: readonly RunEvent[][]): AsyncGenerator<RunEvent> {
  for (const second of seconds) yield* second;
}

async function printed(seconds: readonly RunEvent[][]): Promise<string> {
  const out = new PassThrough();
  const all = text(out);
  await printRun(eventsOf(seconds), out, options);
  out.end();
  return all;
}

test("a line every five seconds and at each phase, then the final screen", async () => {
  const summary = exampleSummary();
  const output = await printed(exampleRun({ profile: exampleProfile(), summary }));
  const end = renderText(summary, { ...options, files: ["summary.json"] });
  expect(output.endsWith(`\n\n${end}`)).toBe(true);
  expect(`\n${output.split("\n").slice(0, 12).join("\n")}\n`).toMatchInlineSnapshot(`
    "
    plimsoll  throughput  https://localhost:9443/health  (node, 2 cores)
    00:00  reading the services at rest
    00:03  ramp 0 → 50 users
    00:04 / 04:13     2 users     193 RPS  p50 3.22 ms  p95 5.80 ms  p99 9.02 ms        193 requests  0 failed
    00:09 / 04:13    10 users     733 RPS  p50 4.71 ms  p95 8.48 ms  p99 12.6 ms      3,860 requests  0 failed
    00:14 / 04:13    18 users   1,648 RPS  p50 5.22 ms  p95 9.40 ms  p99 13.2 ms     12,098 requests  0 failed
    00:19 / 04:13    27 users   2,584 RPS  p50 5.21 ms  p95 9.38 ms  p99 14.4 ms     25,017 requests  0 failed
    warning: the host has 2 cores for the generator and the target: both slow each other down
    00:24 / 04:13    35 users   3,482 RPS  p50 6.54 ms  p95 11.8 ms  p99 18.0 ms     42,426 requests  0 failed
    00:29 / 04:13    43 users   4,384 RPS  p50 7.49 ms  p95 13.5 ms  p99 19.0 ms     64,346 requests  0 failed
    00:33  hold 50 users
    00:34 / 04:13    50 users   5,015 RPS  p50 7.23 ms  p95 13.0 ms  p99 19.6 ms     89,423 requests  0 failed
    "
  `);
});

test("dropped arrivals, failing objectives and a generator at its limit are told on the line", async () => {
  const summary = exampleSummary({ outcome: "invalid" });
  const run = exampleRun({ profile: exampleProfile("open"), summary, saturated: true, failsFromS: 1 });
  const lines = (await printed(run)).split("\n");
  expect(lines[4]).toMatchInlineSnapshot(
    `"00:09 / 04:13     500/s offered     500 RPS  p50 8.91 ms  p95 16.0 ms  p99 33.3 ms      3,000 requests  115 failed  0 dropped  generator AT ITS LIMIT  1 of 3 thresholds failing"`,
  );
});

test("a reader that went away is survived, and the run read to its end", async () => {
  const out = new PassThrough();
  const seconds = exampleRun({ profile: exampleProfile(), summary: exampleSummary() });
  let read = 0;
  async function* counted(): AsyncGenerator<RunEvent> {
    for await (const event of eventsOf(seconds)) {
      read += 1;
      if (read === 10) out.destroy(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      yield event;
    }
  }
  await printRun(counted(), out, options);
  expect(read).toBe(seconds.flat().length);
});

test("a run that breaks rejects with its error", async () => {
  async function* broken(): AsyncGenerator<RunEvent> {
    yield { type: "warning", message: "soon" };
    throw new Error("worker died");
  }
  await expect(printRun(broken(), new PassThrough().resume(), options)).rejects.toThrow("worker died");
});
