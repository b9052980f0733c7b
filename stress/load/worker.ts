import { setTimeout as sleep } from "node:timers/promises";
import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { Tally, transferables } from "../measure/tally.ts";
import { classesOfUsers, mostUsers } from "../profile/classes.ts";
import type { Load, Stage } from "../profile/profile.ts";
import { cellsOf } from "../profile/routes.ts";
import { totalDurationMs } from "../profile/stages.ts";
import { requestChooser } from "./chooser.ts";
import { clockOffsetMs } from "./clock.ts";
import { ClosedDriver } from "./closed-driver.ts";
import type { LoadDriver, Pending } from "./driver.ts";
import { createEndpoint } from "./endpoint.ts";
import { OpenDriver } from "./open-driver.ts";
import type { FromWorker, ToWorker, WorkerOrder } from "./protocol.ts";
import { seededRandom } from "./random.ts";
import { type PreparedRequest, prepareRequests } from "./request.ts";
import { StreamDriver } from "./stream-driver.ts";
import { heartbeatMs, ThreadLoadMeter } from "./thread-load.ts";

/**
 * A worker thread of the load: drives its share of the connections and tells what happened once a second, and at every
 * boundary between stages. It shares nothing with its siblings but the clock.
 */
/** Between looks for requests that have timed out. */
const expiryMs = 50;
const calmBeatMs = 50;

const port = parentPort;
if (port === null) throw new Error("worker.ts runs as a worker thread");
const { order } = workerData as { order: WorkerOrder };
const { profile, index, of } = order;
const load = profile.load;

const random = seededRandom(load.model === "open" ? load.seed : 1, of + index);
const requests = prepareRequests(profile, random);
const tally = new Tally({
  worker: index,
  routes: cellsOf(profile).length,
  checks: profile.checks.length,
  apdexMs: profile.apdexMs,
  nowMs: performance.now() + clockOffsetMs,
  streams: profile.stream !== undefined,
});
const classes = ownClasses();
const meter = new ThreadLoadMeter();
const driver = createDriver(load);
let interruptAt = Number.POSITIVE_INFINITY;
/** The last stage is over, or the run was stopped: the thread may end when its driver has. */
let over = load.model === "requests";
let told = false;
let expiredAt = 0;
let metronome: MessagePort | null = null;

/** The class of each of this worker's users; null where users have none. */
function ownClasses(): Uint16Array | null {
  const users = mostUsers(profile);
  if (profile.classes === undefined || users === null) return null;
  const weights = profile.classes.map(({ weight }) => weight);
  return classesOfUsers(weights, users).filter((_, user) => user % of === index);
}

function createDriver(load: Load): LoadDriver {
  const common = {
    profile,
    index,
    of,
    endpoint: createEndpoint(profile, order.address),
    tally,
    nextRequest: requestChooser(profile, requests, random, classes),
    classes,
    onFinished: () => setImmediate(finish),
  };
  if (profile.stream !== undefined && load.model === "closed" && tally.streams !== null) {
    return new StreamDriver({ ...common, load }, profile.stream, tally.streams, requests[0] as PreparedRequest);
  }
  return load.model === "open" ? new OpenDriver({ ...common, load }, order.nextDue) : new ClosedDriver({ ...common, load });
}

function tell(message: FromWorker): void {
  port?.postMessage(message, message.type === "interval" ? transferables(message.interval) : []);
}

function tellInterval(): void {
  const now = performance.now();
  tell({ type: "interval", interval: tally.take(now + clockOffsetMs, meter.take(now)) });
}

function beat(): void {
  const now = performance.now();
  meter.beat(now);
  if (now - expiredAt >= expiryMs) expireAll(now);
  driver.tick(now);
}

/** Timeouts are looked for, not timed one by one: a timer a request would cost more than the request's accounting. */
function expireAll(now: number): void {
  expiredAt = now;
  for (const connection of driver.connections) if (connection.pending) expire(connection, now);
}

function expire(connection: Pending, now: number): void {
  if (connection.deadline <= now) connection.cancel("timeout", now);
  else if (interruptAt <= now) connection.cancel("interrupted", now);
}

/** Intervals end on whole seconds of the load and where a stage does, so that each belongs to one stage. */
function* intervalEnds(stages: readonly Stage[]): Generator<number> {
  let stageEnd = 0;
  let second = 1000;
  for (const { durationMs } of stages) {
    stageEnd += durationMs;
    for (; second < stageEnd; second += 1000) yield second;
    yield stageEnd;
    if (second === stageEnd) second += 1000;
  }
  for (; ; second += 1000) yield second;
}

function tellIntervals(ends: Generator<number>, startAt: number): void {
  const end = startAt + (ends.next().value as number);
  setTimeout(
    () => {
      if (told) return;
      tellInterval();
      tellIntervals(ends, startAt);
    },
    Math.max(0, end - performance.now()),
  );
}

function start(atMs: number): void {
  const startAt = atMs - clockOffsetMs;
  setTimeout(
    () => {
      if (told) return;
      tellInterval();
      driver.start(startAt);
      const stages = load.model === "requests" ? [] : load.stages;
      tellIntervals(intervalEnds(stages), startAt);
      if (stages.length > 0) setTimeout(end, Math.max(0, startAt + totalDurationMs(stages) - performance.now()));
    },
    Math.max(0, startAt - performance.now()),
  );
}

/** A worker whose users leave early stays to the end: every thread then covers every stage. */
function end(): void {
  over = true;
  finish();
}

function finish(): void {
  if (told || !over || !driver.finished) return;
  told = true;
  for (const connection of driver.connections) connection.close();
  clearInterval(heartbeat);
  tellInterval();
  tell({ type: "done" });
  metronome?.close();
  port?.close();
}

/**
 * Waits until the opening of connections is really over: their session tickets are read and its garbage is collected, or
 * the first arrivals of a run with thousands of connections would be late for it. Gives up after five seconds.
 */
async function calm(): Promise<void> {
  for (let onTime = 0, beats = 0; onTime < 3 && beats < 100; beats++) {
    const startedAt = performance.now();
    await sleep(calmBeatMs);
    onTime = performance.now() - startedAt < calmBeatMs + 5 ? onTime + 1 : 0;
  }
}

const heartbeat = setInterval(beat, heartbeatMs);
port.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "start":
      start(message.atMs);
      break;
    case "metronome":
      metronome = message.port;
      metronome.on("message", () => driver.tick(performance.now()));
      break;
    case "stop":
      interruptAt = message.deadlineMs - clockOffsetMs;
      over = true;
      driver.stop();
      break;
  }
});
await driver.prepare();
if (load.model === "open") await calm();
tell({ type: "ready" });
