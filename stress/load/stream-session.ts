import type { FailureClass } from "../measure/event.ts";
import type { Head } from "./head.ts";

/** What a session may do with the connection it speaks on. */
export interface StreamHost {
  /** The server has granted the stream. */
  granted(nowMs: number): void;
  write(bytes: Buffer): void;
  /** The stream is lost: not granted, or ended before its time. The session hears nothing more. */
  lost(failure: FailureClass, message: string, nowMs: number): void;
  /** The stream has ended as it should, after `leave`. */
  left(nowMs: number): void;
}

/** One stream, from the request that asks for it to its end; a new one for each that is asked for. */
export interface StreamSession {
  /** When silence becomes a failure, on the worker's clock. */
  readonly deadline: number;
  /** The server may name a pause before it is asked again; null as long as it has not. */
  readonly retryMs: number | null;
  /** The request, headers of this one stream included. `askedAtMs`: when its connection began to be opened. */
  ask(askedAtMs: number, nowMs: number): Buffer;
  /** The response's head, which `bytes[start, end)` are. */
  onHead(head: Head, bytes: Uint8Array, start: number, end: number, nowMs: number): void;
  /** What follows: the body of a response, or the other protocol. */
  onBytes(bytes: Uint8Array, start: number, end: number, nowMs: number): void;
  /** The server has ended an open stream, by the last byte of its body or of its connection. */
  onEnd(nowMs: number): void;
  /** Time is up: what is under way may still come, then the session tells its host that it has left. */
  leave(nowMs: number): void;
  /** The deadline has passed. */
  expire(nowMs: number): void;
  /** The stream is gone, for whatever reason: what has not come is known to exceed the time it was waited for. */
  close(nowMs: number): void;
}

/** The value of a header in a response's head, white space around it removed; several are joined by commas, none is null. */
export function headerOf(head: string, name: string): string | null {
  const wanted = `${name.toLowerCase()}:`;
  const lines = head.split("\r\n").filter((line) => line.toLowerCase().startsWith(wanted));
  return lines.length === 0 ? null : lines.map((line) => line.slice(wanted.length).trim()).join(", ");
}

/** A request with more header lines, each ended; they come first, so that the body does not matter. */
export function withHeaders(request: Buffer | string, lines: string): Buffer {
  const bytes = typeof request === "string" ? Buffer.from(request, "latin1") : request;
  const at = bytes.indexOf("\r\n") + 2;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(lines), bytes.subarray(at)]);
}

/** Class and message of a response that is not what was asked for. */
export function refusalOf(status: number, wanted: string): [FailureClass, string] {
  if (status >= 500) return ["status-5xx", `HTTP ${status}`];
  if (status >= 400) return ["status-4xx", `HTTP ${status}`];
  return ["malformed", `HTTP ${status} where ${wanted} was expected`];
}
