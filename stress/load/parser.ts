import { isChunkExtension, maxExtensionBytes } from "./chunk-extension.ts";
import { bodyUntilClose, checkTrailers, chunkedBody, type Head, HeadMemo, isPrefix, parseHead, text } from "./head.ts";

/** Receives a response's parts as they come; the bytes are valid during the call only. */
export interface ResponseSink {
  onHead(bytes: Uint8Array, start: number, end: number): void;
  onBody(bytes: Uint8Array, start: number, end: number): void;
}

/** Longest head, and longest trailer section, in bytes. */
const maxHeadBytes = 64 * 1024;
const State = {
  head: 0,
  fixed: 1,
  chunkSize: 2,
  chunkExtension: 3,
  chunkSizeLf: 4,
  chunkData: 5,
  chunkDataCr: 6,
  chunkDataLf: 7,
  trailer: 8,
  untilClose: 9,
  done: 10,
  failed: 11,
} as const;
type State = (typeof State)[keyof typeof State];

const CR = 13;
const LF = 10;
const SEMICOLON = 59;

/**
 * An incremental parser of HTTP/1.x responses, one a connection, reset for every request; it allocates only where a
 * head is split over reads. A head that lies whole in one read (nearly always) is parsed in place; bodies are never
 * kept, so their size does not matter.
 */
export class ResponseParser {
  readonly head: Head = { status: 0, contentLength: 0, keepAlive: true };
  /** What was wrong, once `failed`. */
  problem = "";
  #state: State = State.head;
  /** A HEAD request's response has no body whatever its headers say (RFC 9110 section 9.3.2). */
  #bodiless = false;
  /** The request asked for another protocol, which a 101 grants. */
  #upgrades = false;
  #untouched = true;
  #remaining = 0;
  #digits = 0;
  /** The start of a head or trailer section whose end has not come. */
  #partial: Buffer | null = null;
  #extension = "";
  /** An interim response has said that nothing follows it. */
  #closed = false;
  readonly #sink: ResponseSink | null;
  readonly #memo: HeadMemo;

  /** `memo` may be shared with other parsers of the thread. */
  constructor(sink: ResponseSink | null, memo = new HeadMemo()) {
    this.#sink = sink;
    this.#memo = memo;
  }

  get done(): boolean {
    return this.#state === State.done;
  }

  get failed(): boolean {
    return this.#state === State.failed;
  }

  /** True when no byte of the response was seen, nor of an interim one before it. */
  get untouched(): boolean {
    return this.#untouched;
  }

  /** `upgrades`: a 101 is the response, and what follows it is none of it. */
  reset(bodiless: boolean, upgrades = false): void {
    this.#state = State.head;
    this.#bodiless = bodiless;
    this.#upgrades = upgrades;
    this.#untouched = true;
    this.#closed = false;
    this.#partial = null;
    this.problem = "";
  }

  /**
   * Takes `bytes[0, length)`.
   * @returns how many belong to this response; fewer than `length` only when it is `done` (the rest belongs to no
   * request) or `failed`.
   */
  push(bytes: Uint8Array, length: number): number {
    let i = 0;
    if (length > 0) this.#untouched = false;
    while (i < length) {
      switch (this.#state) {
        case State.head:
          i = this.#takeHead(bytes, i, length);
          break;
        case State.fixed:
        case State.chunkData: {
          const end = Math.min(length, i + this.#remaining);
          this.#sink?.onBody(bytes, i, end);
          this.#remaining -= end - i;
          i = end;
          if (this.#remaining === 0) this.#state = this.#state === State.fixed ? State.done : State.chunkDataCr;
          break;
        }
        case State.untilClose:
          this.#sink?.onBody(bytes, i, length);
          return length;
        case State.trailer:
          i = this.#takeTrailer(bytes, i, length);
          break;
        case State.done:
        case State.failed:
          return i;
        default:
          i = this.#takeChunkFraming(bytes, i, length);
      }
    }
    return i;
  }

  /** The peer closed its side. @returns true when that completes the response. */
  end(): boolean {
    if (this.#state === State.untilClose) this.#state = State.done;
    return this.#state === State.done;
  }

  #takeHead(bytes: Uint8Array, start: number, length: number): number {
    if (this.#partial !== null) return this.#continueHead(bytes, start, length);
    if (this.#closed) return this.#fail("a response after one that closes the connection", start);
    const known = this.#memo.recall(bytes, start, length, this.head);
    if (known >= 0) {
      this.#startBody(bytes, start, known);
      return known;
    }
    // Stray line ends before a response are passed over, as llhttp does (RFC 9112 section 2.2 asks it of servers).
    if (bytes[start] === CR || bytes[start] === LF) return start + 1;
    const end = endOfHead(bytes, start, length);
    if (end < 0) {
      this.#partial = Buffer.from(bytes.subarray(start, length));
      return this.#checkPartial(this.#partial, 0, start, length);
    }
    this.#finishHead(bytes, start, end);
    return end;
  }

  #continueHead(bytes: Uint8Array, start: number, length: number): number {
    const before = this.#partial as Buffer;
    const joined = Buffer.concat([before, bytes.subarray(start, length)]);
    const end = endOfHead(joined, Math.max(0, before.length - 3), joined.length);
    if (end < 0) {
      this.#partial = joined;
      return this.#checkPartial(joined, before.length, start, length);
    }
    this.#partial = null;
    this.#finishHead(joined, 0, end);
    return start + end - before.length;
  }

  /** Garbage is told at once, not when a time limit ends the wait for an empty line that never comes. */
  #checkPartial(partial: Buffer, newFrom: number, start: number, length: number): number {
    if (!isPrefix(partial, 0, partial.length)) return this.#fail("not an HTTP/1.x response", start);
    if (partial.length > maxHeadBytes) return this.#fail("head above 64 KiB", start);
    if (hasBareLf(partial, newFrom)) return this.#fail("bare LF in the head", start);
    return length;
  }

  #finishHead(bytes: Uint8Array, start: number, end: number): void {
    if (end - start > maxHeadBytes) {
      this.#fail("head above 64 KiB", start);
      return;
    }
    const problem = parseHead(bytes, start, end, this.head);
    if (problem !== null) {
      this.#fail(problem, start);
      return;
    }
    const { status } = this.head;
    // Interim responses (RFC 9110 section 15.2) precede the one that counts; 101 would change the protocol.
    if (status === 101 && this.#upgrades) {
      this.#sink?.onHead(bytes, start, end);
      this.#state = State.done;
      return;
    }
    if (status < 200) {
      if (status === 101) this.#fail("unasked 101 Switching Protocols", start);
      this.#closed = !this.head.keepAlive;
      return;
    }
    this.#memo.remember(bytes, start, end, this.head);
    this.#startBody(bytes, start, end);
  }

  /** `head` is that of the response that counts, and stands in `bytes[start, end)`. */
  #startBody(bytes: Uint8Array, start: number, end: number): void {
    const { status, contentLength } = this.head;
    this.#sink?.onHead(bytes, start, end);
    if (this.#bodiless || status === 204 || status === 304 || contentLength === 0) this.#state = State.done;
    else if (contentLength === chunkedBody) this.#startChunk();
    else if (contentLength === bodyUntilClose) this.#state = State.untilClose;
    else {
      this.#remaining = contentLength;
      this.#state = State.fixed;
    }
  }

  #startChunk(): void {
    this.#state = State.chunkSize;
    this.#remaining = 0;
    this.#digits = 0;
  }

  /** RFC 9112 section 7.1, one byte at a time: chunk sizes are a few bytes among thousands. */
  #takeChunkFraming(bytes: Uint8Array, i: number, length: number): number {
    const byte = bytes[i] as number;
    switch (this.#state) {
      case State.chunkSize: {
        const digit = hexDigit(byte);
        if (digit >= 0) {
          this.#remaining = this.#remaining * 16 + digit;
          this.#digits++;
          return this.#remaining > Number.MAX_SAFE_INTEGER ? this.#fail("chunk size too large", i) : i + 1;
        }
        if (this.#digits === 0) return this.#fail("invalid chunk size", i);
        if (byte === CR) this.#state = State.chunkSizeLf;
        else if (byte === SEMICOLON) {
          this.#state = State.chunkExtension;
          this.#extension = "";
        } else return this.#fail("invalid chunk size", i);
        return i + 1;
      }
      case State.chunkExtension: {
        let end = i;
        while (end < length && bytes[end] !== CR && bytes[end] !== LF) end++;
        if (this.#extension.length + end - i > maxExtensionBytes) return this.#fail("chunk extensions above 16 KiB", i);
        this.#extension += text(bytes, i, end);
        if (end === length) return length;
        if (bytes[end] === LF) return this.#fail("bare LF in chunk framing", i);
        if (!isChunkExtension(this.#extension)) return this.#fail("invalid chunk extension", i);
        this.#state = State.chunkSizeLf;
        return end + 1;
      }
      case State.chunkSizeLf:
        if (byte !== LF) return this.#fail("bare CR in chunk framing", i);
        this.#state = this.#remaining === 0 ? State.trailer : State.chunkData;
        return i + 1;
      case State.chunkDataCr:
        if (byte !== CR) return this.#fail("chunk longer than its size", i);
        this.#state = State.chunkDataLf;
        return i + 1;
      default:
        if (byte !== LF) return this.#fail("chunk longer than its size", i);
        this.#startChunk();
        return i + 1;
    }
  }

  /** Trailers are read to the empty line and dropped. */
  #takeTrailer(bytes: Uint8Array, start: number, length: number): number {
    const before = this.#partial;
    const section = before === null ? bytes.subarray(start, length) : Buffer.concat([before, bytes.subarray(start, length)]);
    const end = section.length >= 2 && section[0] === CR && section[1] === LF ? 2 : endOfHead(section, 0, section.length);
    if (end < 0) {
      if (section.length > maxHeadBytes) return this.#fail("trailers above 64 KiB", start);
      if (hasBareLf(section)) return this.#fail("bare LF in the trailers", start);
      this.#partial = Buffer.from(section);
      return length;
    }
    const problem = end === 2 ? null : checkTrailers(section, 0, end);
    if (problem !== null) return this.#fail(problem, start);
    this.#partial = null;
    this.#state = State.done;
    return start + end - (before?.length ?? 0);
  }

  #fail(problem: string, at: number): number {
    this.problem = problem;
    this.#state = State.failed;
    return at;
  }
}

/** Index after the empty line that ends a head, or -1. */
function endOfHead(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start + 3; i < end; i++) {
    const byte = bytes[i] as number;
    // Every fourth byte tells: neither CR nor LF means the empty line cannot end here or in the next three.
    if (byte > CR) i += 3;
    else if (byte === LF && bytes[i - 1] === CR && bytes[i - 2] === LF && bytes[i - 3] === CR) return i + 1;
  }
  return -1;
}

function hasBareLf(bytes: Uint8Array, from = 0): boolean {
  for (let i = bytes.indexOf(LF, from); i >= 0; i = bytes.indexOf(LF, i + 1)) if (bytes[i - 1] !== CR) return true;
  return false;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}
