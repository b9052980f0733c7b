import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Peer } from "./peers.ts";
import { cpuUs, rssBytes } from "./process-cost.ts";
import { runWrk, type WrkResult } from "./wrk.ts";

/** Per peer, a figure a round. */
export interface Series {
  readonly cpuUsPerRequest: number[];
  readonly rps: number[];
  readonly p99Ms: number[];
}

export interface Load {
  readonly path: string;
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly pin: boolean;
}

/** Interleaved: each round loads every peer in turn, so that a busy neighbour disturbs all of them. The first round only warms up. */
export async function measure(
  peers: readonly Peer[],
  load: Load,
  progress: (line: string) => void,
): Promise<Map<string, Series>> {
  const series = new Map<string, Series>(peers.map(({ name }) => [name, { cpuUsPerRequest: [], rps: [], p99Ms: [] }]));
  for (let round = 0; round <= load.rounds; round++) {
    for (const { name, port, pid } of peers) {
      const before = cpuUs(pid);
      const result: WrkResult = await runWrk(`https://127.0.0.1:${port}${load.path}`, load.connections, load.seconds, load.pin);
      const spentUs = cpuUs(pid) - before;
      if (round === 0) continue;
      const own = series.get(name);
      own?.cpuUsPerRequest.push(spentUs / result.requests);
      own?.rps.push(result.rps);
      own?.p99Ms.push(result.p99Ms);
    }
    progress(`${load.path}: ${round === 0 ? "warmed up" : `round ${round} of ${load.rounds}`}`);
  }
  return series;
}

/** Growth of resident memory while `count` idle connections are held, divided by their number, in KiB. */
export async function kibPerIdleConnection(peer: Peer, count: number, ca: string): Promise<number> {
  const before = rssBytes(peer.pid);
  const client = spawn(process.execPath, [fileURLToPath(new URL("./idle-connections.ts", import.meta.url))], {
    env: { ...process.env, PORT: String(peer.port), COUNT: String(count), CA: ca },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const closed = once(client, "close");
  const opened = await Promise.race([once(client.stdout, "data").then(() => true), closed.then(() => false)]);
  if (!opened) throw new Error(`${peer.name}: ${count} idle connections could not be opened`);
  if (await Promise.race([closed.then(() => true), sleep(2_000, false)])) {
    throw new Error(`${peer.name}: idle connections were ended while they were measured`);
  }
  const kib = (rssBytes(peer.pid) - before) / count / 1024;
  client.stdin.end();
  await closed;
  return kib;
}
