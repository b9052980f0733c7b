/** A limit of processes; `soft` is what holds now, `hard` how far it may be raised. Infinite where it says unlimited. */
export interface Limit {
  soft: number;
  hard: number;
}

/** What the host says of itself. Null: not readable here. */
export interface HostReadings {
  /** By name, as sysctl has them, in its spelling. */
  sysctls: Readonly<Record<string, string | null>>;
  /** Limits of this process, by the name that limits.conf has for them. */
  limits: Readonly<Record<string, Limit | null>>;
  /** Packets dropped since boot because a CPU's input queue was full. */
  packetsDropped: number | null;
  swapBytes: number | null;
  place: "host" | "container" | "wsl";
}
