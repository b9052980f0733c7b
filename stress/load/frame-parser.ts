import { isCloseCode, maxControlBytes, Opcode } from "./frame.ts";
import { Utf8Check } from "./utf8.ts";

/** Receives messages in pieces, and control frames whole; bytes are valid during the call only. */
export interface FrameSink {
  onMessageStart(isText: boolean): void;
  onMessageData(bytes: Uint8Array, start: number, end: number): void;
  onMessageEnd(): void;
  onPing(payload: Buffer): void;
  onPong(payload: Buffer): void;
  /** 1005: the frame named no code. */
  onClose(code: number, reason: string): void;
}

const State = { first: 0, second: 1, length: 2, payload: 3, closed: 4, failed: 5 } as const;

/**
 * An incremental parser of what a WebSocket server sends (RFC 6455 §5), in constant memory: messages are handed over as
 * they come and never kept. What the RFC tells a client to fail the connection for fails it.
 */
export class FrameParser {
  /** What was wrong, once `failed`. */
  problem = "";
  readonly #sink: FrameSink;
  readonly #utf8 = new Utf8Check();
  readonly #control = Buffer.alloc(maxControlBytes);
  #state: number = State.first;
  #isFinal = false;
  #opcode: number = 0;
  #lengthBytes = 0;
  /** The length is given in eight bytes. */
  #isWide = false;
  #length = 0;
  #remaining = 0;
  /** A message has begun and not ended: text, or not. */
  #message: "text" | "binary" | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  get failed(): boolean {
    return this.#state === State.failed;
  }

  /** A close frame has come: nothing may follow it. */
  get closed(): boolean {
    return this.#state === State.closed;
  }

  /** Takes `bytes[start, end)`; what follows a close frame, or what failed, is ignored. */
  push(bytes: Uint8Array, start: number, end: number): void {
    let i = start;
    while (i < end && this.#state < State.closed) {
      if (this.#state === State.payload) {
        const to = Math.min(end, i + this.#remaining);
        this.#takePayload(bytes, i, to);
        i = to;
      } else this.#takeHeader(bytes[i++] as number);
    }
  }

  #takeHeader(byte: number): void {
    switch (this.#state) {
      case State.first: {
        const problem = this.#begin(byte);
        if (problem !== null) this.#fail(problem);
        else this.#state = State.second;
        return;
      }
      case State.second: {
        const length = byte & 0x7f;
        if ((byte & 0x80) !== 0) {
          this.#fail("a masked frame from the server");
          return;
        }
        if (this.#isControl && length > maxControlBytes) {
          this.#fail("a control frame above 125 bytes");
          return;
        }
        if (length < 126) {
          this.#beginPayload(length);
          return;
        }
        this.#isWide = length === 127;
        this.#lengthBytes = this.#isWide ? 8 : 2;
        this.#length = 0;
        this.#state = State.length;
        return;
      }
      default:
        this.#length = this.#length * 256 + byte;
        if (this.#length > Number.MAX_SAFE_INTEGER) {
          this.#fail("a frame above 8 PiB");
          return;
        }
        if (--this.#lengthBytes === 0) this.#endLength();
    }
  }

  get #isControl(): boolean {
    return this.#opcode >= 8;
  }

  #begin(byte: number): string | null {
    this.#isFinal = (byte & 0x80) !== 0;
    this.#opcode = byte & 0x0f;
    // No extension was asked for that would give them a meaning.
    if ((byte & 0x70) !== 0) return "a reserved bit is set";
    switch (this.#opcode) {
      case Opcode.close:
      case Opcode.ping:
      case Opcode.pong:
        return this.#isFinal ? null : "a fragmented control frame";
      case Opcode.continuation:
        return this.#message === null ? "a continuation of no message" : null;
      case Opcode.text:
      case Opcode.binary:
        if (this.#message !== null) return "a message within a message";
        this.#message = this.#opcode === Opcode.text ? "text" : "binary";
        this.#utf8.begin();
        this.#sink.onMessageStart(this.#message === "text");
        return null;
      default:
        return `unknown opcode ${this.#opcode}`;
    }
  }

  #endLength(): void {
    // RFC 6455 §5.2: the minimal number of bytes must be used.
    if (this.#length < 126 || (this.#isWide && this.#length < 65_536)) this.#fail("a length in more bytes than it needs");
    else this.#beginPayload(this.#length);
  }

  #beginPayload(length: number): void {
    this.#length = length;
    this.#remaining = length;
    this.#state = State.payload;
    if (length === 0) this.#endFrame();
  }

  #takePayload(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isControl) this.#control.set(bytes.subarray(start, end), this.#length - this.#remaining);
    else {
      if (this.#message === "text" && !this.#utf8.push(bytes, start, end)) {
        this.#fail("text that is not UTF-8");
        return;
      }
      this.#sink.onMessageData(bytes, start, end);
    }
    this.#remaining -= end - start;
    if (this.#remaining === 0) this.#endFrame();
  }

  #endFrame(): void {
    this.#state = State.first;
    if (this.#isControl) {
      this.#endControl(this.#control.subarray(0, this.#length));
      return;
    }
    if (!this.#isFinal) return;
    if (this.#message === "text" && !this.#utf8.complete) {
      this.#fail("text that is not UTF-8");
      return;
    }
    this.#message = null;
    this.#sink.onMessageEnd();
  }

  #endControl(payload: Buffer): void {
    if (this.#opcode === Opcode.ping) {
      this.#sink.onPing(payload);
      return;
    }
    if (this.#opcode === Opcode.pong) {
      this.#sink.onPong(payload);
      return;
    }
    if (payload.length === 1) {
      this.#fail("a close frame of one byte");
      return;
    }
    const code = payload.length === 0 ? 1005 : payload.readUInt16BE();
    if (payload.length > 0 && !isCloseCode(code)) {
      this.#fail(`close code ${code}`);
      return;
    }
    const reason = payload.subarray(2);
    const utf8 = new Utf8Check();
    if (!utf8.push(reason, 0, reason.length) || !utf8.complete) {
      this.#fail("a close reason that is not UTF-8");
      return;
    }
    this.#state = State.closed;
    this.#sink.onClose(code, reason.toString());
  }

  #fail(problem: string): void {
    this.problem = problem;
    this.#state = State.failed;
  }
}
