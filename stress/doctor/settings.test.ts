import { describe, expect, it } from "vitest";
import type { Profile } from "../profile/profile.ts";
import { changesFor } from "./change.ts";
import { type HostNeeds, needsOf } from "./needs.ts";
import { portsNeeded, portsOf } from "./ports.ts";
import { droppedPackets, type PlaceSigns, parseLimits, placeOf, swapBytes } from "./read.ts";
import type { HostReadings } from "./readings.ts";
import { judgeHost, settings } from "./settings.ts";
import { hostWarnings } from "./warnings.ts";

/** A host as its distribution left it. */
const stock: HostReadings = {
  sysctls: {
    "net.ipv4.ip_local_port_range": "32768 60999",
    "net.ipv4.ip_local_reserved_ports": "",
    "net.ipv4.tcp_tw_reuse": "2",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_max_syn_backlog": "512",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_keepalive_probes": "9",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
    "net.core.somaxconn": "4096",
    "net.core.netdev_max_backlog": "1000",
    "net.core.rmem_max": "212992",
    "net.core.wmem_max": "212992",
    "fs.file-max": "9223372036854775807",
    "fs.aio-max-nr": "65536",
    "vm.swappiness": "60",
    "net.netfilter.nf_conntrack_max": null,
  },
  limits: {
    nofile: { soft: 20_000, hard: 20_000 },
    nproc: { soft: 63_000, hard: 63_000 },
    sigpending: { soft: 63_000, hard: 63_000 },
    memlock: { soft: 8_388_608, hard: 8_388_608 },
    msgqueue: { soft: 819_200, hard: 819_200 },
  },
  packetsDropped: 0,
  swapBytes: 0,
  place: "host",
};

const needs = (parts: Partial<HostNeeds> = {}): HostNeeds => ({
  connections: 1000,
  openedPerSecond: 200,
  closedPerSecond: 0,
  durationMs: 60_000,
  workers: 1,
  isLocal: true,
  ...parts,
});
const withSysctls = (sysctls: Record<string, string | null>): HostReadings => ({
  ...stock,
  sysctls: { ...stock.sysctls, ...sysctls },
});
const found = (name: string, of: HostNeeds, readings = stock) => {
  const finding = judgeHost(of, readings).find((each) => each.name === name);
  if (finding === undefined) throw new Error(`no finding for ${name}`);
  return finding;
};

describe("the doctor's judgement", () => {
  it("covers every setting of the guide, and says of each what it does", () => {
    const names = judgeHost(needs(), stock).map(({ name }) => name);
    expect(names).toHaveLength(settings.length);
    expect(names).toEqual(
      expect.arrayContaining(Object.keys(stock.sysctls).filter((name) => !/reserved|cookies|conntrack/.test(name))),
    );
    expect(names).toEqual(expect.arrayContaining(["nofile", "nproc", "sigpending", "memlock", "msgqueue"]));
    expect(settings.filter(({ does }) => does.length < 10)).toEqual([]);
  });

  it("finds nothing in the way of a thousand kept connections", () => {
    expect(judgeHost(needs(), stock).filter(({ status }) => status === "short" || status === "unknown")).toEqual([]);
  });

  it.each<[string, Partial<HostNeeds>, Record<string, string>, string, string]>([
    ["enough ports", { connections: 28_232 }, {}, "ok", "28,232 connections need 28,232 ports: you have 28,232"],
    ["one too few", { connections: 28_233 }, {}, "short", "28,233 connections need 28,233 ports: you have 28,232"],
    [
      "reserved ones in the range",
      { connections: 28_232 },
      { "net.ipv4.ip_local_reserved_ports": "40000,50000-50009,1-100" },
      "short",
      "28,232 connections need 28,232 ports: you have 28,221",
    ],
    [
      "closed ones to another host, 60 s each",
      { connections: 100, closedPerSecond: 600, isLocal: false },
      {},
      "short",
      "100 connections and 36,000 closed ones need 36,100 ports: you have 28,232",
    ],
    [
      "closed ones in a short run",
      { connections: 100, closedPerSecond: 600, isLocal: false, durationMs: 10_000 },
      {},
      "ok",
      "100 connections and 6,000 closed ones need 6,100 ports: you have 28,232",
    ],
    [
      "closed ones on loopback, reused after 1 s",
      { connections: 100, closedPerSecond: 600 },
      {},
      "ok",
      "100 connections and 600 closed ones need 700 ports: you have 28,232",
    ],
    [
      "closed ones with reuse everywhere",
      { connections: 100, closedPerSecond: 600, isLocal: false },
      { "net.ipv4.tcp_tw_reuse": "1" },
      "ok",
      "100 connections and 600 closed ones need 700 ports: you have 28,232",
    ],
    [
      "closed ones without reuse",
      { connections: 100, closedPerSecond: 600 },
      { "net.ipv4.tcp_tw_reuse": "0" },
      "short",
      "100 connections and 36,000 closed ones need 36,100 ports: you have 28,232",
    ],
  ])("counts ports: %s", (_, parts, sysctls, status, need) => {
    expect(found("net.ipv4.ip_local_port_range", needs(parts), withSysctls(sysctls))).toMatchObject({ status, need });
  });

  it("counts descriptors", () => {
    expect(found("nofile", needs({ connections: 10_000 }))).toMatchObject({
      status: "ok",
      need: "10,000 connections need 10,120 descriptors: you have 20000",
    });
    expect(found("nofile", needs({ connections: 20_000 }))).toMatchObject({ status: "short" });
  });

  it.each<[string, string, Partial<HostNeeds>, Record<string, string | null>, string]>([
    ["net.core.somaxconn", "too short for a burst", {}, { "net.core.somaxconn": "128" }, "short"],
    ["net.core.somaxconn", "another host's matter", { isLocal: false }, { "net.core.somaxconn": "128" }, "none"],
    ["net.core.somaxconn", "more than Node asks for is of no use", { openedPerSecond: 9000 }, {}, "ok"],
    ["net.ipv4.tcp_max_syn_backlog", "cookies make up for it", { openedPerSecond: 9000 }, {}, "ok"],
    ["net.ipv4.tcp_max_syn_backlog", "without cookies", { openedPerSecond: 9000 }, { "net.ipv4.tcp_syncookies": "0" }, "short"],
    ["net.ipv4.tcp_tw_reuse", "nothing is closed", {}, { "net.ipv4.tcp_tw_reuse": "0" }, "ok"],
    [
      "net.ipv4.tcp_tw_reuse",
      "unknown many are closed, and kept",
      { closedPerSecond: null },
      { "net.ipv4.tcp_tw_reuse": "0" },
      "short",
    ],
    ["net.ipv4.tcp_fin_timeout", "does not shorten TIME_WAIT", { closedPerSecond: 9000 }, {}, "none"],
    ["net.core.netdev_max_backlog", "not visible in a namespace", {}, { "net.core.netdev_max_backlog": null }, "unknown"],
  ])("%s: %s", (name, _, parts, sysctls, status) => {
    expect(found(name, needs(parts), withSysctls(sysctls)).status).toBe(status);
  });

  it("says of tcp_fin_timeout that it does not shorten TIME_WAIT", () => {
    expect(found("net.ipv4.tcp_fin_timeout", needs()).does).toMatch(/does not shorten TIME_WAIT/);
  });

  it("judges the queue of packets by its length, and only notes what was dropped at some time", () => {
    const backlog = (length: string, parts: Partial<HostNeeds> = {}) =>
      found("net.core.netdev_max_backlog", needs(parts), {
        ...withSysctls({ "net.core.netdev_max_backlog": length }),
        packetsDropped: 7,
      });
    expect(backlog("1000")).toMatchObject({
      status: "ok",
      need: "1,000 packets at once: you have 1,000; 7 dropped since boot",
    });
    expect(backlog("1000", { connections: 10_000 }).status).toBe("ok");
    expect(backlog("300").status).toBe("short");
    expect(backlog("300", { connections: 200 }).status).toBe("ok");
  });

  it("takes a firewall's table for a limit", () => {
    const tracking = withSysctls({ "net.netfilter.nf_conntrack_max": "65536" });
    expect(found("net.netfilter.nf_conntrack_max", needs({ closedPerSecond: 600, durationMs: 600_000 }), tracking)).toMatchObject(
      {
        status: "short",
        need: "73,000 connections remembered: you have 65,536",
      },
    );
  });
});

describe("what a planned run needs", () => {
  const base = {
    session: { requestsPerConnection: null, resumption: false },
    target: { baseUrl: "https://localhost:9443", address: null },
    workers: 1,
  };
  const profile = (parts: object) => ({ ...base, ...parts }) as unknown as Profile;
  const closed = (...stages: [number, number, number][]) => ({
    model: "closed",
    stages: stages.map(([durationMs, from, to]) => ({ durationMs, from, to })),
    thinkTime: null,
  });
  const open = (perSecond: number, parts: object) => ({
    model: "open",
    stages: [{ durationMs: 60_000, from: perSecond, to: perSecond }],
    ...parts,
  });

  it.each<[string, object, Partial<HostNeeds>]>([
    [
      "users at once",
      { load: closed([60_000, 500, 500]) },
      { connections: 500, openedPerSecond: 500, closedPerSecond: 0, durationMs: 60_000 },
    ],
    [
      "users of a ramp",
      { load: closed([10_000, 0, 1000], [60_000, 1000, 1000]) },
      { connections: 1000, openedPerSecond: 100, durationMs: 70_000 },
    ],
    [
      "a rate with its cap",
      { load: open(1000, { connections: 100, maxConnections: 1000 }) },
      { connections: 1000, closedPerSecond: 0 },
    ],
    [
      "a rate with a connection for each ten requests",
      { load: open(1000, { connections: 10, maxConnections: 20 }), session: { requestsPerConnection: 10, resumption: false } },
      { closedPerSecond: 100 },
    ],
    [
      "users with a connection for each request",
      { load: closed([1000, 5, 5]), session: { requestsPerConnection: 1, resumption: false } },
      { closedPerSecond: null },
    ],
    [
      "a number of requests",
      { load: { model: "requests", requests: 9, users: 3, thinkTime: null } },
      { connections: 3, durationMs: 0 },
    ],
    [
      "a run elsewhere",
      { load: closed([1000, 5, 5]), target: { baseUrl: "https://edge.example", address: null } },
      { isLocal: false },
    ],
    [
      "a run whose name is resolved to loopback",
      { load: closed([1000, 5, 5]), target: { baseUrl: "https://edge.example", address: "127.0.0.1" } },
      { isLocal: true },
    ],
    ["a run to ::1", { load: closed([1000, 5, 5]), target: { baseUrl: "https://[::1]:1", address: null } }, { isLocal: true }],
  ])("%s", (_, parts, expected) => {
    expect(needsOf(profile(parts))).toMatchObject(expected);
  });

  it("is warned of in one line each, where ports or descriptors are too few, and else not at all", () => {
    const many = profile({ load: closed([1000, 40_000, 40_000]) });
    expect(hostWarnings(many, stock)).toEqual([
      "40,000 connections need 40,000 ports: you have 28,232 (net.ipv4.ip_local_port_range; see stress doctor)",
      "40,000 connections need 40,120 descriptors: you have 20000 (nofile; see stress doctor)",
    ]);
    expect(hostWarnings(profile({ load: closed([1000, 1000, 1000]) }), withSysctls({ "net.core.somaxconn": "1" }))).toEqual([]);
  });
});

describe("readings", () => {
  it("are those of /proc", () => {
    const limits = parseLimits(
      "Limit                     Soft Limit           Hard Limit           Units     \n" +
        "Max open files            1024                 524288               files     \n" +
        "Max locked memory         unlimited            unlimited            bytes     \n",
    );
    expect([limits.nofile, limits.memlock, limits.nproc]).toEqual([
      { soft: 1024, hard: 524_288 },
      { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY },
      null,
    ]);
    expect(droppedPackets("0000a 00000000 0\n0000b 0000001f 0\n")).toBe(31);
    expect([swapBytes("MemTotal: 1 kB\nSwapTotal:       2048 kB\n"), swapBytes(null)]).toEqual([2_097_152, null]);
    expect(portsOf(withSysctls({ "net.ipv4.ip_local_port_range": null }))).toBeNull();
    expect(portsNeeded(needs({ closedPerSecond: null }), stock)).toBe(1000);
  });

  const host: PlaceSigns = {
    kernelRelease: "6.8.0-generic",
    cgroups: "0::/init.scope",
    hasMarker: false,
    kubernetes: undefined,
    initEnvironment: "HOME=/\0TERM=linux\0",
    mounts:
      "25 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n90 25 0:44 / /var/lib/docker/overlay2/1 rw - overlay overlay rw",
  };
  const version2 = { ...host, cgroups: "0::/" };
  it.each<[string, PlaceSigns, string]>([
    ["the kernel, services and mounts of a host", host, "host"],
    ["nothing that can be read", { ...host, cgroups: "", initEnvironment: null, mounts: null }, "host"],
    ["the root of a control group, and no other sign", version2, "host"],
    ["an engine's file", { ...version2, hasMarker: true }, "container"],
    ["a path of control groups", { ...host, cgroups: "12:cpu:/kubepods/pod7/abc" }, "container"],
    ["the service of a cluster", { ...version2, kubernetes: "10.0.0.1" }, "container"],
    ["what init was told", { ...version2, initEnvironment: "PATH=/bin\0container=podman\0" }, "container"],
    ["a variable of another name", { ...version2, initEnvironment: "mycontainer=x\0container=\0" }, "host"],
    [
      "a root of layers",
      {
        ...version2,
        mounts: "612 530 0:98 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/x\n613 612 0:9 / /proc rw - proc proc rw",
      },
      "container",
    ],
    ["Microsoft's kernel", { ...host, kernelRelease: "5.15.153.1-microsoft-standard-WSL2" }, "wsl"],
  ])("tell the place by %s", (_, signs, place) => {
    expect(placeOf(signs)).toBe(place);
  });
});

describe("what apply would change", () => {
  it("is what helps a load, and nothing that is high enough already", () => {
    expect(changesFor(stock, []).map(({ name, before, after }) => `${name} ${before} > ${after}`)).toEqual([
      "net.ipv4.ip_local_port_range 32768 60999 > 10000 65535",
      "net.ipv4.tcp_tw_reuse 2 > 1",
      "net.core.somaxconn 4096 > 65535",
      "net.ipv4.tcp_max_syn_backlog 512 > 65535",
      "net.core.netdev_max_backlog 1000 > 65535",
    ]);
    const tuned = withSysctls({
      "net.ipv4.ip_local_port_range": "1024 65535",
      "net.core.somaxconn": "65535",
      "net.ipv4.tcp_tw_reuse": "1",
    });
    expect(changesFor(tuned, []).map(({ name }) => name)).toEqual([
      "net.ipv4.tcp_max_syn_backlog",
      "net.core.netdev_max_backlog",
    ]);
  });

  it("is no more than asked for, and nothing that cannot be seen", () => {
    expect(changesFor(stock, ["net.core.somaxconn"]).map(({ name }) => name)).toEqual(["net.core.somaxconn"]);
    expect(changesFor(withSysctls({ "net.core.somaxconn": null }), ["net.core.somaxconn"])).toEqual([]);
  });
});
