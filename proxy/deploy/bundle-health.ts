import { readFile } from "node:fs/promises";
import type { Deployment } from "../deployment.ts";
import { supervisorOf } from "./bundle-processes.ts";
import { backendService, bundlePorts, edgeService } from "./embedded-services.ts";
import { type ProbeFailure, probeEdge, probePlain } from "./health-probe.ts";
import { isAlive, type ProcessEntry, readProcess, treeRssBytes } from "./process-table.ts";

export interface ProcessHealth {
  name: string;
  /** Null when it is healthy, else one line that says why not. */
  problem: string | null;
  entry: ProcessEntry | null;
  /** Of the process and those that it started; null while it is down. */
  rssBytes: number | null;
  /** Milliseconds since the epoch. */
  startedAtMs: number | null;
  restarts: number;
  url: string | null;
}

/** How the supervisor and each service are, asked of the processes and of the services themselves. */
export async function bundleHealth(deployment: Deployment): Promise<ProcessHealth[]> {
  const { embedded } = deployment;
  if (!embedded) return [];
  const ports = bundlePorts(embedded.port);
  const probes: Record<string, () => Promise<ProbeFailure | null>> = {
    [edgeService]: () => probeExported(deployment, ports.edge, embedded.serverName),
    [backendService]: () => probePlain(ports.backend, "/healthz"),
  };
  const urls: Record<string, string> = {
    [edgeService]: deployment.baseUrl,
    [backendService]: `http://127.0.0.1:${ports.backend}`,
  };

  const services = deployment.services.toReversed().map(async ({ name, pid, processStart, startedAt, restarts }) => {
    const alive = pid !== null && processStart ? isAlive({ pid, start: processStart }) : false;
    const entry = alive && pid !== null ? readProcess(pid) : null;
    const problem = entry ? ((await probes[name]?.())?.cause ?? null) : "not running";
    const rssBytes = entry && treeRssBytes(entry);
    return {
      name,
      problem,
      entry,
      rssBytes,
      startedAtMs: startedAt ? Date.parse(startedAt) : null,
      restarts,
      url: urls[name] ?? null,
    };
  });

  const supervisor = supervisorOf(deployment);
  const supervising = supervisor !== null && isAlive(supervisor);
  const supervisorEntry = supervising ? readProcess(supervisor.pid) : null;
  return [
    ...(await Promise.all(services)),
    {
      name: "supervisor",
      problem: supervising ? null : "not running",
      entry: supervisorEntry,
      // Its services have rows of their own.
      rssBytes: supervisorEntry?.rssBytes ?? null,
      startedAtMs: Date.parse(deployment.startedAt),
      restarts: 0,
      url: null,
    },
  ];
}

/** As a client sees it: with the CA file that was exported for clients. */
async function probeExported({ caFile }: Deployment, port: number, serverName: string): Promise<ProbeFailure | null> {
  try {
    return await probeEdge({ port, serverName, caPem: caFile && (await readFile(caFile, "utf8")) });
  } catch {
    return { cause: `cannot read ${caFile}`, final: true };
  }
}
