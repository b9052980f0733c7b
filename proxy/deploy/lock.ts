import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DeployError } from "./deploy-error.ts";
import { identify, isAlive, type ProcessIdentity, readProcess } from "./process-table.ts";

const pollMs = 100;
/** A takeover lasts microseconds; a guard this old belongs to a process that was killed in one. */
const abandonedGuardMs = 10_000;

export interface LockOptions {
  waitMs: number;
  /** Called once, when the lock is held by another live process. */
  onWait: (holder: ProcessIdentity) => void;
  signal: AbortSignal;
}

/**
 * Takes the lock file, waiting for a live holder and taking over from a dead one. Returns the function that lets go.
 * The file appears by link(2), whole and only where there is none. DeployError when the wait is over.
 */
export async function takeLock(file: string, options: LockOptions): Promise<() => void> {
  const own = identify(process.pid);
  if (!own) throw new DeployError("cannot read this process's own entry in the process table");
  const content = JSON.stringify(own);
  const deadline = performance.now() + options.waitMs;
  let told = false;
  for (;;) {
    options.signal.throwIfAborted();
    if (tryCreate(file, content)) return () => letGo(file, content);
    const holder = readHolder(file);
    if (holder && isAlive(holder)) {
      if (performance.now() > deadline) {
        throw new DeployError(`another deploy.sh (pid ${holder.pid}) is still at work; wait for it or end it, then try again`);
      }
      if (!told) options.onWait(holder);
      told = true;
      await sleep(pollMs, undefined, { signal: options.signal });
    } else if (!buryStale(file)) {
      await sleep(pollMs, undefined, { signal: options.signal });
    }
  }
}

function tryCreate(file: string, content: string): boolean {
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, content);
  try {
    linkSync(temporary, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/**
 * Removes a dead holder's lock. Two processes that both saw it dead must not both remove: the slower would remove the
 * lock that the faster has taken since. So only who made the guard directory looks again and removes.
 */
function buryStale(file: string): boolean {
  const guard = `${file}.takeover`;
  try {
    mkdirSync(guard);
  } catch {
    if (ageMs(guard) > abandonedGuardMs) rmSync(guard, { recursive: true, force: true });
    return false;
  }
  try {
    const holder = readHolder(file);
    if (!holder || !isAlive(holder)) rmSync(file, { force: true });
    return true;
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}

/** Removes what killed processes left beside the lock. Only for the lock's holder: while it lives nobody takes over. */
export function sweepLock(file: string): void {
  for (const name of readdirSync(dirname(file))) {
    const pid = Number(name.slice(basename(file).length + 1));
    const isTemporary = name.startsWith(`${basename(file)}.`) && (name.endsWith(".takeover") || (pid > 0 && !readProcess(pid)));
    if (isTemporary) rmSync(join(dirname(file), name), { recursive: true, force: true });
  }
}

function letGo(file: string, content: string): void {
  try {
    if (readFileSync(file, "utf8") === content) rmSync(file);
  } catch {
    // removed by the user together with the directory
  }
}

function readHolder(file: string): ProcessIdentity | null {
  try {
    const { pid, start } = JSON.parse(readFileSync(file, "utf8"));
    return typeof pid === "number" && typeof start === "string" ? { pid, start } : null;
  } catch {
    return null;
  }
}

function ageMs(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
