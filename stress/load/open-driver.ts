import { clockOffsetMs } from "./clock.ts";
import { shareOf } from "./closed-driver.ts";
import { Connection, type Driver } from "./connection.ts";
import type { DriverContext, LoadDriver } from "./driver.ts";
import { FreeList } from "./free-list.ts";
import { type Arrivals, constantArrivals, pacerFor, poissonArrivals } from "./pacer.ts";

/**
 * Connections being opened at a time during the load. Without a bound one hiccup at 10,000 arrivals a second is answered
 * with thousands of TLS handshakes at once, which keep generator and target busy for seconds and make the hiccup
 * permanent. It bounds handshakes only: to wait for first responses too would hold back the connections that a slow target
 * needs, and count the wait as its response time.
 */
const maxOpening = 8;
/** Sent more than this after it was due counts as late. */
const lateMs = 2;

/**
 * Arrivals due at instants fixed beforehand. The next arrival is a cursor, not a queue: what waits is whatever is due
 * and not sent, so a backlog costs no memory, and order is first come, first served.
 *
 * An arrival that finds no free connection is *blocked* until one is free: the target's doing. The time from its being
 * due until this thread first looked is *pacer lag*: ours. It is taken of every arrival, blocked or not: a thread that
 * was held up has not seen the responses either that would have freed connections, and the arrivals it then finds
 * blocked are not the target's.
 */
export class OpenDriver implements LoadDriver, Driver {
  readonly connections: Connection[] = [];
  readonly #context: DriverContext<"open">;
  readonly #free: FreeList;
  readonly #arrivals: Arrivals;
  readonly #nextDue: Float64Array;
  readonly #maxConnections: number;
  /** The same arrivals once more, for those that are due and wait. */
  readonly #upcoming: Arrivals;
  readonly #timeoutMs: number;
  /** Due time of the next arrival to be sent, on this thread's clock; infinite after the last. */
  #due = Number.POSITIVE_INFINITY;
  /** Due time of the next arrival that this thread has not seen due. */
  #unseen = Number.POSITIVE_INFINITY;
  /** When the free list last stopped being empty. */
  #freeSince = 0;
  #startAt = Number.POSITIVE_INFINITY;
  /** Connections wanted beforehand that are neither open nor have failed. */
  #preparing = 0;
  /** Being opened for an arrival. */
  readonly #opening = new Set<Connection>();
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
    // A worker without a connection could only drop its share.
    const sharers = Math.min(of, Math.max(load.maxConnections, load.connections));
    const arrivals = () => {
      if (index >= sharers) return noArrivals;
      if (load.arrivals === "poisson") return poissonArrivals(pacer, index, sharers, load.seed);
      return constantArrivals(pacer, index, sharers);
    };
    this.#arrivals = arrivals();
    this.#upcoming = arrivals();
    for (let i = 0; i < shareOf(load.connections, index, of); i++) this.#add();
  }

  get finished(): boolean {
    const isOver = this.#startAt < Number.POSITIVE_INFINITY && this.#due === Number.POSITIVE_INFINITY;
    return (this.#stopped || isOver) && this.#context.tally.inFlight === 0;
  }

  prepare(): Promise<void> {
    return new Promise((resolve) => {
      this.#preparing = this.connections.length;
      if (this.#preparing === 0) resolve();
      this.#prepared = resolve;
      for (const connection of this.connections) connection.connect();
    });
  }

  start(atMs: number): void {
    this.#startAt = atMs;
    this.#advance();
    this.#awaitNext();
    this.tick(performance.now());
  }

  onFree(connection: Connection, nowMs: number): void {
    if (this.#free.isEmpty) this.#freeSince = nowMs;
    this.#free.push(connection);
    this.#opening.delete(connection);
    if (this.#prepared !== null && --this.#preparing === 0) {
      this.#prepared();
      this.#prepared = null;
    }
    if (this.#due <= nowMs) this.tick(nowMs);
    else if (this.finished) this.#context.onFinished();
  }

  onOpen(connection: Connection, nowMs: number): void {
    if (this.#opening.delete(connection) && this.#due <= nowMs) this.tick(nowMs);
  }

  tick(nowMs: number): void {
    this.#see(nowMs);
    while (this.#due <= nowMs) {
      // Whoever waited for it has given up: sending it would only load the target.
      if (nowMs - this.#due >= this.#timeoutMs) this.#drop(this.#timeoutMs);
      else {
        const connection = this.#free.shift() ?? (this.#mayOpen ? this.#open() : null);
        if (connection !== null) this.#send(connection, nowMs);
        else if (this.#context.load.whenBusy === "drop") this.#drop(this.#timeoutMs);
        else break;
      }
    }
    if (this.finished) this.#context.onFinished();
  }

  stop(): void {
    // What is due by now and was not sent was offered all the same: it counts, as dropped.
    const now = performance.now();
    this.#see(now);
    while (this.#due <= now) this.#drop(now - this.#due);
    this.#stopped = true;
    this.#due = Number.POSITIVE_INFINITY;
    this.#unseen = Number.POSITIVE_INFINITY;
    this.#nextDue[this.#context.index] = Number.POSITIVE_INFINITY;
    if (this.finished) this.#context.onFinished();
  }

  get #mayOpen(): boolean {
    return this.connections.length < this.#maxConnections && this.#opening.size < maxOpening;
  }

  /** A connection that its first request opens. */
  #open(): Connection {
    const connection = this.#add();
    this.#opening.add(connection);
    return connection;
  }

  #add(): Connection {
    const connection = new Connection(this.connections.length, this.#context.endpoint, this.#context.tally, this);
    this.connections.push(connection);
    this.#context.tally.users++;
    return connection;
  }

  /** Takes note of what has come due; the metronome tells when the next does, though connections may all be busy. */
  #see(nowMs: number): void {
    while (this.#unseen <= nowMs) {
      // Offered when it comes due, whatever becomes of it.
      this.#context.tally.due++;
      this.#context.tally.pacerLag.record(nowMs - this.#unseen);
      this.#awaitNext();
    }
  }

  #awaitNext(): void {
    this.#unseen = this.#upcoming.next() + this.#startAt;
    this.#nextDue[this.#context.index] = this.#unseen + clockOffsetMs;
  }

  #send(connection: Connection, nowMs: number): void {
    const { tally } = this.#context;
    const due = this.#due;
    this.#advance();
    // A connection that must be opened first was not free: nobody's request waits for a handshake but the target's.
    if (this.#freeSince > due || !connection.ready) tally.blocked++;
    if (nowMs - due > lateMs) tally.late++;
    connection.send(this.#context.nextRequest(connection), due, nowMs);
  }

  #drop(waitedMs: number): void {
    const { tally } = this.#context;
    tally.blocked++;
    // A request that was never chosen belongs to the first route; with one route, to the only one.
    tally.drop(0, waitedMs);
    this.#advance();
  }

  #advance(): void {
    this.#due = this.#arrivals.next() + this.#startAt;
  }
}

const noArrivals: Arrivals = { next: () => Number.POSITIVE_INFINITY };
