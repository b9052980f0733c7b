import stringWidth from "string-width";
import { describe, expect, test } from "vitest";
import { exampleProfile, exampleSummary } from "../report/example-summary.ts";
import { type ExampleRunOptions, exampleRun } from "../screen/example-run.ts";
import { themeFor } from "../screen/theme.ts";
import { liveFrame } from "./frame.ts";
import { advance, initialState, type RunState } from "./run-state.ts";

const services = ["proxy", "backend", "edge"];

/** The state of an example run after `seconds`. */
function stateAt(seconds: number, options: Partial<ExampleRunOptions> = {}): RunState {
  const run = exampleRun({ profile: exampleProfile(), summary: exampleSummary(), services, ...options });
  return run
    .slice(0, seconds + 1)
    .flat()
    .reduce(advance, initialState);
}

function frame(state: RunState, columns: number, rows: number): string {
  return `\n${liveFrame(state, state.atMs, rows, { width: columns, theme: themeFor(false) }).join("\n")}\n`;
}

describe("the live screen", () => {
  test("at 80×24, with failures, three services and three objectives", () => {
    expect(frame(stateAt(120, { failsFromS: 60 }), 80, 24)).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ▸ hold 50 users  stage 2 of 4                                    02:00 / 04:13
       progress          47 %  ━━━━━━━━━━━━━━━━━━━─────────────────────    02:13 left
       users               50  ▁▃▄▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                             max 50
       requests/s       4,751  ▁▂▄▅▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                          max 5,295
       latency  p50   8.49 ms  ▅▅▅▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                        max 8.98 ms
                p95   15.3 ms  ▅▅▅▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                        max 16.2 ms
                p99   24.1 ms  ▅▅▅▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                        max 26.0 ms
       ✗ failed/s         182           ▂▇▆▇▇▆▆▇▇▆                            max 333
       requests 519,256   failed 10,587      opened 50          slowest 61.0 ms
       ✗ 2.04 % failed: status-5xx 7,940 · timeout 2,647

       service          rss MiB    before    change          cpu  limit
       proxy              110.1      96.0   +14.7 %   1.02 cores  4 cores · 2 GiB
       backend             86.0      71.0   +21.1 %   0.69 cores  not enforced
       edge                61.9      46.0   +34.6 %   0.37 cores  2 cores · 683 MiB
       generator           88.0                       0.44 cores  not the limit

       ✗ failed < 1 %               2.04 %    ✓ p(95) successes < 250 ms  15.3 ms
       ✓ p(99) successes < 500 ms  24.1 ms
       ! the host has 2 cores for the generator and the target: both slow each other…
       Ctrl-C stops early and still prints what was measured
      "
    `);
  });

  test("at 80×24, in the open model with the generator at its limit", () => {
    const state = stateAt(60, { profile: exampleProfile("open"), saturated: true });
    expect(frame(state, 80, 24)).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ▸ hold 500 requests/s                                            01:00 / 04:13
       progress          23 %  ━━━━━━━━━╸──────────────────────────────    03:13 left
       offered/s          500  ▇▇▇▇▇▇▇▇▇▇                                     max 500
       requests/s         500  ▇▇▇▇▇▇▇▇▇▇                                     max 500
       response p50   8.94 ms  ▇▇▇▇▇▇▇▇▇▇                                 max 9.98 ms
                p95   16.1 ms  ▇▇▇▇▇▇▇▇▇▇                                 max 18.0 ms
                p99   38.2 ms  ▇▇▇▇▇▇▇▇▇▇                                 max 40.9 ms

       requests 28,500  failed 0  dropped 0  late 19  opened 50  slowest 75.0 ms

       service          rss MiB    before    change          cpu  limit
       proxy              111.6      96.0   +16.2 %   1.06 cores  4 cores · 2 GiB
       backend             84.9      71.0   +19.5 %   0.67 cores  not enforced
       edge                60.6      46.0   +31.7 %   0.33 cores  2 cores · 683 MiB
       generator           88.0                       1.96 cores  ! AT ITS LIMIT

       ✓ failed < 1 %                  0 %    ✓ p(95) successes < 250 ms  16.1 ms
       ✓ p(99) successes < 500 ms  27.3 ms

       ! the host has 2 cores for the generator and the target: both slow each other…
       Ctrl-C stops early and still prints what was measured
      "
    `);
  });

  test("at 120×40, where charts are taller", () => {
    expect(frame(stateAt(120, { services: services.slice(0, 2) }), 120, 40)).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health                                                     node · 2 cores

       ▸ hold 50 users  stage 2 of 4                                                                            02:00 / 04:13
       progress          47 %  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━──────────────────────────────────────────    02:13 left
       users               50   ▁▂▃▄▄▅▆▆▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇                                                  max 50
                                      ▁▂▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅
                                   ▂▄▆███████████████████████████████
       requests/s       4,751   ▂▄▇██████████████████████████████████                                               max 5,295
                                     ▁ ▃▄▅▄▅▄▄▅▃▅▄▄▅▅▅▅▄▅▅▄▅▄▄▅▃▅▅▃▅▄
                                ▅▄▆▇▇████████████████████████████████
       latency  p50   8.49 ms   █████████████████████████████████████                                             max 8.98 ms
                                     ▁ ▃▄▅▄▅▄▄▅▃▅▄▄▅▅▅▅▄▅▅▄▅▄▄▆▃▅▅▃▅▄
                                ▅▄▆▇▇████████████████████████████████
                p95   15.3 ms   █████████████████████████████████████                                             max 16.2 ms
                                     ▂ ▂▃▄▅▅▃▄▅▂▅▄▄▅▄▅▄▃▅▄▅▄▅▃▅▃▄▅▂▅▄
                                ▅▃▆▇▆████████████████████████████████
                p99   24.1 ms   █████████████████████████████████████                                             max 26.0 ms

       requests 519,256             failed 0                     opened 50                    slowest 61.0 ms

       service          rss MiB    before    change          cpu  limit
       proxy              110.1      96.0   +14.7 %   1.02 cores  4 cores · 2 GiB
       backend             86.0      71.0   +21.1 %   0.69 cores  3 cores · 1 GiB, not enforced
       generator           88.0                       0.44 cores  not the limit, busiest thread 22.0 %

       ✓ failed < 1 %                  0 %    ✓ p(95) successes < 250 ms  15.3 ms    ✓ p(99) successes < 500 ms  24.1 ms

       ! the host has 2 cores for the generator and the target: both slow each other down

       Ctrl-C stops early and still prints what was measured
      "
    `);
  });

  test("before the load", () => {
    expect(frame(stateAt(2), 80, 24)).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/health             node · 2 cores

       ▸ reading the services at rest                                   00:02 / 04:13
       progress           0 %  ╸───────────────────────────────────────    04:11 left
       users                –
       requests/s           –
       latency  p50         –
                p95         –
                p99         –

       requests –         failed –           opened –           slowest –

       service          rss MiB    before    change          cpu  limit
       proxy               96.0      96.0     0.0 %   0.01 cores  4 cores · 2 GiB
       backend             71.0      71.0     0.0 %   0.01 cores  not enforced
       edge                46.0      46.0     0.0 %   0.01 cores  2 cores · 683 MiB

       Ctrl-C stops early and still prints what was measured
      "
    `);
  });

  test("before anything", () => {
    expect(frame(initialState, 80, 24)).toContain(" ▸ starting");
  });

  test("when the user stops it", () => {
    const text = frame({ ...stateAt(120, { failsFromS: 60 }), interrupted: true }, 80, 24);
    expect(text).toContain(" ! stopping: open requests finish first; Ctrl-C again stops at once");
  });

  test("on a small terminal keeps what matters", () => {
    expect(frame(stateAt(120, { failsFromS: 60 }), 50, 12)).toMatchInlineSnapshot(`
      "
       plimsoll  throughput  https://localhost:9443/he…
       ▸ hold 50 users  stage 2 of 4      02:00 / 04:13
       progress          47 %  ━━━━━━━━━━━╸────────────
       users               50  ▂▅▇▇▇▇▇▇▇▇▇▇
       requests/s       4,751  ▂▄▇▇▇▇▇▇▇▇▇▇
       latency  p50   8.49 ms  ▅▆▇▇▇▇▇▇▇▇▇▇
                p95   15.3 ms  ▅▆▇▇▇▇▇▇▇▇▇▇
                p99   24.1 ms  ▅▆▇▇▇▇▇▇▇▇▇▇
       ✗ failed/s         182       ▁▇▇▆▇▆▇
       requests 519,256  failed 10,587  opened 50
       ✗ 2.04 % failed: status-5xx 7,940 · timeout 2,6…
      "
    `);
  });
});

describe("the frame fits", () => {
  const states: [string, RunState][] = [
    ["nothing yet", initialState],
    ["at rest", stateAt(2)],
    ["under load", stateAt(100)],
    ["failing", stateAt(200, { failsFromS: 10, saturated: true })],
    ["open", stateAt(200, { profile: exampleProfile("open"), failsFromS: 10 })],
    ["extreme", extreme(stateAt(200, { failsFromS: 10 }))],
  ];
  test.each(states)("%s, in every size of terminal", (_, state) => {
    for (const columns of [20, 40, 59, 60, 69, 70, 79, 80, 99, 100, 120, 200]) {
      for (const rows of [2, 6, 12, 20, 23, 24, 25, 30, 40, 60]) {
        for (const color of [false, true]) {
          const lines = liveFrame(state, state.atMs, rows, { width: columns, theme: themeFor(color) });
          expect(lines.length).toBeLessThan(rows);
          expect(lines.filter((line) => stringWidth(line) > columns)).toEqual([]);
        }
      }
    }
  });
});

test("rows stay where they are while figures grow", () => {
  const places = (state: RunState): number[] =>
    frame(state, 80, 24)
      .split("\n")
      .map((line) => line.search(/\S/));
  expect(places(stateAt(40))).toEqual(places(stateAt(230)));
});

test("a service that was restarted, and one at its limit, say so in words", () => {
  const state = stateAt(100);
  const usage = new Map(state.usage);
  const [proxy, edge] = [usage.get("proxy"), usage.get("edge")];
  if (proxy === undefined || edge === undefined) throw new Error("the example has these services");
  usage.set("proxy", { ...proxy, restarts: 1 }).set("edge", { ...edge, cpuCores: 1.98 });
  const text = frame({ ...state, usage }, 80, 24);
  expect(text).toMatch(/ proxy .* ✗ restarted 1×\n/);
  expect(text).toMatch(/ edge .* ! at its cpu limit\n/);
});

test("a percentile beyond the limit shows the limit", () => {
  const state = stateAt(100);
  if (state.snapshot === null) throw new Error("the example is under load");
  const service = { ...state.snapshot.interval.service, p99: 30_003, beyond: true };
  const snapshot = { ...state.snapshot, interval: { ...state.snapshot.interval, service } };
  expect(frame(advance(state, { type: "snapshot", snapshot }), 80, 24)).toMatch(/ p99 +>30 s .* max >30 s\n/);
});

/** Every figure as long as it can be. */
function extreme(state: RunState): RunState {
  const snapshot = JSON.parse(
    JSON.stringify(state.snapshot, (key, value) =>
      typeof value === "number" && !["atMs", "durationMs", "stage"].includes(key) ? value * 1e9 : value,
    ),
  );
  const grown = advance(state, { type: "snapshot", snapshot });
  const names = grown.services.map((service) => ({ ...service, name: `${service.name} 日本語 ${"long".repeat(30)}` }));
  return { ...grown, services: names, warnings: ["w".repeat(500), "日本語".repeat(100)] };
}
