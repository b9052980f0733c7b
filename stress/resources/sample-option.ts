import { identify } from "@plimsoll/proxy/process-table";
import { UsageError } from "../profile/usage-error.ts";
import { ProcessSource } from "./process.ts";
import type { SampledService } from "./source.ts";

const accepted = "NAME=pid:PID, such as proxy=pid:123";

/**
 * Services from `--sample` values, each `proxy=pid:123`: the process and its descendants. Nothing is known of their
 * limits, and nobody says where to look once the process is gone.
 *
 * @throws UsageError for an unreadable value, an unknown kind of source, a name given twice, or a pid under which nothing runs.
 */
export function parseSamples(texts: readonly string[]): SampledService[] {
  const services = texts.map(parseSample);
  const names = services.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--sample gives the name "${twice}" twice: give every service its own`);
  return services;
}

function parseSample(text: string): SampledService {
  const [, name, kind, id] = /^([^=\s]+)=([a-z]+):(.+)$/.exec(text.trim()) ?? [];
  if (name === undefined || kind === undefined || id === undefined) {
    throw new UsageError(`--sample "${text}" is not a service to sample: accepted is ${accepted}`);
  }
  if (kind !== "pid") throw new UsageError(`--sample "${text}" has the source "${kind}": accepted is ${accepted}`);
  const pid = Number(id);
  if (!/^\d+$/.test(id) || !Number.isSafeInteger(pid) || pid < 1) {
    throw new UsageError(`--sample "${text}" has the pid "${id}": accepted is ${accepted}`);
  }
  const identity = identify(pid);
  if (identity === null) throw new UsageError(`--sample "${text}": no process runs under pid ${pid}; see "ps -p ${pid}"`);
  return {
    name,
    limits: { cpus: null, memoryBytes: null, enforced: false },
    source: new ProcessSource(async () => ({ identity, restarts: 0 })),
  };
}
