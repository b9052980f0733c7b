import type { Summary } from "../measure/summary.ts";
import { readHost } from "../resources/host.ts";
import type { MeasuredTarget } from "./target-flags.ts";

/** What a run is made on and with, as its summary says it. */
export function environmentOf({ deployment }: MeasuredTarget): Summary["environment"] {
  return {
    host: readHost(),
    node: process.version,
    deployment:
      deployment === null
        ? null
        : {
            topology: deployment.topology,
            mode: deployment.mode,
            services: deployment.services.map(({ name, limits: { cpus, memoryBytes } }) => ({ name, cpus, memoryBytes })),
          },
  };
}
