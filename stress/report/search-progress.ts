import type { SearchEvent } from "../measure/search-event.ts";
import type { SearchLevel } from "../measure/search-summary.ts";
import type { Profile } from "../profile/profile.ts";
import { formatClock, formatCount, formatDuration, formatShare } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { survivingOutput } from "../screen/output.ts";
import { describeBracket, describeRate, levelPercentile, outcomeSigns, phaseWords } from "../screen/search-words.ts";
import { describeTarget } from "../screen/target.ts";
import { renderText } from "./text.ts";

/** A search for a log: a line when a probe starts and one when it is judged, then the final screen as text. */
export async function printSearch(
  events: AsyncIterable<SearchEvent>,
  out: NodeJS.WritableStream,
  { width, color, clock = () => performance.now() }: { width: number; color: boolean; clock?: () => number },
): Promise<void> {
  const output = survivingOutput(out);
  const fromMs = clock();
  const line = (text: string): void => output.print(`${formatClock(clock() - fromMs)}  ${text}\n`);
  let profile: Profile | null = null;
  const warned = new Set<string>();
  const warn = (message: string): void => {
    if (!warned.has(message)) line(`warning: ${clean(message)}`);
    warned.add(message);
  };
  for await (const event of events) {
    switch (event.type) {
      case "search": {
        const { start, max, precision, probeMs, confirmMs } = event.plan;
        line(
          `plimsoll  search from ${describeRate(start)} to at most ${describeRate(max)}, to ${precision * 100} %: ` +
            `probes of ${formatDuration(probeMs)}, confirmed over ${formatDuration(confirmMs)}`,
        );
        break;
      }
      case "probe": {
        const again = event.attempt > 1 ? `, try ${event.attempt}` : "";
        line(`${phaseWords[event.phase]} at ${describeRate(event.rate)}${again}   (${describeBracket(event.bracket)})`);
        break;
      }
      case "run":
        if (event.event.type === "started" && profile === null) {
          profile = event.event.profile;
          line(`target ${describeTarget(profile)}`);
        }
        if (event.event.type === "warning") warn(event.event.message);
        break;
      case "level":
        line(levelLine(event.level, profile?.timeoutMs ?? Number.POSITIVE_INFINITY));
        for (const { text } of event.level.broken) line(`    ${clean(text)}`);
        break;
      case "warning":
        warn(event.message);
        break;
      case "cool-down":
        break;
      case "finished":
        output.print(`\n${renderText(event.summary, { width, color, files: event.files })}`);
        break;
    }
  }
  await output.flush();
}

function levelLine(level: SearchLevel, limitMs: number): string {
  const parts = [
    `  ${outcomeSigns[level.outcome]} ${describeRate(level.rate)}`,
    ...(["p(50)", "p(95)", "p(99)"] as const).map(
      (name) => `${name.replace(/[()]/g, "")} ${levelPercentile(level, name, limitMs)}`,
    ),
    `${formatShare(level.failedShare)} failed`,
    `${formatCount(level.dropped)} dropped`,
  ];
  for (const { name, cpuCores } of level.services) {
    if (cpuCores !== null) parts.push(`${clean(name)} ${cpuCores.toFixed(2)} cores`);
  }
  return parts.join("  ");
}
