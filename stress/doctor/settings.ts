import type { HostNeeds } from "./needs.ts";
import { filesNeeded, portsNeeded, portsOf, reusesTimeWait } from "./ports.ts";
import type { HostReadings, Limit } from "./readings.ts";

/** `short`: stands in the way of the run. `ok`: does not. `none`: has no part in it. `unknown`: cannot be read here. */
export type Status = "ok" | "short" | "none" | "unknown";

/** One setting against one run. */
export interface Finding {
  name: string;
  now: string;
  /** What the guide of gateway load tests recommends. */
  guide: string;
  status: Status;
  /** What the run needs of it, and what it has; empty where it has no part in it. */
  need: string;
  /** What it really does. */
  does: string;
}

/** A setting of the guide: what it does, and how a run is judged by it. */
export interface Setting {
  name: string;
  kind: "sysctl" | "limit";
  guide: string;
  /** Set by `apply`; null where that would help no run of ours. The guide's value unless there is a reason for another. */
  apply: string | null;
  does: string;
  judge(needs: HostNeeds, readings: HostReadings): { status: Status; need: string };
}

/** Backlog that Node's servers ask for unless told otherwise: more is of use to servers that ask for more. */
const nodeBacklog = 511;

/** The kernel's own queue of packets. Its CPU empties it between sends, so that connections of ours do not need more. */
const kernelBacklog = 1000;

/** Beyond 2^50 a limit is none. */
const count = (value: number): string => (value > 2 ** 50 ? "no limit" : value.toLocaleString("en-US"));
const none = () => ({ status: "none" as const, need: "" });
const unknown = { status: "unknown" as const, need: "" };

/** A figure that is to be at least `needed`. */
function atLeast(value: string | null | undefined, needed: number, what: string): { status: Status; need: string } {
  if (value === null || value === undefined) return unknown;
  const has = Number(value.split(" ").at(-1));
  return { status: has >= needed ? "ok" : "short", need: `${count(needed)} ${what}: you have ${count(has)}` };
}

const sysctl = (name: string, guide: string, apply: string | null, does: string, judge: Setting["judge"] = none): Setting => ({
  name,
  kind: "sysctl",
  guide,
  apply,
  does,
  judge,
});

const limit = (name: string, guide: string, does: string, judge: Setting["judge"] = none): Setting => ({
  name,
  kind: "limit",
  guide,
  apply: null,
  does,
  judge,
});

export const settings: readonly Setting[] = [
  sysctl(
    "net.ipv4.ip_local_port_range",
    "1024 65535",
    // A service cannot start on a port that an outgoing connection happens to hold: the bundle's are at 9443 and around.
    "10000 65535",
    "ports of outgoing connections, one each to the same address and port; a lower limit of 1024 takes ports that services listen on",
    (needs, readings) => {
      const has = portsOf(readings);
      if (has === null) return unknown;
      const needed = portsNeeded(needs, readings);
      const waiting = needed - needs.connections;
      const kept = waiting > 0 ? ` and ${count(waiting)} closed ones` : "";
      const need = `${count(needs.connections)} connections${kept} need ${count(needed)} ports: you have ${count(has)}`;
      return { status: needed <= has ? "ok" : "short", need };
    },
  ),
  sysctl(
    "net.ipv4.tcp_tw_reuse",
    "1",
    "1",
    "an outgoing connection may take a port that has been in TIME_WAIT for a second; 2 (the default) does so on loopback; of no use to servers",
    (needs, readings) => {
      const value = readings.sysctls["net.ipv4.tcp_tw_reuse"];
      if (value === null || value === undefined) return unknown;
      if (needs.closedPerSecond === 0) return { status: "ok", need: "connections are kept: none is closed by us during the run" };
      const reuses = reusesTimeWait(readings, needs.isLocal);
      const rate = needs.closedPerSecond === null ? "as many as the target allows" : count(Math.round(needs.closedPerSecond));
      const need = `${rate} connections are closed a second, each keeps its port for ${reuses ? "1 s" : "60 s"}`;
      const fits = portsNeeded(needs, readings) <= (portsOf(readings) ?? Number.POSITIVE_INFINITY);
      return { status: reuses || (fits && needs.closedPerSecond !== null) ? "ok" : "short", need };
    },
  ),
  limit(
    "nofile",
    "65536",
    "open files and sockets of one process, set for whoever starts it (limits.conf, LimitNOFILE=, ulimit -n); Node raises it to the hard limit by itself",
    (needs, { limits }) => {
      const has = limits.nofile;
      if (has === null || has === undefined) return unknown;
      const needed = filesNeeded(needs);
      const need = `${count(needs.connections)} connections need ${count(needed)} descriptors: you have ${show(has.soft)}`;
      return { status: needed <= has.soft ? "ok" : "short", need };
    },
  ),
  sysctl(
    "fs.file-max",
    "2097152",
    "2097152",
    "open files of all processes together; default is a tenth of memory, and far above this",
    (needs, { sysctls }) => atLeast(sysctls["fs.file-max"], filesNeeded(needs) * (needs.isLocal ? 3 : 1), "files in all"),
  ),
  sysctl(
    "net.core.somaxconn",
    "65535",
    "65535",
    `connections that a listening socket lets wait for its server; the lesser of this and what the server asks for, ${nodeBacklog} with Node; heeded when it begins to listen`,
    (needs, { sysctls }) =>
      needs.isLocal
        ? atLeast(sysctls["net.core.somaxconn"], Math.min(nodeBacklog, needs.openedPerSecond), "connections opened at once")
        : none(),
  ),
  sysctl(
    "net.ipv4.tcp_max_syn_backlog",
    "65535",
    "65535",
    "half-open connections of a listening socket, where SYN cookies are off; with cookies on none is refused for it",
    (needs, { sysctls }) => {
      if (!needs.isLocal) return none();
      if (sysctls["net.ipv4.tcp_syncookies"] !== "0") return { status: "ok", need: "SYN cookies are on" };
      return atLeast(sysctls["net.ipv4.tcp_max_syn_backlog"], needs.openedPerSecond, "connections opened at once");
    },
  ),
  sysctl(
    "net.core.netdev_max_backlog",
    "65535",
    "65535",
    "packets that wait for a CPU's attention, loopback's among them; beyond it they are dropped, which the kernel counts",
    ({ connections }, { sysctls, packetsDropped }) => {
      const needed = Math.min(kernelBacklog, connections);
      const judged = atLeast(sysctls["net.core.netdev_max_backlog"], needed, "packets at once");
      // No more than a note: the count lasts until the next boot, whatever dropped them and whatever was set since.
      const dropped = packetsDropped === null || packetsDropped === 0 ? "" : `; ${count(packetsDropped)} dropped since boot`;
      return { ...judged, need: `${judged.need}${dropped}` };
    },
  ),
  sysctl(
    "net.ipv4.tcp_fin_timeout",
    "15",
    null,
    "how long a socket that nobody owns waits in FIN_WAIT_2 for the other side; it does not shorten TIME_WAIT, which is 60 s in the kernel's source",
  ),
  sysctl(
    "net.ipv4.tcp_keepalive_time",
    "60",
    null,
    "silence before a dead peer is looked for, on sockets that ask for it; a load has no silence",
  ),
  sysctl("net.ipv4.tcp_keepalive_intvl", "10", null, "between such looks"),
  sysctl("net.ipv4.tcp_keepalive_probes", "6", null, "such looks before the connection is given up"),
  sysctl(
    "net.core.rmem_max",
    "16777216",
    null,
    "the most that a program may ask for with SO_RCVBUF; what the kernel tunes by itself does not heed it",
  ),
  sysctl("net.core.wmem_max", "16777216", null, "the same for SO_SNDBUF"),
  sysctl(
    "net.ipv4.tcp_rmem",
    "4096 87380 16777216",
    null,
    "receive buffers that the kernel tunes: least, first, most; for bulk over long distances, not for many small answers",
  ),
  sysctl("net.ipv4.tcp_wmem", "4096 65536 16777216", null, "the same for send buffers"),
  sysctl(
    "vm.swappiness",
    "10",
    null,
    "whether memory of processes or of files goes first when there is too little",
    (_needs, { swapBytes, sysctls }) => {
      if (swapBytes === null || sysctls["vm.swappiness"] === null) return unknown;
      return { status: "none", need: swapBytes === 0 ? "there is no swap: no effect" : "" };
    },
  ),
  sysctl("fs.aio-max-nr", "1048576", null, "asynchronous disk requests of databases; sockets do not use it"),
  limit("nproc", "65536", "processes and threads of one user", (needs, { limits }) => {
    const has = limits.nproc;
    if (has === null || has === undefined) return unknown;
    const needed = needs.workers + 20;
    return { status: needed <= has.soft ? "ok" : "short", need: `${count(needed)} threads: you have ${show(has.soft)}` };
  }),
  limit("sigpending", "65536", "signals that wait for a process; a load sends none"),
  limit("memlock", "unlimited", "memory kept from being swapped, for programs that ask for it; ours do not"),
  limit("msgqueue", "819200", "POSIX message queues; sockets are none"),
];

/** Not the guide's, and in the way all the same where a firewall tracks connections. */
const conntrack = "net.netfilter.nf_conntrack_max";

/** Everything whose value must be read to judge a run. */
export const sysctlNames: readonly string[] = [
  ...settings.filter(({ kind }) => kind === "sysctl").map(({ name }) => name),
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_syncookies",
  conntrack,
];

/** Each setting of the guide against what the run needs. Pure. */
export function judgeHost(needs: HostNeeds, readings: HostReadings): Finding[] {
  const findings = settings.map((setting): Finding => {
    const { name, kind, guide, does } = setting;
    const value = kind === "sysctl" ? readings.sysctls[name] : showLimit(readings.limits[name]);
    const judged = value === null || value === undefined ? unknown : setting.judge(needs, readings);
    return { name, now: value ?? "–", guide, does, ...judged };
  });
  const tracked = readings.sysctls[conntrack];
  if (tracked === null || tracked === undefined) return findings;
  const does = "connections that the firewall remembers, closed ones for two minutes; beyond it packets are dropped";
  const needed = needs.connections + Math.ceil(((needs.closedPerSecond ?? 0) * Math.min(120_000, needs.durationMs)) / 1000);
  return [
    ...findings,
    { name: conntrack, now: tracked, guide: "–", does, ...atLeast(tracked, needed, "connections remembered") },
  ];
}

function showLimit(limit: Limit | null | undefined): string | null {
  return limit === null || limit === undefined ? null : show(limit.soft);
}

function show(value: number): string {
  return Number.isFinite(value) ? String(value) : "unlimited";
}
