import * as z from "zod";

/**
 * `.plimsoll/deployment.json`: what is deployed, written by the supervisor (or by the Compose deployment) each time
 * a service starts, read by `stress` to find the target, trust its CA and sample its services.
 */
export const deploymentSchema = z.object({
  schemaVersion: z.literal(1),
  /** Where clients reach the edge, e.g. `https://localhost:9443`. */
  baseUrl: z.url(),
  /** PEM bundle that signs the edge's certificate; null when a public CA does. */
  caFile: z.string().nullable(),
  topology: z.enum(["direct", "node", "nginx", "chain"]),
  mode: z.enum(["embedded", "docker"]),
  version: z.string(),
  startedAt: z.iso.datetime(),
  /** Process that restarts the services; null when an engine does. */
  supervisorPid: z.int().nullable(),
  /** What `deploy.sh` needs to recognise its own processes and options again; absent in `docker` mode. */
  embedded: z
    .object({
      /** Start time of the supervisor, opaque: with the pid it names one process for ever. */
      supervisorStart: z.string(),
      /** Port of the edge; backend and admin endpoint have the next two. */
      port: z.int(),
      /** Certificate and key given by the user; null for the private CA's. */
      certificate: z.object({ certFile: z.string(), keyFile: z.string() }).nullable(),
      prod: z.boolean(),
      /** A name that the edge's certificate is for. */
      serverName: z.string(),
      /** How long the supervisor may take to end by itself after SIGTERM. */
      stopGraceMs: z.int(),
      /** Fingerprint of the built code that the services were started from. */
      build: z.string(),
    })
    .optional(),
  /** What `deploy.sh` needs to recognise its own containers and options again; absent in `embedded` mode. */
  docker: z
    .object({
      /** Compose project: the label by which containers, networks and volumes are found. */
      project: z.string(),
      /** Port of the edge, the only one that is published. */
      port: z.int(),
      /** Certificate and key given by the user; null for the private CA's. */
      certificate: z.object({ certFile: z.string(), keyFile: z.string() }).nullable(),
      prod: z.boolean(),
      /** A name that the edge's certificate is for. */
      serverName: z.string(),
      /** Limits given by environment, by variable, as they were given. */
      limits: z.record(z.string(), z.string()),
      images: z.object({ proxy: z.string(), nginx: z.string() }),
    })
    .optional(),
  services: z.array(
    z.object({
      name: z.string(),
      /** Root of the service's process tree; null while it is down, and in `docker` mode. */
      pid: z.int().nullable(),
      /** Container name; null in `embedded` mode. */
      container: z.string().nullable(),
      /** Times it was started again after it died, since the deployment began. */
      restarts: z.int().min(0),
      /** Start time of the process, opaque: with the pid it names one process for ever. */
      processStart: z.string().nullable().optional(),
      /** When this process started; null while it is down. */
      startedAt: z.iso.datetime().nullable().optional(),
      /** Prometheus metrics of the service, as its own machine reaches them; absent or null where it publishes none. */
      metricsUrl: z.url().nullable().optional(),
      limits: z.object({
        cpus: z.number().nullable(),
        memoryBytes: z.int().nullable(),
        /** False where the figures are declared only and nothing holds the process to them. */
        enforced: z.boolean(),
      }),
    }),
  ),
});

export type Deployment = z.infer<typeof deploymentSchema>;
