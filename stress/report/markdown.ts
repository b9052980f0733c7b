import type { DriftVerdict, StabilityCheck } from "../measure/drift-summary.ts";
import type { Summary } from "../measure/summary.ts";
import { driftCells, nouns, show } from "../screen/final/drift.ts";
import { latencyColumns, latencyText } from "../screen/final/latency.ts";
import { wordingOf } from "../screen/final/verdict.ts";
import { absent, formatBytes, formatChange, formatCount, formatDuration, formatRate, formatShare } from "../screen/format.ts";
import { clean } from "../screen/line.ts";
import { runShown } from "../screen/search-words.ts";
import { describeTarget } from "../screen/target.ts";
import { headlineOf, untold } from "./headline.ts";
import { latencyRows } from "./latency.ts";
import { objectivesOf } from "./objectives.ts";
import { levelHeads, levelRows } from "./search.ts";
import { code, table } from "./sizing/markdown.ts";

const marks = { good: "✅", bad: "❌", warn: "⚠️" } as const;

/** A summary as a comment on a change: the verdict, then what it rests on. Nothing in it can mention, link or format by itself. */
export function renderMarkdown(summary: Summary): string {
  const { tone, word } = wordingOf(summary);
  const { sentence, detail } = headlineOf(summary);
  const { metadata, results, profile } = summary;
  const reasons = untold(results.reasons, sentence).map((reason) => `- ${text(reason)}`);
  const { node, host } = summary.environment;
  const parts = [
    `### ${marks[tone as keyof typeof marks]} ${word.charAt(0)}${word.slice(1).toLowerCase()}: ${text(sentence)}`,
    ...(detail === "" ? [] : [text(detail)]),
    ...(reasons.length > 0 ? [reasons.join("\n")] : []),
    ...blocks(summary),
    `<sub>${code(profile.scenario)} of ${code(describeTarget(profile))} · ${metadata.startedAt.slice(0, 16).replace("T", " ")} UTC · ${host.cores} × ${text(host.cpuModel)} · Node.js ${text(node)} · ${code(metadata.id)}</sub>`,
  ];
  return `${parts.join("\n\n")}\n`;
}

function blocks(summary: Summary): string[] {
  const { warnings } = summary;
  const tables = [
    searchTable(summary),
    objectivesTable(summary),
    latencyTable(summary),
    failuresTable(summary),
    resourcesTable(summary),
    driftTable(summary),
  ];
  const told = warnings.length > 0 ? [[...new Set(warnings)].map((warning) => `> ⚠️ ${text(warning)}`).join("\n>\n")] : [];
  return [...tables.filter((table) => table !== ""), ...told];
}

/** Every load that a search tried; what comes below it is of one run alone. */
function searchTable({ search, profile }: Summary): string {
  if (search === undefined) return "";
  const levels = table(
    levelHeads(search).map(text),
    levelRows(search, profile.timeoutMs).map((row) => row.map(text)),
    0,
  );
  const note = `Probes of ${formatDuration(search.plan.probeMs)}, response times. Below: ${runShown(search)}.`;
  return levels === "" ? note : `${levels}\n\n${note}`;
}

function objectivesTable(summary: Summary): string {
  const rows = objectivesOf(summary).map(({ metric, limit, actual, ok, samples }) => [
    `${ok ? marks.good : marks.bad} ${code(metric)}`,
    text(limit),
    ok ? text(actual) : `**${text(actual)}**`,
    formatCount(samples),
  ]);
  return table(["Objective", "Limit", "Measured", "Samples"], rows, 2);
}

function latencyTable(summary: Summary): string {
  const rows = latencyRows(summary).map(({ label, trend }) => [
    label,
    ...latencyColumns.map((name) => text(latencyText(trend, name, summary.profile.timeoutMs))),
  ]);
  return table(["Latency", ...latencyColumns.map((name) => name.replace(/[()]/g, ""))], rows);
}

/** Whether anything grew, where the verdict rests on it. */
function driftTable({ profile, resources, stability }: Summary): string {
  if (profile.drift === undefined || !stability) return "";
  const slopes = resources.flatMap(({ name, drift }) => {
    if (!drift) return [];
    const [verdict = "", growth = "", bounds = "", harmful = "", last = ""] = driftCells(drift);
    return [[`${markOf(drift.verdict)} ${code(name)} memory`, verdict, `${growth} MiB/h (${bounds})`, `${harmful} MiB/h`, last]];
  });
  const checks = stability.checks.map(({ check, service, verdict, unit, before, after, allowed }) => [
    `${markOf(verdict)} ${service === null ? "" : `${code(service)} `}${nouns[check]}`,
    verdict,
    `${figure(before, unit)} → ${figure(after, unit)}`,
    figure(allowed, unit),
    absent,
  ]);
  return table(["Drift", "Verdict", "Measured", "Allowed", "To the limit"], [...slopes, ...checks], 2);
}

function markOf(verdict: DriftVerdict | StabilityCheck["verdict"]): string {
  if (verdict === "stable") return marks.good;
  return verdict === "leaking" || verdict === "drifting" ? marks.bad : marks.warn;
}

function figure(value: number | null, unit: StabilityCheck["unit"]): string {
  return value === null ? absent : show(value, unit);
}

function failuresTable({ failures, metrics }: Summary): string {
  const requests = metrics.http_reqs?.type === "counter" ? metrics.http_reqs.values.count : 0;
  const rows = failures.map(({ class: name, count, example }) => [
    code(name),
    code(example),
    formatCount(count),
    formatShare(requests > 0 ? count / requests : null),
  ]);
  return table(["Failures", "First example", "Count", "Share"], rows, 2);
}

function resourcesTable({ resources }: Summary): string {
  const rows = resources.map(({ name, source, rss, anon, cpu }) => {
    const memory = source === "process" ? rss : anon;
    return [
      `${code(name)}${source === "process" ? "" : " (anonymous)"}`,
      formatBytes(memory?.coldBytes ?? null),
      formatBytes(memory?.preBytes ?? null),
      formatBytes(memory?.steadyBytes ?? null),
      formatChange(memory?.steadyPct ?? null),
      formatBytes(memory?.postBytes ?? null),
      formatChange(memory?.residualPct ?? null),
      formatRate(cpu.steadyCores),
    ];
  });
  return table(["Service memory", "Cold", "Before", "Steady", "Change", "After", "Residual", "CPU, cores"], rows);
}

/** Plain text: what Markdown or HTML would read as its own is escaped, and `@name` and `#1` reach nobody. */
function text(from: string): string {
  return clean(from)
    .replaceAll(/[\\`*_{}[\]~|!<>&]/g, "\\$&")
    .replaceAll(/[@#]/g, "$&\u2060")
    .replaceAll(/:\/\//g, ":\u2060//");
}
