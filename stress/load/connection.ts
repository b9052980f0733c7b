import type net from "node:net";
import type tls from "node:tls";
import type { FailureClass } from "../measure/event.ts";
import type { Tally } from "../measure/tally.ts";
import { ResponseChecks } from "./check.ts";
import type { Pending } from "./driver.ts";
import type { Endpoint } from "./endpoint.ts";
import { failureOf, isLocalLimit } from "./failure.ts";
import { ResponseParser } from "./parser.ts";
import type { PreparedRequest } from "./request.ts";
import { openSocket, type SocketOwner } from "./socket.ts";

/** What a connection reports to. Called after the outcome has been tallied. */
export interface Driver {
  /** The connection has no request any more and may be given another; it may be open or closed. */
  onFree(connection: Connection, nowMs: number): void;
  /** The connection is open, and the request it was opened for has been sent. */
  onOpen(connection: Connection, nowMs: number): void;
}

/**
 * One client: at most one connection at a time and one request on it, opened anew when the server or the profile closed
 * it. All state of the request lives here, so that a request allocates nothing.
 */
export class Connection implements Pending, SocketOwner {
  /** Index of the user (closed models) or of the connection (open model) in its worker. */
  readonly index: number;
  readonly #endpoint: Endpoint;
  readonly #tally: Tally;
  readonly #driver: Driver;
  readonly #parser: ResponseParser;
  readonly #checks: ResponseChecks;
  #socket: net.Socket | null = null;
  #ready = false;
  #session: Buffer | null = null;
  #requestsSent = 0;

  /** Whether the last request got no complete response. */
  failed = false;
  #request: PreparedRequest | null = null;
  #sent = false;
  #dueAt = -1;
  /** When the request was written; until then, when it was given to this connection. */
  #sentAt = 0;
  #firstByteAt = 0;
  #deadline = 0;
  #connectedAt = 0;

  constructor(index: number, endpoint: Endpoint, tally: Tally, driver: Driver) {
    this.index = index;
    this.#endpoint = endpoint;
    this.#tally = tally;
    this.#driver = driver;
    this.#checks = new ResponseChecks(endpoint.checks);
    this.#parser = new ResponseParser(this.#checks.watches ? this.#checks : null, endpoint.headMemo);
  }

  get busy(): boolean {
    return this.#request !== null;
  }

  /** Open and able to take a request without a handshake. */
  get ready(): boolean {
    return this.#ready;
  }

  /** Waiting for a response, or for the connection to open: what can time out. */
  get pending(): boolean {
    return this.#request !== null || (this.#socket !== null && !this.#ready);
  }

  /** When what is pending times out, on the worker's clock. */
  get deadline(): number {
    return this.#deadline;
  }

  /**
   * Sends a request, opening a connection first where there is none.
   * @param dueAt when it was due; negative in the closed models.
   */
  send(request: PreparedRequest, dueAt: number, nowMs: number): void {
    this.#request = request;
    this.#dueAt = dueAt;
    this.#sent = false;
    this.#sentAt = nowMs;
    this.#tally.inFlight++;
    if (this.#ready) this.#write();
    else {
      if (this.#socket === null) this.connect();
      if (dueAt >= 0) this.#deadline = dueAt + this.#endpoint.timeoutMs;
    }
  }

  /** Opens the connection; `send` does it by itself. */
  connect(): void {
    this.#ready = false;
    this.#requestsSent = 0;
    this.#connectedAt = 0;
    this.#deadline = performance.now() + this.#endpoint.timeoutMs;
    this.#socket = openSocket(this.#endpoint, this.#tally, this.#session, this);
  }

  /** Closes the connection properly; there must be no request in flight. */
  close(): void {
    this.#forget()?.destroySoon();
  }

  /** Gives up what is pending and closes the connection, whose next byte would belong to it. */
  cancel(failure: "timeout" | "interrupted", nowMs: number): void {
    this.#forget()?.destroy();
    const request = this.#request;
    if (request === null) {
      this.#driver.onFree(this, nowMs);
      return;
    }
    // Deadlines are looked for now and then: what is known is that the deadline was exceeded, not by how much.
    const untilMs = Math.min(nowMs, this.#deadline);
    const responseMs = this.#dueAt < 0 ? -1 : untilMs - this.#dueAt;
    const message =
      failure === "timeout" ? `no complete response within ${this.#endpoint.timeoutMs} ms` : "in flight when the run was ended";
    this.#tally.cut(request.route, failure, message, untilMs - this.#sentAt, responseMs);
    this.#failed(nowMs);
  }

  #forget(): net.Socket | null {
    const socket = this.#socket;
    this.#socket = null;
    this.#ready = false;
    return socket;
  }

  onConnected(socket: net.Socket, nowMs: number): void {
    this.#connectedAt = nowMs;
    if (this.#endpoint.tls === null && this.#socket === socket) this.#onReady();
  }

  onSession(session: Buffer): void {
    this.#session = session;
  }

  onSecure(socket: tls.TLSSocket): void {
    if (this.#socket !== socket) return;
    this.#tally.handshakes++;
    if (socket.isSessionReused()) this.#tally.resumed++;
    this.#tally.handshaking.record(performance.now() - this.#connectedAt);
    this.#onReady();
  }

  #onReady(): void {
    this.#ready = true;
    if (this.#request !== null) {
      this.#write();
      this.#driver.onOpen(this, this.#sentAt);
    } else this.#driver.onFree(this, performance.now());
  }

  #write(): void {
    const request = this.#request as PreparedRequest;
    this.#parser.reset(request.bodiless);
    this.#checks.begin();
    this.#requestsSent++;
    this.#firstByteAt = 0;
    this.#sent = true;
    this.#tally.sent++;
    const bytes = request.bytes();
    this.#tally.bytesSent += bytes.length;
    this.#sentAt = performance.now();
    this.#deadline = (this.#dueAt < 0 ? this.#sentAt : this.#dueAt) + this.#endpoint.timeoutMs;
    this.#socket?.write(bytes);
  }

  onData(socket: net.Socket, bytes: Uint8Array, length: number): void {
    if (this.#socket !== socket) return;
    const now = performance.now();
    this.#tally.bytesReceived += length;
    if (!this.#sent) {
      // Nothing was asked: whatever this is, the connection cannot be trusted with a request.
      if (this.#request === null) this.close();
      else this.#reject("bytes before the request", now);
      return;
    }
    if (this.#firstByteAt === 0) this.#firstByteAt = now;
    const used = this.#parser.push(bytes, length);
    if (this.#parser.done) this.#complete(now, used < length);
    else if (this.#parser.failed) this.#reject(this.#parser.problem, now);
  }

  #complete(now: number, surplus: boolean): void {
    const request = this.#request as PreparedRequest;
    const { status, keepAlive } = this.#parser.head;
    this.#request = null;
    this.#sent = false;
    this.failed = false;
    this.#tally.inFlight--;
    this.#tally.complete(
      request.route,
      status,
      now - this.#sentAt,
      this.#firstByteAt - this.#sentAt,
      this.#dueAt < 0 ? -1 : now - this.#dueAt,
    );
    this.#checks.finish(status, this.#tally.checkPasses, this.#tally.checkFails);
    if (!keepAlive || surplus || this.#requestsSent >= this.#endpoint.requestsPerConnection) this.close();
    this.#driver.onFree(this, now);
  }

  /** What came is no HTTP: nothing on this connection can be trusted any more. */
  #reject(problem: string, now: number): void {
    this.#forget()?.destroy();
    this.#fail("malformed", problem, now);
  }

  #fail(failure: FailureClass, message: string, now: number): void {
    this.#tally.fail((this.#request as PreparedRequest).route, failure, message);
    this.#failed(now);
  }

  #failed(now: number): void {
    this.#request = null;
    this.#sent = false;
    this.failed = true;
    this.#tally.inFlight--;
    this.#checks.finish(0, this.#tally.checkPasses, this.#tally.checkFails);
    this.#driver.onFree(this, now);
  }

  /** The peer or the network ended the connection: `error`, `end` and `close` all come here, the first one counts. */
  onClosed(socket: net.Socket, error: NodeJS.ErrnoException | null): void {
    if (this.#socket !== socket) return;
    const ready = this.#ready;
    this.#forget()?.destroy();
    const now = performance.now();
    if (error !== null && isLocalLimit(error)) this.#tally.localLimits++;
    if (this.#request === null) {
      if (!ready) this.#driver.onFree(this, now);
      return;
    }
    if (ready && this.#sent && error === null && this.#parser.end()) {
      this.#complete(now, false);
      return;
    }
    const stage = !ready ? (this.#connectedAt > 0 ? "handshake" : "connect") : this.#requestsSent > 1 ? "reused" : "fresh";
    const [failure, message] = failureOf(error, stage, this.#parser.untouched);
    this.#fail(failure, message, now);
  }
}
