import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

export interface WrkResult {
  readonly requests: number;
  readonly rps: number;
  readonly p99Ms: number;
}

const unitMs: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1_000, m: 60_000 };

/** One run over kept TLS connections, from core 0 when `pin`. Throws when an answer failed: its cost would mean nothing. */
export async function runWrk(url: string, connections: number, seconds: number, pin: boolean): Promise<WrkResult> {
  const command = ["wrk", "-t1", `-c${connections}`, `-d${seconds}s`, "--latency", "--timeout", "10s", url];
  const [file = "", ...args] = pin ? ["taskset", "-c", "0", ...command] : command;
  return parseWrk((await run(file, args)).stdout);
}

export function parseWrk(output: string): WrkResult {
  const errors = /Non-2xx.*|Socket errors.*/.exec(output);
  if (errors !== null) throw new Error(`wrk: ${errors[0]}`);
  const total = /(\d+) requests in ([\d.]+)(us|ms|s|m)\b/.exec(output);
  const p99 = /^\s*99%\s+([\d.]+)(us|ms|s|m)/m.exec(output);
  if (total === null || p99 === null) throw new Error(`wrk printed what is not understood: ${output}`);
  const requests = Number(total[1]);
  const durationMs = Number(total[2]) * (unitMs[total[3] ?? ""] ?? Number.NaN);
  return { requests, rps: (requests / durationMs) * 1_000, p99Ms: Number(p99[1]) * (unitMs[p99[2] ?? ""] ?? Number.NaN) };
}
