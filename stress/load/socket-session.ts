import { createHash, randomBytes } from "node:crypto";
import type { StreamTally } from "../measure/stream-tally.ts";
import type { Tally } from "../measure/tally.ts";
import type { StreamSpec } from "../profile/stream.ts";
import { closeFrame, frame, Opcode } from "./frame.ts";
import { FrameParser, type FrameSink } from "./frame-parser.ts";
import { type Head, text } from "./head.ts";
import type { PreparedRequest } from "./request.ts";
import { headerOf, refusalOf, type StreamHost, type StreamSession, withHeaders } from "./stream-session.ts";

/** RFC 6455 §1.3. */
const acceptSuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** For the server to answer our close frame. */
const closingMs = 1000;
const digits = 10;
const normalClosure = 1000;
const protocolError = 1002;

type WsSpec = Extract<StreamSpec, { kind: "ws" }>;

/**
 * One WebSocket (RFC 6455) whose server echoes. One message is under way at a time; the next is due an interval after the
 * one before was due, whatever became of that. A message that waits for an echo is sent as soon as it has come, and its
 * response time counts from when it was due: a stall delays every message that was due within it.
 */
export class SocketSession implements StreamSession, FrameSink {
  readonly retryMs = null;
  deadline = Number.POSITIVE_INFINITY;
  readonly #host: StreamHost;
  readonly #tally: Tally;
  readonly #streams: StreamTally;
  readonly #spec: WsSpec;
  readonly #request: PreparedRequest;
  /** Share of an interval by which the first message comes later than the first chance: sockets do not send in step. */
  readonly #phase: number;
  readonly #key = randomBytes(16).toString("base64");
  readonly #parser = new FrameParser(this);
  /** The message under way, as its echo must be. */
  readonly #message: Buffer;
  #number = 0;
  #dueAt = 0;
  #sentAt = 0;
  /** An echo is awaited. */
  #waits = false;
  /** When the last echo came: a message that was due before was blocked by it. */
  #freeAt = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Of the message that is coming: how much agrees with what is awaited, -1 where it differs. */
  #matched = 0;
  #now = 0;
  #open = false;
  #leaving = false;
  #closing = false;

  constructor(host: StreamHost, tally: Tally, streams: StreamTally, spec: WsSpec, request: PreparedRequest, phase: number) {
    this.#host = host;
    this.#tally = tally;
    this.#streams = streams;
    this.#spec = spec;
    this.#request = request;
    this.#phase = phase;
    this.#message = Buffer.alloc(spec.bytes, "abcdefghijklmnopqrstuvwxyz");
  }

  ask(): Buffer {
    const lines = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${this.#key}\r\n`;
    return withHeaders(this.#request.bytes(), lines);
  }

  onHead({ status }: Head, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    if (status !== 101) {
      this.#host.lost(...refusalOf(status, "101 Switching Protocols"), nowMs);
      return;
    }
    const problem = this.#handshakeProblem(text(bytes, start, end));
    if (problem !== null) {
      this.#host.lost("malformed", problem, nowMs);
      return;
    }
    this.#open = true;
    this.#freeAt = nowMs;
    this.#dueAt = nowMs + this.#phase * this.#spec.intervalMs;
    this.#host.granted(nowMs);
    if (this.#open && !this.#leaving) this.#next(nowMs);
  }

  onBytes(bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    // The body of a refusal, or what comes after the end.
    if (!this.#open) return;
    this.#now = nowMs;
    this.#parser.push(bytes, start, end);
    if (!this.#parser.failed || !this.#open) return;
    this.#host.write(closeFrame(protocolError));
    this.#host.lost("malformed", this.#parser.problem, nowMs);
  }

  onEnd(nowMs: number): void {
    if (this.#closing) this.#host.left(nowMs);
    else this.#host.lost("ended", "connection closed without a close frame", nowMs);
  }

  /** A message under way gets its echo or its timeout, as a request in flight does. */
  leave(nowMs: number): void {
    this.#leaving = true;
    clearTimeout(this.#timer);
    if (this.#open && !this.#waits) this.#sayGoodbye(nowMs);
  }

  expire(nowMs: number): void {
    if (this.#closing) this.#host.left(nowMs);
    else this.#host.lost("timeout", `no echo within ${this.#spec.silenceMs} ms`, nowMs);
  }

  close(nowMs: number): void {
    clearTimeout(this.#timer);
    if (!this.#open) return;
    this.#open = false;
    if (!this.#waits) return;
    this.#streams.cut.gap.record(nowMs - this.#sentAt);
    if (!this.#hasDueTimes) return;
    // Those that would have been sent by now wait as long as they were due.
    for (let due = this.#dueAt; due <= nowMs; due += this.#spec.intervalMs) this.#streams.cut.late.record(nowMs - due);
  }

  onMessageStart(): void {
    this.#matched = 0;
  }

  onMessageData(bytes: Uint8Array, start: number, end: number): void {
    const expected = this.#message;
    for (let i = start; i < end && this.#matched >= 0; i++) {
      this.#matched = expected[this.#matched] === bytes[i] ? this.#matched + 1 : -1;
    }
  }

  onMessageEnd(): void {
    const { counts, times } = this.#streams;
    counts.messagesReceived++;
    // A greeting, or news for everybody: not what is waited for.
    if (!this.#open || !this.#waits || this.#matched !== this.#message.length) return;
    const now = this.#now;
    counts.operations++;
    times.gap.record(now - this.#sentAt);
    if (this.#hasDueTimes) times.late.record(now - this.#dueAt);
    this.#waits = false;
    this.#freeAt = now;
    this.deadline = Number.POSITIVE_INFINITY;
    this.#dueAt = this.#hasDueTimes ? this.#dueAt + this.#spec.intervalMs : now;
    if (this.#leaving) this.#sayGoodbye(now);
    else this.#next(now);
  }

  onPing(payload: Buffer): void {
    this.#host.write(frame(Opcode.pong, payload));
  }

  onPong(): void {}

  onClose(code: number, reason: string): void {
    if (this.#closing) {
      this.#host.left(this.#now);
      return;
    }
    this.#host.write(closeFrame(code === 1005 ? normalClosure : code));
    this.#host.lost("ended", `closed by the server with code ${code}${reason === "" ? "" : `: ${reason}`}`, this.#now);
  }

  get #hasDueTimes(): boolean {
    return this.#spec.intervalMs > 0;
  }

  #next(nowMs: number): void {
    const waitMs = this.#dueAt - nowMs;
    if (waitMs <= 0) this.#send(nowMs);
    // Rounded up: timers count whole milliseconds, and a message is not to be sent before it is due.
    else this.#timer = setTimeout(() => this.#send(performance.now()), Math.ceil(waitMs));
  }

  #send(nowMs: number): void {
    this.#sentAt = nowMs;
    if (this.#hasDueTimes) this.#tally.pacerLag.record(nowMs - Math.max(this.#dueAt, this.#freeAt));
    this.#message.write(String(this.#number++ % 1e10).padStart(digits, "0"), "latin1");
    this.#waits = true;
    this.deadline = nowMs + this.#spec.silenceMs;
    this.#streams.counts.messagesSent++;
    this.#host.write(frame(Opcode.text, this.#message));
  }

  #sayGoodbye(nowMs: number): void {
    this.#closing = true;
    this.deadline = nowMs + closingMs;
    this.#host.write(closeFrame(normalClosure));
  }

  /** RFC 6455 §4.1: what a client must find in the server's answer. */
  #handshakeProblem(head: string): string | null {
    if (headerOf(head, "upgrade")?.toLowerCase() !== "websocket") return "101 without Upgrade: websocket";
    const connection =
      headerOf(head, "connection")
        ?.toLowerCase()
        .split(/\s*,\s*/) ?? [];
    if (!connection.includes("upgrade")) return "101 without Connection: upgrade";
    const accept = createHash("sha1")
      .update(this.#key + acceptSuffix)
      .digest("base64");
    if (headerOf(head, "sec-websocket-accept") !== accept) return "101 with a wrong Sec-WebSocket-Accept";
    const extensions = headerOf(head, "sec-websocket-extensions");
    return extensions === null || extensions === "" ? null : `101 with an extension that nobody asked for: ${extensions}`;
  }
}
