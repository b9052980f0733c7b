import type { MessagePort } from "node:worker_threads";
import type { Interval } from "../measure/tally.ts";
import type { Profile } from "../profile/profile.ts";
import type { Address } from "./endpoint.ts";

/** What a worker thread is started with; worker `index` of `of` sends arrivals (or drives users) index, index + of, … */
export interface WorkerOrder {
  profile: Profile;
  index: number;
  of: number;
  address: Address;
  /** Open model: worker i tells the metronome its next due time, on the shared clock, in element i. */
  nextDue: Float64Array<SharedArrayBuffer>;
}

export type ToWorker =
  /** Start the load at this instant of the shared clock. */
  | { type: "start"; atMs: number }
  /** Send nothing new; what is in flight at `deadlineMs` (shared clock) is counted as interrupted. */
  | { type: "stop"; deadlineMs: number }
  /** Where the metronome tells that an arrival is due; whatever comes through it means that. */
  | { type: "metronome"; port: MessagePort };

export type FromWorker =
  /** The connections that the profile wants beforehand are open, or have failed. */
  | { type: "ready" }
  | { type: "interval"; interval: Interval }
  /** Nothing is in flight and the last interval has been sent. */
  | { type: "done" };
