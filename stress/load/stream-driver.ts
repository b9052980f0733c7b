import type { StreamTally } from "../measure/stream-tally.ts";
import type { StreamSpec } from "../profile/stream.ts";
import { shareOf } from "./closed-driver.ts";
import type { DriverContext, LoadDriver } from "./driver.ts";
import { type EventMemory, EventSession } from "./event-session.ts";
import type { PreparedRequest } from "./request.ts";
import { peakOf, userChanges } from "./schedule.ts";
import { SocketSession } from "./socket-session.ts";
import { StreamConnection, type StreamOwner } from "./stream-connection.ts";
import type { StreamSession } from "./stream-session.ts";
import { UserWalk } from "./user-walk.ts";

/** Timers of Node overflow at 2^31 ms, whatever a server asks for. */
const longestPauseMs = 2 ** 31 - 1;
/** Multiples of it fill an interval evenly, however many there are (Knuth, TAOCP 3, §6.4). */
const goldenRatio = 0.618_033_988_749_895;

/**
 * Users that hold a stream each for as long as the stages say. One that is lost is asked for again after a pause, as a
 * browser does; unlike a browser, so is one that was refused: the load is to stay what it is.
 */
export class StreamDriver implements LoadDriver, StreamOwner {
  readonly connections: StreamConnection[] = [];
  readonly #context: DriverContext<"closed">;
  readonly #spec: StreamSpec;
  readonly #streams: StreamTally;
  readonly #request: PreparedRequest;
  readonly #walk: UserWalk;
  readonly #active: boolean[] = [];
  readonly #pauses: (NodeJS.Timeout | undefined)[] = [];
  readonly #memories: EventMemory[] = [];
  #stopped = false;

  constructor(context: DriverContext<"closed">, spec: StreamSpec, streams: StreamTally, request: PreparedRequest) {
    const { load, index, of, endpoint, tally } = context;
    this.#context = context;
    this.#spec = spec;
    this.#streams = streams;
    this.#request = request;
    this.#walk = new UserWalk(
      userChanges(load.stages, index, of),
      (user, active, nowMs) => this.#change(user, active, nowMs),
      () => this.#settle(),
    );
    const users = shareOf(peakOf(load.stages), index, of);
    for (let user = 0; user < users; user++) {
      this.connections.push(new StreamConnection(user, endpoint, tally, streams, this, spec.kind === "ws"));
      this.#active.push(false);
      this.#memories.push({ lastEventId: "", retryMs: null });
    }
  }

  get finished(): boolean {
    const everyoneLeft = this.#walk.isOver && !this.#active.includes(true);
    return (this.#stopped || everyoneLeft) && this.#context.tally.inFlight === 0;
  }

  prepare(): Promise<void> {
    return Promise.resolve();
  }

  start(atMs: number): void {
    this.#walk.start(atMs);
  }

  tick(nowMs: number): void {
    if (this.#walk.isDue(nowMs)) this.#walk.walk(nowMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#walk.stop();
    for (const pause of this.#pauses) clearTimeout(pause);
    const now = performance.now();
    for (const connection of this.connections) if (connection.busy) connection.leave(now);
    this.#settle();
  }

  onEnded({ index: user }: StreamConnection, wasLost: boolean): void {
    if (this.#mayGoOn(user)) {
      // Who came back while the last stream was still saying goodbye has waited for nothing else.
      const pauseMs = wasLost ? (this.#memories[user]?.retryMs ?? this.#spec.reconnectMs) : 0;
      this.#pauses[user] = setTimeout(() => this.#reopen(user, wasLost), Math.min(pauseMs, longestPauseMs));
    }
    this.#settle();
  }

  #change(user: number, active: boolean, nowMs: number): void {
    this.#active[user] = active;
    this.#context.tally.users += active ? 1 : -1;
    const connection = this.connections[user] as StreamConnection;
    clearTimeout(this.#pauses[user]);
    if (!active) {
      if (connection.busy) connection.leave(nowMs);
    } else if (!connection.busy) connection.open(this.#session(connection), nowMs);
  }

  #reopen(user: number, wasLost: boolean): void {
    const connection = this.connections[user] as StreamConnection;
    if (connection.busy || !this.#mayGoOn(user)) return;
    if (wasLost) this.#streams.counts.reconnects++;
    connection.open(this.#session(connection), performance.now());
  }

  #mayGoOn(user: number): boolean {
    return !this.#stopped && this.#active[user] === true;
  }

  #session(connection: StreamConnection): StreamSession {
    const { index, of, tally } = this.#context;
    const spec = this.#spec;
    if (spec.kind === "sse") {
      return new EventSession(connection, this.#streams, spec, this.#request, this.#memories[connection.index] as EventMemory);
    }
    const phase = ((index + connection.index * of) * goldenRatio) % 1;
    return new SocketSession(connection, tally, this.#streams, spec, this.#request, phase);
  }

  #settle(): void {
    if (this.finished) this.#context.onFinished();
  }
}
