import { identify } from "@plimsoll/proxy/process-table";
import { redactUrl } from "../profile/redact.ts";
import { UsageError } from "../profile/usage-error.ts";
import { ContainerSource } from "./container.ts";
import { Engine } from "./engine.ts";
import { ProcessSource } from "./process.ts";
import { type RemoteFlags, RemoteSampler, RemoteSource } from "./remote.ts";
import type { SampledService } from "./source.ts";

const accepted = "NAME=pid:PID, NAME=docker:CONTAINER or NAME=https://HOST:PORT/NAME, such as proxy=pid:123";

export interface SampleOptions {
  engine?: () => Engine;
  remote?: RemoteFlags;
  /** Services of the deployment that are sampled as well: two of one name would be one series. */
  deployed?: readonly SampledService[];
}

/**
 * Services from `--sample` values: `proxy=pid:123` is the process and its descendants, of whose limits nothing is known
 * and which nobody finds again once it is gone; `edge=docker:NAME` is a container, followed by its name;
 * `edge=https://HOST:PORT/NAME` is a service of a `stress sampler` on another machine.
 *
 * @throws UsageError for an unreadable value, an unknown kind of source, a name given twice or deployed already, or where nothing
 * runs there.
 */
export async function parseSamples(texts: readonly string[], options: SampleOptions = {}): Promise<SampledService[]> {
  const asked = texts.map(parseSample);
  const names = asked.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--sample gives the name "${twice}" twice: give every service its own`);
  const { engine = () => new Engine(), remote = {}, deployed = [] } = options;
  const taken = deployed.find(({ name }) => names.includes(name));
  if (taken !== undefined) {
    throw new UsageError(`--sample gives the name "${taken.name}", which a service of the deployment has: give another`);
  }
  const samplers = new Map<string, RemoteSampler>();
  const services: SampledService[] = [];
  for (const sample of asked) {
    if (sample.kind === "pid") services.push(fromPid(sample));
    else
      services.push(
        await told(sample, () =>
          sample.kind === "docker" ? fromContainer(sample, engine) : fromSampler(sample, remote, samplers),
        ),
      );
  }
  return services;
}

interface AskedSample {
  text: string;
  name: string;
  kind: "pid" | "docker" | "https";
  id: string;
}

function parseSample(given: string): AskedSample {
  const text = redactUrl(given);
  const [, name, kind, id] = /^([^=\s]+)=([a-z]+):(.+)$/.exec(given.trim()) ?? [];
  if (name === undefined || kind === undefined || id === undefined) {
    throw new UsageError(`--sample "${text}" is not a service to sample: accepted is ${accepted}`);
  }
  if (kind !== "pid" && kind !== "docker" && kind !== "https") {
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

/** Says of a refusal which service it is about. */
async function told(sample: AskedSample, make: () => Promise<SampledService>): Promise<SampledService> {
  try {
    return await make();
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`--sample "${sample.text}": ${error.message}`) : error;
  }
}

async function fromContainer({ name, id }: AskedSample, connect: () => Engine): Promise<SampledService> {
  // the API takes a name for a part of a path
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id)) {
    throw new UsageError(`"${id}" is not the name of a container; accepted is a name or id, as "docker ps" shows them`);
  }
  const engine = connect();
  const state = await engine.inspect(id);
  if (state === null) throw new UsageError(`no container is named "${id}"; see "docker ps -a"`);
  if (!state.running) throw new UsageError(`the container ${state.name} does not run (${state.status}); see "docker ps -a"`);
  return { name, limits: state.limits, source: new ContainerSource(engine, state.name, state) };
}

/** `samplers`: those of this command line, by origin. */
async function fromSampler(
  { name, id }: AskedSample,
  flags: RemoteFlags,
  samplers: Map<string, RemoteSampler>,
): Promise<SampledService> {
  const url = URL.canParse(`https:${id}`) ? new URL(`https:${id}`) : null;
  const [, service] = /^\/([^/]+)\/?$/.exec(url?.pathname ?? "") ?? [];
  if (url === null || service === undefined || !id.startsWith("//") || url.search !== "" || url.username + url.password !== "") {
    throw new UsageError("a sampler elsewhere is given as https://HOST:PORT/NAME, its token by --sample-token-file");
  }
  const sampler = samplers.get(url.origin) ?? (await RemoteSampler.open(url.origin, flags));
  samplers.set(url.origin, sampler);
  const services = await sampler.services();
  const wanted = decoded(service);
  const found = services.find((known) => known.name === wanted);
  if (found === undefined) {
    await sampler.close();
    throw new UsageError(`the sampler has no service "${wanted}": it has ${services.map((known) => known.name).join(", ")}`);
  }
  return { name, limits: found.limits, source: new RemoteSource(sampler, wanted, found.source) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
