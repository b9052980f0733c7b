import type { Tally } from "../measure/tally.ts";
import type { Load, Profile } from "../profile/profile.ts";
import type { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PreparedRequest } from "./request.ts";

/** A connection as the worker sees it, which looks for what has waited too long. */
export interface Pending {
  readonly pending: boolean;
  readonly deadline: number;
  /** Gives up what is pending and closes the connection. */
  cancel(failure: "timeout" | "interrupted", nowMs: number): void;
  close(): void;
}

/** Decides when requests are sent. Times are on the worker's own clock (`performance.now()`). */
export interface LoadDriver {
  readonly connections: readonly Pending[];
  /** Opens what the profile wants open before the load; resolves when each is open or has failed. */
  prepare(): Promise<void>;
  start(atMs: number): void;
  /** An arrival may be due. */
  tick(nowMs: number): void;
  /** Nothing new from now on. */
  stop(): void;
  /** True once nothing more will be sent and nothing is in flight. */
  readonly finished: boolean;
}

/** What every driver is made from. */
export interface DriverContext<Model extends Load["model"] = Load["model"]> {
  profile: Profile;
  load: Extract<Load, { model: Model }>;
  index: number;
  of: number;
  endpoint: Endpoint;
  tally: Tally;
  /** The class of each of this worker's users; null where users have none. */
  classes: Uint16Array | null;
  /** The request that `connection` sends next. */
  nextRequest(connection: Connection): PreparedRequest;
  /** Called when the driver is `finished`. */
  onFinished(): void;
}
