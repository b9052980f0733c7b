import type { Engine } from "../deploy/docker/engine.ts";
import { servicesOf, type Topology } from "../deploy/docker/project.ts";
import type { ScratchDeployment } from "../deploy/scratch-deployment.ts";
import { ContainerBundle } from "../testing/containers.ts";

/** What one load cost with the upstream pool as named. */
export interface PoolCost {
  pool: "on" | "off";
  requests: number;
  errors: number;
  requestsPerSecond: number;
  /** By the edge to its upstream. */
  connectionsOpened: number;
  /** Sockets that wait for their 60 s to pass, at the end of the load: those keep a port from being used again. */
  timeWait: { edge: number; upstream: number };
  /** Of the containers, user and system. */
  cpuUsPerRequest: { edge: number; upstream: number };
}

interface Counters {
  opened: number;
  timeWait: number;
  cpuUs: number;
}

const settings = {
  on: { PLIMSOLL_UPSTREAM_POOL: "on", UPSTREAM_REQUESTS_PER_CONNECTION: "1000" },
  /** nginx without its `keepalive` line; at the Node.js edge a connection carries one request. */
  off: { PLIMSOLL_UPSTREAM_POOL: "off", UPSTREAM_REQUESTS_PER_CONNECTION: "1" },
} as const;

/** Puts the same load on the same containers with the pool on, then off. The load as flags of `stress throughput`. */
export async function comparePool(
  own: ScratchDeployment,
  engine: Engine,
  edge: Topology,
  load: readonly string[],
): Promise<PoolCost[]> {
  const bundle = new ContainerBundle(own, engine);
  const [edgeService = "", upstreamService = ""] = servicesOf[edge].toReversed();
  const costs: PoolCost[] = [];
  for (const pool of ["on", "off"] as const) {
    // in the chain it is nginx' pool that is compared
    const { UPSTREAM_REQUESTS_PER_CONNECTION, ...nginxOnly } = settings[pool];
    const env = edge === "node" ? { UPSTREAM_REQUESTS_PER_CONNECTION } : nginxOnly;
    const deployed = await own.deploy(["--docker", "--edge", edge], { EDGE_WORKERS: "", ...env });
    if (deployed.code !== 0) throw new Error(`the deployment failed: ${deployed.stderr}`);
    await bundle.measure("--vus", "10", "--duration", "2s");
    const before = [readCounters(bundle, edgeService), readCounters(bundle, upstreamService)] as const;
    const { summary, output, code } = await bundle.measure(...load);
    const after = [readCounters(bundle, edgeService), readCounters(bundle, upstreamService)] as const;
    if (code === 104) throw new Error(`stress refused: ${output}`);
    const { count, rate } = summary.metrics.http_reqs.values;
    costs.push({
      pool,
      requests: count,
      errors: Math.round(count * summary.metrics.http_req_failed.values.rate),
      requestsPerSecond: rate,
      connectionsOpened: after[0].opened - before[0].opened,
      timeWait: { edge: after[0].timeWait, upstream: after[1].timeWait },
      cpuUsPerRequest: { edge: (after[0].cpuUs - before[0].cpuUs) / count, upstream: (after[1].cpuUs - before[1].cpuUs) / count },
    });
  }
  return costs;
}

/** In the container's own network and control group, so that nobody else's are among them. */
function readCounters(bundle: ContainerBundle, service: string): Counters {
  const text = bundle.exec(
    service,
    "cat /proc/net/snmp /proc/net/sockstat; cat /sys/fs/cgroup/cpu.stat || sed s/^/usage_ns\\ / /sys/fs/cgroup/cpuacct/cpuacct.usage",
  );
  const [names = [], values = []] = [...text.matchAll(/^Tcp: (.*)$/gm)].map(([, line]) => line?.split(" ") ?? []);
  const nanoseconds = /^usage_ns (\d+)/m.exec(text)?.[1];
  const counters = {
    opened: Number(values[names.indexOf("ActiveOpens")]),
    timeWait: Number(/^TCP: .*\btw (\d+)/m.exec(text)?.[1]),
    cpuUs: nanoseconds ? Number(nanoseconds) / 1000 : Number(/^usage_usec (\d+)/m.exec(text)?.[1]),
  };
  if (Object.values(counters).some(Number.isNaN)) throw new Error(`cannot read the counters of ${service}: ${text}`);
  return counters;
}
