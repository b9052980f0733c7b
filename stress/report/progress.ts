import type { Latency, RunEvent, RunPhase, Snapshot } from "../measure/event.ts";
import type { Profile } from "../profile/profile.ts";
import { formatBeyond, formatClock, formatCount, formatLatency, formatRate } from "../screen/format.ts";
import { limitMsOf, wordsOf } from "../screen/kind.ts";
import { clean } from "../screen/line.ts";
import { survivingOutput } from "../screen/output.ts";
import { describePhase } from "../screen/phase-label.ts";
import { describeTarget } from "../screen/target.ts";
import { renderText } from "./text.ts";

export interface ProgressOptions {
  /** Columns of the final summary; the lines before it are never cut. */
  width: number;
  color: boolean;
  /** Least time of the run between two lines. */
  everyMs?: number;
}

/**
 * A run for a log: a line every few seconds and at each phase, then the final screen as text. Resolves when `events`
 * end and all is printed. A reader that goes away is survived: the events are still read to their end.
 */
export async function printRun(
  events: AsyncIterable<RunEvent>,
  out: NodeJS.WritableStream,
  options: ProgressOptions,
): Promise<void> {
  const { width, color, everyMs = 5000 } = options;
  const output = survivingOutput(out);
  const line = (text: string): void => output.print(`${text}\n`);
  let profile: Profile | null = null;
  let phase: RunPhase | null = null;
  let last: Snapshot | null = null;
  for await (const event of events) {
    switch (event.type) {
      case "started": {
        profile = event.profile;
        const place = [event.topology, `${event.cores} ${event.cores === 1 ? "core" : "cores"}`].filter((part) => part !== null);
        line(`plimsoll  ${clean(profile.scenario)}  ${describeTarget(profile)}  (${place.map(clean).join(", ")})`);
        break;
      }
      case "phase":
        phase = event.phase;
        line(`${formatClock(phase.atMs)}  ${describePhase(phase)}`);
        break;
      case "snapshot":
        if (last === null || event.snapshot.atMs - last.atMs >= everyMs) {
          line(progressLine(event.snapshot, last, phase, profile));
          last = event.snapshot;
        }
        break;
      case "warning":
        line(`warning: ${clean(event.message)}`);
        break;
      case "finished":
        output.print(`\n${renderText(event.summary, { width, color, files: event.files })}`);
        break;
      case "sample":
        break;
    }
  }
  await output.flush();
}

/** Rates since the line before; percentiles of the latest second, since those of several cannot be merged. */
function progressLine(snapshot: Snapshot, last: Snapshot | null, phase: RunPhase | null, profile: Profile | null): string {
  const { total, interval, generator } = snapshot;
  const elapsed = last === null ? interval.durationMs : snapshot.atMs - last.atMs;
  const done = last === null ? interval.requests : total.requests - last.total.requests;
  const latency = interval.response ?? interval.service;
  const end = phase?.runEndsAtMs ?? null;
  const words = wordsOf(profile);
  const parts = [
    end === null ? formatClock(snapshot.atMs) : `${formatClock(snapshot.atMs)} / ${formatClock(end)}`,
    snapshot.offeredRate === null
      ? `${formatCount(snapshot.users).padStart(4)} users`
      : `${formatRate(snapshot.offeredRate).padStart(6)}/s offered`,
    `${formatRate(elapsed > 0 ? (done * 1000) / elapsed : null).padStart(6)} ${words.perSecond}`,
    ...(profile?.stream === undefined ? [] : [words.latency]),
    ...(["p50", "p95", "p99"] as const).map((name) => `${name} ${percentile(latency, name, profile).padStart(7)}`),
    `${formatCount(total.requests).padStart(9)} ${words.operations}`,
    `${formatCount(total.failed)} failed`,
  ];
  if (snapshot.streams !== undefined) parts.push(`${formatCount(snapshot.streams.open)} open`);
  if (total.dropped !== null) parts.push(`${formatCount(total.dropped)} dropped`);
  if (generator.saturated) parts.push("generator AT ITS LIMIT");
  const failing = snapshot.thresholds.filter((threshold) => !threshold.ok && threshold.actual !== null).length;
  if (failing > 0) parts.push(`${failing} of ${snapshot.thresholds.length} thresholds failing`);
  return parts.join("  ");
}

function percentile(latency: Latency, name: "p50" | "p95" | "p99", profile: Profile | null): string {
  if (latency.count === 0) return formatLatency(null);
  const limitMs = limitMsOf(profile);
  return latency.beyond && latency[name] >= limitMs ? formatBeyond(limitMs) : formatLatency(latency[name]);
}
