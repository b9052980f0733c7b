import type { Load, Profile } from "../profile/profile.ts";
import type { Address } from "./endpoint.ts";
import { Fleet } from "./fleet.ts";

/** Requests in flight when the warm-up ends get this long. */
const drainMs = 5000;

/**
 * Puts the profile's load on the target for `loadMs` and forgets what was measured. Its connections are closed when it
 * is over, so that the target can come to rest. Aborting `signal` ends it early.
 * @throws when a worker thread dies of a defect.
 */
export async function warmUp(profile: Profile, loadMs: number, address: Address, signal: AbortSignal): Promise<void> {
  const fleet = new Fleet({ ...profile, load: warmUpLoad(profile.load, loadMs) }, address, () => {});
  const stop = () => fleet.stop(drainMs);
  try {
    await fleet.ready(signal);
    fleet.start();
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    await fleet.finished;
  } finally {
    signal.removeEventListener("abort", stop);
    await fleet.kill();
  }
}

/** The highest level of the load, held for `loadMs`. A fixed number of requests is warmed up by its users. */
export function warmUpLoad(load: Load, loadMs: number): Load {
  if (load.model === "requests") {
    const { users, thinkTime } = load;
    return { model: "closed", stages: [{ durationMs: loadMs, from: users, to: users }], thinkTime };
  }
  const level = Math.max(...load.stages.map(({ from, to }) => Math.max(from, to)));
  return { ...load, stages: [{ durationMs: loadMs, from: level, to: level }] };
}
