import { setTimeout } from "node:timers/promises";

/** Waits, or until `signal` is aborted, whichever comes first. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await setTimeout(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
