import type { Socket } from "node:net";

const kStale = Symbol("stale");

/** Codes of a connection that ended under a request. */
const ended: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** Notes on a connection's error that it had served an earlier request: the system's own errors do not tell. */
export function noteStale(socket: Socket): void {
  socket.prependListener("error", (error: Error & { [kStale]?: boolean }) => {
    if (socket.bytesRead > 0) error[kStale] = true;
  });
}

/** True when a request met a kept connection that turned out to be closed. */
export function isStale(error: Error): boolean {
  const { code, socket, [kStale]: noted } = error as { code?: string; socket?: { bytesRead?: number }; [kStale]?: boolean };
  if (code === undefined || !ended.has(code)) return false;
  // undici attaches the socket's counters to errors of its own.
  return noted === true || (socket?.bytesRead ?? 0) > 0;
}
