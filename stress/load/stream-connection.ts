import type net from "node:net";
import type tls from "node:tls";
import type { FailureClass } from "../measure/event.ts";
import type { StreamTally } from "../measure/stream-tally.ts";
import type { Tally } from "../measure/tally.ts";
import type { Pending } from "./driver.ts";
import type { Endpoint } from "./endpoint.ts";
import { type ConnectionStage, failureOf, isLocalLimit } from "./failure.ts";
import { ResponseParser } from "./parser.ts";
import { openSocket, type SocketOwner } from "./socket.ts";
import type { StreamHost, StreamSession } from "./stream-session.ts";

/** What a stream reports to, after the outcome has been tallied. `wasLost`: it was not granted, or ended before its time. */
export interface StreamOwner {
  onEnded(connection: StreamConnection, wasLost: boolean): void;
}

/** Sessions are recorded in thousands of milliseconds. */
const sessionUnit = 1000;

/** A user's stream, one at a time, each on a connection of its own. What is spoken on it is its session's business. */
export class StreamConnection implements Pending, SocketOwner, StreamHost {
  /** Index of the user in its worker. */
  readonly index: number;
  readonly #endpoint: Endpoint;
  readonly #tally: Tally;
  readonly #streams: StreamTally;
  readonly #owner: StreamOwner;
  readonly #parser: ResponseParser;
  readonly #upgrades: boolean;
  #socket: net.Socket | null = null;
  #session: StreamSession | null = null;
  #tlsSession: Buffer | null = null;
  #stage: ConnectionStage = "connect";
  #askedAt = 0;
  #connectedAt = 0;
  #sentAt = 0;
  #waited = false;
  #grantedAt = -1;
  #leaving = false;
  #now = 0;

  constructor(index: number, endpoint: Endpoint, tally: Tally, streams: StreamTally, owner: StreamOwner, upgrades: boolean) {
    this.index = index;
    this.#endpoint = endpoint;
    this.#tally = tally;
    this.#streams = streams;
    this.#owner = owner;
    this.#upgrades = upgrades;
    const sink = {
      onHead: (bytes: Uint8Array, start: number, end: number) =>
        this.#session?.onHead(this.#parser.head, bytes, start, end, this.#now),
      onBody: (bytes: Uint8Array, start: number, end: number) => this.#session?.onBytes(bytes, start, end, this.#now),
    };
    this.#parser = new ResponseParser(sink, endpoint.headMemo);
  }

  get busy(): boolean {
    return this.#session !== null;
  }

  get pending(): boolean {
    return this.#session !== null;
  }

  get deadline(): number {
    if (this.#grantedAt < 0) return this.#askedAt + this.#endpoint.timeoutMs;
    return this.#session?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** Asks for a stream, on a connection opened for it. */
  open(session: StreamSession, nowMs: number): void {
    this.#session = session;
    this.#stage = "connect";
    this.#askedAt = nowMs;
    this.#waited = false;
    this.#grantedAt = -1;
    this.#leaving = false;
    this.#tally.inFlight++;
    this.#streams.counts.asked++;
    this.#socket = openSocket(this.#endpoint, this.#tally, this.#tlsSession, this);
  }

  /** The user's time is up. A stream that is asked for may still be granted: what is under way is waited for. */
  leave(nowMs: number): void {
    this.#leaving = true;
    if (this.#grantedAt >= 0) this.#session?.leave(nowMs);
  }

  /** Gives up what is under way: its time is over, or the run's. */
  cancel(failure: "timeout" | "interrupted", nowMs: number): void {
    if (failure === "interrupted") this.lost("interrupted", "under way when the run was ended", nowMs);
    else if (this.#grantedAt >= 0) this.#session?.expire(nowMs);
    else this.lost("timeout", `not granted within ${this.#endpoint.timeoutMs} ms`, nowMs);
  }

  close(): void {
    this.#forget()?.destroy();
  }

  granted(nowMs: number): void {
    const { times, counts } = this.#streams;
    this.#grantedAt = nowMs;
    counts.opened++;
    this.#streams.open++;
    times.opening.record(nowMs - this.#askedAt);
    if (this.#leaving) this.#session?.leave(nowMs);
  }

  write(bytes: Buffer): void {
    this.#tally.bytesSent += bytes.length;
    this.#socket?.write(bytes);
  }

  lost(failure: FailureClass, message: string, nowMs: number): void {
    const { counts, cut } = this.#streams;
    if (this.#grantedAt >= 0) counts.dropped++;
    else counts.refused++;
    // As of a request that times out, it is known how long its first byte was waited for.
    if (this.#grantedAt < 0 && failure === "timeout") cut.first.record(nowMs - this.#askedAt);
    this.#tally.fail(0, failure, message);
    this.#end(nowMs, true);
  }

  left(nowMs: number): void {
    this.#end(nowMs, false);
  }

  onConnected(socket: net.Socket, nowMs: number): void {
    if (this.#socket !== socket) return;
    this.#connectedAt = nowMs;
    this.#stage = "handshake";
    if (this.#endpoint.tls === null) this.#ask();
  }

  onSecure(socket: tls.TLSSocket): void {
    if (this.#socket !== socket) return;
    this.#tally.handshakes++;
    if (socket.isSessionReused()) this.#tally.resumed++;
    this.#tally.handshaking.record(performance.now() - this.#connectedAt);
    this.#ask();
  }

  onSession(session: Buffer): void {
    this.#tlsSession = session;
  }

  onData(socket: net.Socket, bytes: Uint8Array, length: number): void {
    const session = this.#session;
    if (this.#socket !== socket || session === null) return;
    this.#now = performance.now();
    this.#tally.bytesReceived += length;
    if (!this.#waited) {
      this.#waited = true;
      this.#streams.times.waiting.record(this.#now - this.#sentAt);
    }
    const wasDone = this.#parser.done;
    const used = wasDone ? 0 : this.#parser.push(bytes, length);
    if (this.#session !== session) return;
    if (this.#parser.failed) this.lost("malformed", this.#parser.problem, this.#now);
    else if (this.#upgrades && this.#parser.done) session.onBytes(bytes, used, length, this.#now);
    else if (this.#parser.done) session.onEnd(this.#now);
  }

  /** `error`, `end` and `close` all come here, the first one counts. */
  onClosed(socket: net.Socket, error: NodeJS.ErrnoException | null): void {
    const session = this.#session;
    if (this.#socket !== socket || session === null) return;
    const now = performance.now();
    if (error !== null && isLocalLimit(error)) this.#tally.localLimits++;
    if (this.#grantedAt < 0) this.lost(...failureOf(error, this.#stage, !this.#waited), now);
    else if (error === null && (this.#upgrades || this.#parser.end())) session.onEnd(now);
    else this.lost("reset", `${error?.code ?? "connection closed"} in the middle of the stream`, now);
  }

  #ask(): void {
    const session = this.#session;
    if (session === null) return;
    this.#stage = "fresh";
    this.#parser.reset(false, this.#upgrades);
    this.#sentAt = performance.now();
    this.#tally.sent++;
    this.write(session.ask(this.#askedAt, this.#sentAt));
  }

  #end(nowMs: number, wasLost: boolean): void {
    const session = this.#session;
    if (session === null) return;
    this.#session = null;
    session.close(nowMs);
    if (this.#grantedAt >= 0) {
      this.#streams.open--;
      this.#streams.times.session.record((nowMs - this.#grantedAt) / sessionUnit);
    }
    this.#grantedAt = -1;
    // What was written last, a close frame, is to arrive.
    this.#forget()?.destroySoon();
    this.#tally.inFlight--;
    this.#owner.onEnded(this, wasLost);
  }

  #forget(): net.Socket | null {
    const socket = this.#socket;
    this.#socket = null;
    return socket;
  }
}
