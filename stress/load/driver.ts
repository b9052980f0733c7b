import type { Tally } from "../measure/tally.ts";
import type { Load, Profile } from "../profile/profile.ts";
import type { Connection, Driver } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import type { PreparedRequest } from "./request.ts";

/** Decides when requests are sent. Times are on the worker's own clock (`performance.now()`). */
export interface LoadDriver extends Driver {
  readonly connections: readonly Connection[];
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
  /** The request that `connection` sends next. */
  nextRequest(connection: Connection): PreparedRequest;
  /** Called when the driver is `finished`. */
  onFinished(): void;
}
