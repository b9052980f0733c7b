import { clockOffsetMs } from "./clock.ts";
import { shareOf } from "./closed-driver.ts";
import { Connection } from "./connection.ts";
import type { DriverContext, LoadDriver } from "./driver.ts";
import { FreeList } from "./free-list.ts";
import { type Arrivals, constantArrivals, pacerFor, poissonArrivals } from "./pacer.ts";

/** Sent more than this after it was due counts as late. */
const lateMs = 2;

/**
 * Arrivals due at instants fixed beforehand. The next arrival is a cursor, not a queue: what waits is whatever is due
 * and not sent, so a backlog costs no memory, and order is first come, first served.
 *
 * An arrival that finds no free connection is *blocked* until one is free: the target's doing. Time between the later
 * of due and free, and the send, is *pacer lag*: ours.
 */
export class OpenDriver implements LoadDriver {
  readonly connections: Connection[] = [];
  readonly #context: DriverContext<"open">;
  readonly #free: FreeList;
  readonly #arrivals: Arrivals;
  readonly #nextDue: Float64Array;
  readonly #maxConnections: number;
  readonly #timeoutMs: number;
  /** Due time of the arrival at the cursor, on this thread's clock; infinite after the last. */
  #due = Number.POSITIVE_INFINITY;
  /** When the free list last stopped being empty. */
  #freeSince = 0;
  #startAt = Number.POSITIVE_INFINITY;
  #opening = 0;
  #prepared: (() => void) | null = null;
  #stopped = false;

  constructor(context: DriverContext<"open">, nextDue: Float64Array) {
    const { load, index, of } = context;
    this.#context = context;
    this.#nextDue = nextDue;
    this.#timeoutMs = context.profile.timeoutMs;
    this.#maxConnections = shareOf(Math.max(load.maxConnections, load.connections), index, of);
    this.#free = new FreeList(this.#maxConnections);
    const pacer = pacerFor(load.stages);
    this.#arrivals =
      load.arrivals === "poisson" ? poissonArrivals(pacer, index, of, load.seed) : constantArrivals(pacer, index, of);
    for (let i = 0; i < shareOf(load.connections, index, of); i++) this.#add();
  }

  get finished(): boolean {
    const isOver = this.#startAt < Number.POSITIVE_INFINITY && this.#due === Number.POSITIVE_INFINITY;
    return (this.#stopped || isOver) && this.#context.tally.inFlight === 0;
  }

  prepare(): Promise<void> {
    return new Promise((resolve) => {
      this.#opening = this.connections.length;
      if (this.#opening === 0) resolve();
      this.#prepared = resolve;
      for (const connection of this.connections) connection.connect();
    });
  }

  start(atMs: number): void {
    this.#startAt = atMs;
    this.#advance();
    this.tick(performance.now());
  }

  onFree(connection: Connection, nowMs: number): void {
    if (this.#free.isEmpty) this.#freeSince = nowMs;
    this.#free.push(connection);
    if (this.#prepared !== null && --this.#opening === 0) {
      this.#prepared();
      this.#prepared = null;
    }
    if (this.#due <= nowMs) this.tick(nowMs);
    else if (this.finished) this.#context.onFinished();
  }

  tick(nowMs: number): void {
    if (this.#stopped) return;
    while (this.#due <= nowMs) {
      const connection = this.#free.shift() ?? (this.connections.length < this.#maxConnections ? this.#add() : null);
      if (connection !== null) this.#send(connection, nowMs);
      else if (this.#context.load.whenBusy === "drop" || nowMs - this.#due > this.#timeoutMs) this.#drop();
      else break;
    }
    if (this.finished) this.#context.onFinished();
  }

  stop(): void {
    // What is due by now and was not sent was offered all the same: it counts, as dropped.
    const now = performance.now();
    while (this.#due <= now) this.#drop();
    this.#stopped = true;
    this.#nextDue[this.#context.index] = Number.POSITIVE_INFINITY;
    if (this.finished) this.#context.onFinished();
  }

  #add(): Connection {
    const connection = new Connection(this.connections.length, this.#context.endpoint, this.#context.tally, this);
    this.connections.push(connection);
    this.#context.tally.users++;
    return connection;
  }

  #send(connection: Connection, nowMs: number): void {
    const { tally } = this.#context;
    const due = this.#due;
    this.#advance();
    tally.due++;
    // A connection that must be opened first was not free: nobody's request waits for a handshake but the target's.
    const isBlocked = this.#freeSince > due || !connection.ready;
    if (isBlocked) tally.blocked++;
    else tally.pacerLag.record(nowMs - due);
    if (nowMs - due > lateMs) tally.late++;
    connection.send(this.#context.nextRequest(connection), due, due + this.#timeoutMs);
  }

  #drop(): void {
    const { tally } = this.#context;
    tally.due++;
    tally.blocked++;
    // A request that was never chosen belongs to the first route; with one route, to the only one.
    const route = tally.routes[0];
    if (route !== undefined) route.dropped++;
    this.#advance();
  }

  #advance(): void {
    const next = this.#arrivals.next() + this.#startAt;
    this.#due = next;
    this.#nextDue[this.#context.index] = next + clockOffsetMs;
  }
}
