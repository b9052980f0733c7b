import { Connection, type Driver } from "./connection.ts";
import type { DriverContext, LoadDriver } from "./driver.ts";
import { type Random, seededRandom } from "./random.ts";
import { peakOf, type UserChange, userChanges } from "./schedule.ts";
import { UserWalk } from "./user-walk.ts";

/** After a failure without a response a user pauses, so that a dead target is not met with a loop as hot as the CPU. */
const minFailurePauseMs = 10;
/** All users of a worker together retry at most this often. */
const maxRetriesPerSecond = 5000;

/** Users that send, wait and send again: the `closed` model (as stages say) and the `requests` model (a fixed number). */
export class ClosedDriver implements LoadDriver, Driver {
  readonly connections: Connection[] = [];
  readonly #context: DriverContext<"closed" | "requests">;
  readonly #walk: UserWalk;
  readonly #active: boolean[] = [];
  /** A user's pause: never two, or a user who leaves and comes back within one would send twice as often ever after. */
  readonly #pauses: (NodeJS.Timeout | undefined)[] = [];
  /** Of each user; one object a class. */
  readonly #thinkTimes: ThinkTime[];
  readonly #failurePauseMs: number;
  readonly #random: Random;
  /** Requests that may still be started; infinite in the `closed` model. */
  #budget: number;
  #stopped = false;

  constructor(context: DriverContext<"closed" | "requests">) {
    this.#context = context;
    const { load, index, of } = context;
    this.#random = seededRandom(1, index);
    this.#budget = load.model === "requests" ? budgetOf(load, index, of) : Number.POSITIVE_INFINITY;
    const users = load.model === "requests" ? shareOf(load.users, index, of) : shareOf(peakOf(load.stages), index, of);
    const changes = load.model === "closed" ? userChanges(load.stages, index, of) : allAtOnce(users);
    this.#walk = new UserWalk(
      changes,
      (user, active, nowMs) => this.#change(user, active, nowMs),
      () => this.#settle(),
    );
    this.#thinkTimes = thinkTimesOf(context, users);
    this.#failurePauseMs = Math.max(minFailurePauseMs, (users * 1000) / maxRetriesPerSecond);
    for (let user = 0; user < users; user++) {
      this.connections.push(new Connection(user, context.endpoint, context.tally, this));
      this.#active.push(false);
    }
  }

  get finished(): boolean {
    const everyoneLeft = this.#walk.isOver && !this.#active.includes(true);
    return (this.#stopped || this.#budget <= 0 || everyoneLeft) && this.#context.tally.inFlight === 0;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  start(atMs: number): void {
    this.#walk.start(atMs);
  }

  /** Nothing here is due by the clock but users' coming and going, which has its own timer. */
  tick(): void {}

  onFree(connection: Connection, nowMs: number): void {
    // A busy thread's timer comes late: the clock decides when a user leaves, or it would send beyond its stage.
    if (this.#walk.isDue(nowMs)) {
      this.#walk.walk(nowMs);
      if (connection.busy) return;
    }
    if (!this.#mayGoOn(connection.index)) {
      if (!this.#stopped) connection.close();
      this.#settle();
      return;
    }
    const thinkTime = this.#thinkTimes[connection.index] ?? null;
    if (connection.failed) this.#pause(connection, this.#failurePauseMs);
    else if (thinkTime === null) this.#send(connection, nowMs);
    else this.#pause(connection, thinkTime.minMs + this.#random() * (thinkTime.maxMs - thinkTime.minMs));
  }

  onOpen(): void {}

  stop(): void {
    this.#stopped = true;
    this.#walk.stop();
    for (const pause of this.#pauses) clearTimeout(pause);
    this.#settle();
  }

  #change(user: number, active: boolean, nowMs: number): void {
    this.#active[user] = active;
    this.#context.tally.users += active ? 1 : -1;
    const connection = this.connections[user] as Connection;
    clearTimeout(this.#pauses[user]);
    if (active) this.#sendUnlessBusy(connection, nowMs);
    else if (!connection.busy) connection.close();
  }

  #mayGoOn(user: number): boolean {
    return !this.#stopped && this.#budget > 0 && this.#active[user] === true;
  }

  #sendUnlessBusy(connection: Connection, nowMs = performance.now()): void {
    if (!connection.busy && this.#mayGoOn(connection.index)) this.#send(connection, nowMs);
  }

  #send(connection: Connection, nowMs: number): void {
    this.#budget--;
    connection.send(this.#context.nextRequest(connection), -1, nowMs);
  }

  #settle(): void {
    if (this.finished) this.#context.onFinished();
  }

  #pause(connection: Connection, waitMs: number): void {
    this.#pauses[connection.index] = setTimeout(() => this.#sendUnlessBusy(connection), waitMs);
  }
}

type ThinkTime = DriverContext<"closed">["load"]["thinkTime"];

function thinkTimesOf({ load, profile, classes }: DriverContext<"closed" | "requests">, users: number): ThinkTime[] {
  return Array.from({ length: users }, (_, user) => {
    const own = classes === null ? undefined : profile.classes?.[classes[user] as number];
    return own === undefined ? load.thinkTime : own.thinkTime;
  });
}

/** How many of `total` fall to worker `index` of `of`. */
export function shareOf(total: number, index: number, of: number): number {
  return Math.floor(total / of) + (index < total % of ? 1 : 0);
}

/** Requests fall to workers that have users to send them: where there are fewer users than workers, not to all. */
function budgetOf({ requests, users }: { requests: number; users: number }, index: number, of: number): number {
  const sending = Math.min(of, users);
  return index < sending ? shareOf(requests, index, sending) : 0;
}

function allAtOnce(users: number): UserChange[] {
  return Array.from({ length: users }, (_, user) => ({ atMs: 0, user, active: true }));
}
