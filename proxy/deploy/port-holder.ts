import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { listPids, type ProcessEntry, readProcess } from "./process-table.ts";

/**
 * Tries to bind and lets go again: null when the port is free, else the system's error code (EADDRINUSE, EACCES, …).
 * A plain bind on purpose: SO_REUSEPORT would let a second deployment share the port unnoticed.
 */
export function tryBind(port: number, host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(null)));
  });
}

/** The process that listens on a TCP port, or null when it cannot be seen (another user's, another namespace's, no /proc). */
export function findPortHolder(port: number): ProcessEntry | null {
  const inodes = new Set(["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) => listeningInodes(table, port)));
  if (inodes.size === 0) return null;
  for (const pid of listPids()) {
    if (openSockets(pid).some((inode) => inodes.has(inode))) return readProcess(pid);
  }
  return null;
}

/** proc_net_tcp(5): local address `HEX:PORT` is the second column, the state the fourth (0A: LISTEN), the inode the tenth. */
function listeningInodes(table: string, port: number): string[] {
  let text: string;
  try {
    text = readFileSync(table, "utf8");
  } catch {
    return [];
  }
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  return text
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => columns[1]?.endsWith(`:${hexPort}`) && columns[3] === "0A")
    .flatMap((columns) => columns[9] ?? []);
}

function openSockets(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap(
      (fd) => /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${fd}`))?.[1] ?? [],
    );
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
