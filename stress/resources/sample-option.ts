import { identify } from "@plimsoll/proxy/process-table";
import { UsageError } from "../profile/usage-error.ts";
import { ContainerSource } from "./container.ts";
import { Engine } from "./engine.ts";
import { ProcessSource } from "./process.ts";
import type { SampledService } from "./source.ts";

const accepted = "NAME=pid:PID or NAME=docker:CONTAINER, such as proxy=pid:123";

/**
 * Services from `--sample` values: `proxy=pid:123` is the process and its descendants, of whose limits nothing is known
 * and which nobody finds again once it is gone; `edge=docker:NAME` is a container, followed by its name.
 *
 * @throws UsageError for an unreadable value, an unknown kind of source, a name given twice, or where nothing runs there.
 */
export async function parseSamples(texts: readonly string[], engine = () => new Engine()): Promise<SampledService[]> {
  const asked = texts.map(parseSample);
  const names = asked.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--sample gives the name "${twice}" twice: give every service its own`);
  const services: SampledService[] = [];
  for (const sample of asked) services.push(sample.kind === "pid" ? fromPid(sample) : await fromContainer(sample, engine));
  return services;
}

interface AskedSample {
  text: string;
  name: string;
  kind: "pid" | "docker";
  id: string;
}

function parseSample(text: string): AskedSample {
  const [, name, kind, id] = /^([^=\s]+)=([a-z]+):(.+)$/.exec(text.trim()) ?? [];
  if (name === undefined || kind === undefined || id === undefined) {
    throw new UsageError(`--sample "${text}" is not a service to sample: accepted is ${accepted}`);
  }
  if (kind !== "pid" && kind !== "docker") {
    throw new UsageError(`--sample "${text}" has the source "${kind}": accepted is ${accepted}`);
  }
  return { text, name, kind, id };
}

function fromPid({ text, name, id }: AskedSample): SampledService {
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

async function fromContainer({ text, name, id }: AskedSample, connect: () => Engine): Promise<SampledService> {
  // the API takes a name for a part of a path
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id)) {
    throw new UsageError(`--sample "${text}" has the container "${id}": accepted is its name or id, as "docker ps" shows them`);
  }
  try {
    const engine = connect();
    const state = await engine.inspect(id);
    if (state === null) throw new UsageError(`no container is named "${id}"; see "docker ps -a"`);
    if (!state.running) throw new UsageError(`the container ${state.name} does not run (${state.status}); see "docker ps -a"`);
    return { name, limits: state.limits, source: new ContainerSource(engine, state.name, state) };
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`--sample "${text}": ${error.message}`) : error;
  }
}
