import { type MessagePort, parentPort, workerData } from "node:worker_threads";
import { sharedNow } from "./clock.ts";

/**
 * The thread that wakes the workers when arrivals are due. A timer of the event loop is good to a millisecond at best,
 * and a worker that spins for better cannot be told from one at its limit; this thread sleeps in `Atomics.wait`, which
 * is good to a tenth of that, and costs a few percent of a core.
 */
const { nextDue, ports } = workerData as { nextDue: Float64Array<SharedArrayBuffer>; ports: MessagePort[] };

/** Between looks. The shorter, the more arrivals wake a worker one by one: at 0.5 ms at most 2,000 times a second. */
const minSleepMs = 0.5;
const maxSleepMs = 1;

const told = new Float64Array(nextDue.length);
const sleeper = new Int32Array(new SharedArrayBuffer(4));
let running = true;
parentPort?.once("message", () => {
  running = false;
});

function look(): void {
  const now = sharedNow();
  let soonest = now + maxSleepMs;
  for (let i = 0; i < nextDue.length; i++) {
    const due = nextDue[i] as number;
    if (due <= now && told[i] !== due) {
      // Due times only grow, so the last one told marks what this worker knows already.
      told[i] = due;
      ports[i]?.postMessage(null);
    } else if (due > now && due < soonest) soonest = due;
  }
  Atomics.wait(sleeper, 0, 0, Math.max(minSleepMs, soonest - now));
}

function loop(): void {
  const until = sharedNow() + 100;
  while (sharedNow() < until) look();
  // Lets the message that ends the thread in.
  if (running) setImmediate(loop);
  else for (const port of ports) port.close();
}

loop();
