import { closeSync, copyFileSync, mkdirSync, openSync, readSync, rmSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";

/** With its predecessor `.1` a log takes at most about twice this. */
export const maxLogBytes = 8 * 1024 * 1024;
/** Enough for the lines that anybody asks for at once; longer lines are cut, not read. */
const tailBytes = 256 * 1024;

/** For a child's stdout and stderr. Appending is what makes `rotateLog` possible under a writer that never reopens. */
export function openLog(file: string): number {
  mkdirSync(dirname(file), { recursive: true });
  return openSync(file, "a", 0o640);
}

/** Zero where there is no log, whatever the reason. */
export function logSize(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    return 0;
  }
}

/**
 * Copies a log that grew too large to `.1` and empties it. The service writes straight to the file, so that no log line
 * costs another process time and none blocks the service; lines written between copy and cut are lost.
 */
export function rotateLog(file: string, maxBytes = maxLogBytes): void {
  if (logSize(file) <= maxBytes) return;
  try {
    copyFileSync(file, `${file}.1`);
  } catch {
    // a full disk: the old lines are the price of a bounded log
    rmSync(`${file}.1`, { force: true });
  }
  truncateSync(file, 0);
}

/** The last lines of a log, of those after byte `from` (a log is longer than one run). Empty when there is none. */
export function lastLines(file: string, count: number, from = 0): string[] {
  const size = logSize(file);
  const start = Math.max(from <= size ? from : 0, size - tailBytes);
  const text = readRange(file, start, size);
  return text === "" ? [] : text.replace(/\n$/, "").split("\n").slice(-count);
}

/** What was written after byte `from`, and where to go on: from the beginning when the log was rotated meanwhile. */
export function readSince(file: string, from: number): { text: string; next: number } {
  const size = logSize(file);
  const start = size < from ? 0 : from;
  const end = Math.min(size, start + tailBytes);
  return { text: readRange(file, start, end), next: end };
}

function readRange(file: string, start: number, end: number): string {
  if (end <= start) return "";
  const fd = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(end - start);
    return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start));
  } finally {
    closeSync(fd);
  }
}
