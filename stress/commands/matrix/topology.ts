import { stat } from "node:fs/promises";
import { parseCount } from "../../profile/units.ts";
import { UsageError } from "../../profile/usage-error.ts";
import { type MeasuredTarget, type TargetFlags, targetFrom } from "../target-flags.ts";
import { ClusterStand } from "./cluster-stand.ts";
import { DeployedStand } from "./deployed-stand.ts";

/** Something that is put up for some topologies and taken down after them. */
export interface Stand {
  /** Topologies of one stand are up at the same time, and are measured in turn. */
  readonly key: string;
  /** @throws UsageError where it cannot be put up. */
  up(): Promise<void>;
  down(): Promise<void>;
}

/** One row group of the matrix. */
export interface Topology {
  name: string;
  stand: Stand;
  /** A target for a run, which closes what it samples; to be asked while its stand is up. */
  target(): Promise<MeasuredTarget>;
}

export type TrustFlags = Pick<TargetFlags, "ca" | "cert" | "key" | "insecure">;

const accepted =
  "direct, node, nginx, chain, docker-node, cluster-N (deployed in turn), NAME=https://HOST:PORT or NAME=.plimsoll/deployment.json";

/** Topologies from `--topology a,b` (repeatable). @throws UsageError */
export async function topologiesFrom(texts: readonly string[], port: number, trust: TrustFlags): Promise<Topology[]> {
  const topologies: Topology[] = [];
  const stands = new Map<string, Stand>();
  const shared = (stand: Stand) => {
    const known = stands.get(stand.key) ?? stand;
    stands.set(stand.key, known);
    return known;
  };
  for (const text of texts.flatMap((given) => given.split(",")).map((part) => part.trim())) {
    const equals = text.indexOf("=");
    const name = equals === -1 ? text : text.slice(0, equals).trim();
    if (!/^[\w.-]+$/.test(name)) throw new UsageError(`--topology "${text}": accepted are ${accepted}`);
    if (topologies.some((other) => other.name === name))
      throw new UsageError(`--topology "${name}" is given twice: give each once`);
    topologies.push(
      equals === -1
        ? built(name, port, shared)
        : { ...(await given(name, text.slice(equals + 1).trim(), trust)), stand: shared(isUp) },
    );
  }
  return topologies;
}

/** What the user has put up. */
const isUp: Stand = { key: "given", up: async () => {}, down: async () => {} };

async function given(name: string, place: string, trust: TrustFlags): Promise<Omit<Topology, "stand">> {
  if (/^https?:/.test(place)) return { name, target: () => targetFrom({ ...trust, baseUrl: place }) };
  if ((await stat(place).catch(() => null))?.isFile() !== true) {
    throw new UsageError(
      `--topology ${name}=${place} is neither an address nor a file: give https://HOST:PORT or a deployment.json`,
    );
  }
  return { name, target: () => targetFrom({ ...trust, deployment: place }) };
}

function built(name: string, port: number, shared: (stand: Stand) => Stand): Topology {
  const cluster = /^cluster-(\d+)$/.exec(name)?.[1];
  if (cluster !== undefined) {
    const backends = parseCount(cluster, { what: `--topology ${name}` });
    if (backends > 100) throw new UsageError(`--topology ${name}: accepted are at most 100 backends`);
    const stand = shared(new ClusterStand(backends)) as ClusterStand;
    return { name, stand, target: () => stand.target() };
  }
  const edge = { direct: null, node: null, "docker-node": "node", nginx: "nginx", chain: "chain" }[name];
  if (edge === undefined) throw new UsageError(`--topology "${name}": accepted are ${accepted}`);
  const stand = shared(new DeployedStand(edge, port)) as DeployedStand;
  return { name, stand, target: () => (name === "direct" ? stand.backend() : stand.edge()) };
}
