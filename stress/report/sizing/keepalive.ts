import * as z from "zod";
import { formatCount } from "../../screen/format.ts";
import { plain, table } from "./markdown.ts";

const figures = z.object({ edge: z.number(), upstream: z.number() });

/** What `npm run bench:keepalive -- --out FILE` writes: the same load with the upstream pool on and off, by turns. */
export const keepaliveSchema = z.object({
  kind: z.literal("keepalive"),
  endedAt: z.iso.datetime(),
  edge: z.string(),
  vus: z.int(),
  seconds: z.number(),
  rounds: z.int(),
  host: z.object({ cpuModel: z.string(), cores: z.int(), kernel: z.string() }),
  costs: z
    .array(
      z.object({
        pool: z.enum(["on", "off"]),
        requests: z.int(),
        errors: z.int(),
        requestsPerSecond: z.number(),
        connectionsOpened: z.int(),
        timeWait: figures,
        cpuUsPerRequest: figures,
      }),
    )
    .min(2),
});

export type KeepaliveEvidence = z.infer<typeof keepaliveSchema>;
type Cost = KeepaliveEvidence["costs"][number];

const rows: readonly (readonly [string, (cost: Cost) => number])[] = [
  ["requests/s", (cost) => cost.requestsPerSecond],
  ["failed requests", (cost) => cost.errors],
  ["connections opened to the upstream", (cost) => cost.connectionsOpened],
  ["sockets of the edge in TIME_WAIT at the end", (cost) => cost.timeWait.edge],
  ["CPU a request, edge, µs", (cost) => cost.cpuUsPerRequest.edge],
  ["CPU a request, upstream, µs", (cost) => cost.cpuUsPerRequest.upstream],
];

/** The pool on and off side by side: medians of the rounds, and their range. */
export function keepaliveSection({ edge, vus, seconds, rounds, costs }: KeepaliveEvidence): string {
  const of = (pool: Cost["pool"], figure: (cost: Cost) => number) => {
    const sorted = costs
      .filter((cost) => cost.pool === pool)
      .map(figure)
      .sort((a, b) => a - b);
    const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
    return sorted.length === 1
      ? formatCount(middle)
      : `${formatCount(middle)} (${formatCount(sorted[0] ?? null)}–${formatCount(sorted.at(-1) ?? null)})`;
  };
  const body = rows.map(([name, figure]) => [name, of("on", figure), of("off", figure)]);
  const how = rounds === 1 ? "one round: no spread is known" : `${rounds} rounds by turns, median (least–greatest)`;
  const intro = `Topology ${plain(edge)}, ${vus} users for ${seconds} s, ${how}. Without a pool every request opens a connection, which then holds its port for a minute.`;
  return `${intro}\n\n${table([`edge ${plain(edge)}`, "pool on", "pool off"], body)}`;
}
