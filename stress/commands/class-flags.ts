import { mostUsers, usersOfClasses } from "../profile/classes.ts";
import type { Load, RequestSpec, UserClass } from "../profile/profile.ts";
import { parseDuration, parseRate } from "../profile/units.ts";
import { UsageError } from "../profile/usage-error.ts";

/** Flags of a mix of users. */
export interface ClassFlags {
  class?: string[];
  spawnRate?: string;
}

const accepted = "'NAME [weight=N] [think=1s|500ms-2s]'";

/** The classes of users, or undefined where there are none. @throws UsageError */
export function classesFrom(
  flags: ClassFlags & { think?: string; sse?: boolean; ws?: boolean },
  requests: readonly RequestSpec[],
  load: Load,
): UserClass[] | undefined {
  if (flags.class === undefined) {
    const named = requests.find((request) => request.class !== undefined);
    if (named === undefined) return undefined;
    throw new UsageError(`--request names the class "${named.class}", which is none: give --class '${named.class} weight=1'`);
  }
  if (flags.sse || flags.ws) throw new UsageError(`--class contradicts --${flags.sse ? "sse" : "ws"}: streams are of one kind`);
  const classes = flags.class.map((text) => parseClass(text, flags.think));
  const names = classes.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--class "${twice}" is given twice: give each class once`);
  for (const { class: name, method, route } of requests) {
    if (name === undefined) throw new UsageError(`--request ${method} ${route} has no class: add class=${names[0]}`);
    if (!names.includes(name)) throw new UsageError(`--request names the class "${name}": there are ${names.join(", ")}`);
  }
  const idle = names.find((name) => requests.every((request) => request.class !== name));
  if (idle !== undefined) throw new UsageError(`--class "${idle}" has nothing to send: give --request 'GET /path class=${idle}'`);
  refuseEmpty(classes, load);
  return classes;
}

/** A class that nobody belongs to would have figures of nothing. */
function refuseEmpty(classes: readonly UserClass[], load: Load): void {
  const users = mostUsers({ load });
  if (users === null) {
    const thinking = classes.find(({ thinkTime }) => thinkTime !== null);
    if (thinking === undefined) return;
    throw new UsageError(`--class "${thinking.name}": think contradicts a rate, since arrivals do not wait for anybody`);
  }
  const shares = usersOfClasses(
    classes.map(({ weight }) => weight),
    users,
  );
  const empty = classes.find((_, i) => shares[i] === 0);
  if (empty === undefined) return;
  throw new UsageError(
    `--class "${empty.name}" gets none of ${users} users at weight ${empty.weight}: give more users or weight`,
  );
}

function parseClass(text: string, think: string | undefined): UserClass {
  const [name = "", ...rest] = text.trim().split(/\s+/);
  const given = new Map(rest.map((part): [string, string] => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
  const strange = rest.find((part) => !/^(weight|think)=./.test(part));
  if (!/^[\w.-]+$/.test(name) || strange !== undefined) {
    throw new UsageError(`--class "${text}"${strange ? ` holds "${strange}"` : ""}: accepted is ${accepted}`);
  }
  const weight = Number(given.get("weight") ?? 1);
  if (!(weight > 0 && Number.isFinite(weight))) {
    throw new UsageError(`--class "${name}": weight "${given.get("weight")}" is not a number above zero`);
  }
  const pause = given.get("think") ?? think;
  return { name, weight, thinkTime: pause === undefined ? null : thinkFrom(pause, `--class "${name}" think`) };
}

/** A pause: a time, or a range of times. @throws UsageError */
export function thinkFrom(text: string, what = "--think"): { minMs: number; maxMs: number } {
  const [from = text, to = from, ...rest] = text.split("-");
  const minMs = parseDuration(from, { what, allowZero: true });
  const maxMs = parseDuration(to, { what, allowZero: true });
  if (rest.length > 0 || maxMs < minMs) {
    throw new UsageError(`${what} "${text}": accepted is a time (1s) or a rising range (500ms-2s)`);
  }
  return { minMs, maxMs };
}

/** Users that come one after the other, so many a second, before their number is held. @throws UsageError */
export function withSpawnRate(load: Load, { spawnRate, stage }: ClassFlags & { stage?: string[] }): Load {
  if (spawnRate === undefined) return load;
  if (load.model !== "closed" || stage !== undefined) {
    throw new UsageError("--spawn-rate is how fast --vus users come: give --vus and --duration with it, no stages and no rate");
  }
  const [hold] = load.stages;
  const users = hold?.to ?? 0;
  const rate = parseRate(spawnRate, { what: "--spawn-rate" });
  return { ...load, stages: [{ durationMs: (users * 1000) / rate, from: 0, to: users }, ...load.stages] };
}
