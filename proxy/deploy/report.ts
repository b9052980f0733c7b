import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../deployment.ts";
import { bundleHealth, type ProcessHealth } from "./bundle-health.ts";
import { backendService, edgeService } from "./embedded-services.ts";
import { lastLines, logSize, readSince } from "./log-file.ts";
import { logFile, type StateDir } from "./state-dir.ts";

const logsShown = 100;
const followEveryMs = 300;
const logNames = [edgeService, backendService, "supervisor"];

export type Print = (line: string) => void;

/** After a deployment: where it is, what to trust, what to do next. */
export function printDeployment({ baseUrl, caFile }: Deployment, next: string, print: Print): void {
  print("");
  print(`  URL    ${baseUrl}`);
  print(`  CA     ${caFile ?? "the system's"}`);
  print(`  next   ${next}`);
  print("");
}

/** A row for each process. True when all are healthy. */
export async function printStatus(deployment: Deployment, print: Print): Promise<boolean> {
  const health = await bundleHealth(deployment);
  const head = ["service", "state", "pid", "uptime", "restarts", "rss", "url"];
  printTable([head, ...health.map(statusRow)], print);
  for (const { name, problem } of health) if (problem !== null) print(`${name}: ${problem}; see ./deploy.sh --logs`);
  return health.every(({ problem }) => problem === null);
}

/** Columns as wide as their widest cell; the first row is the head. */
export function printTable(rows: readonly (readonly string[])[], print: Print): void {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    print(cells.join("  ").trimEnd());
  }
}

function statusRow({ name, problem, entry, rssBytes, startedAtMs, restarts, url }: ProcessHealth): string[] {
  const state = problem === null ? "healthy" : entry ? "unhealthy" : "down";
  const uptime = entry && startedAtMs !== null ? formatUptime(Date.now() - startedAtMs) : "-";
  const rss = rssBytes !== null ? `${(rssBytes / 1024 ** 2).toFixed(0)} MiB` : "-";
  return [name, state, entry ? String(entry.pid) : "-", uptime, String(restarts), rss, url ?? "-"];
}

export function formatUptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days > 0) return `${days}d ${hours}h`;
  if (hours > 0) return `${hours}h ${minutes}m`;
  return minutes > 0 ? `${minutes}m ${seconds % 60}s` : `${seconds}s`;
}

/** The last lines of each log. */
export function printLogs(dir: StateDir, print: Print): void {
  for (const name of logNames) {
    const file = logFile(dir, name);
    const lines = lastLines(file, logsShown);
    print(`==> ${name} (${file})${lines.length === 0 ? ": empty" : ""}`);
    for (const line of lines) print(line);
  }
}

/** What is written from now on, each line with its service's name, until `signal` aborts. */
export async function followLogs(dir: StateDir, print: Print, signal: AbortSignal): Promise<void> {
  const files = logNames.map((name) => ({ name, file: logFile(dir, name), next: logSize(logFile(dir, name)), rest: "" }));
  while (!signal.aborted) {
    for (const log of files) {
      const { text, next } = readSince(log.file, log.next);
      const lines = (log.rest + text).split("\n");
      log.next = next;
      log.rest = lines.pop() ?? "";
      for (const line of lines) print(`${log.name.padEnd(10)}  ${line}`);
    }
    await sleep(followEveryMs, undefined, { signal }).catch(() => {});
  }
}
