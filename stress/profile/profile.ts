import * as z from "zod";
import { streamSchema } from "./stream.ts";

/**
 * A profile is everything that defines a run: what is sent, how fast, for how long, and what must hold.
 * Commands turn flags into one; the engine, the judgements and the reports read it and nothing else.
 */

/** One linear segment: the level goes from `from` to `to` over `durationMs`. Levels are users or requests a second. */
export const stageSchema = z.object({
  durationMs: z.number().positive(),
  from: z.number().min(0),
  to: z.number().min(0),
});

const rangeSchema = z.object({ minMs: z.number().min(0), maxMs: z.number().min(0) });

/** Each user sends, waits for the response, thinks, and sends again: load follows the target's speed. */
const closedSchema = z.object({
  model: z.literal("closed"),
  /** Levels are concurrent users. */
  stages: z.array(stageSchema).min(1),
  thinkTime: rangeSchema.nullable(),
});

/** A fixed number of requests shared by a fixed number of users, as fast as they go. */
const requestsSchema = z.object({
  model: z.literal("requests"),
  requests: z.int().positive(),
  users: z.int().positive(),
  thinkTime: rangeSchema.nullable(),
});

/** Arrivals are due at instants fixed beforehand, whatever the target does. */
const openSchema = z.object({
  model: z.literal("open"),
  /** Levels are arrivals a second. */
  stages: z.array(stageSchema).min(1),
  arrivals: z.enum(["constant", "poisson"]),
  seed: z.int(),
  /** `wait`: sent late, response time counts from the due time. `drop`: not sent, counted as dropped. */
  whenBusy: z.enum(["wait", "drop"]),
  /** Connections opened before the load starts, and the most that may ever be open. */
  connections: z.int().positive(),
  maxConnections: z.int().positive(),
});

export const loadSchema = z.discriminatedUnion("model", [closedSchema, requestsSchema, openSchema]);

/** Where connections go. `address` overrides name resolution (`--resolve`), never SNI or Host. */
export const targetSchema = z.object({
  baseUrl: z.url(),
  address: z.string().nullable(),
  serverName: z.string().nullable(),
  caFile: z.string().nullable(),
  certFile: z.string().nullable(),
  keyFile: z.string().nullable(),
  insecure: z.boolean(),
});

export const checkSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("status"), name: z.string(), status: z.int() }),
  z.object({ kind: z.literal("body"), name: z.string(), contains: z.string() }),
  z.object({ kind: z.literal("header"), name: z.string(), header: z.string(), contains: z.string() }),
  /** Below 400, or a refusal that says when to come again: 503 or 429 with Retry-After (RFC 9110 section 10.2.3). */
  z.object({ kind: z.literal("graceful"), name: z.string() }),
  z.object({ kind: z.literal("json"), name: z.string(), path: z.string(), equals: z.json() }),
]);

/** One request as it is sent. `route` names it in the statistics, with ids folded (`/users/{id}`). */
export const requestSchema = z.object({
  route: z.string(),
  /** The class of users that sends it, where there are classes. */
  class: z.string().optional(),
  weight: z.number().positive(),
  method: z.string(),
  path: z.string(),
  headers: z.array(z.tuple([z.string(), z.string()])),
  body: z.string().nullable(),
  bodyFile: z.string().nullable(),
  /** Digest of the file's contents when the run was asked for (`bodyHash`): runs with other bodies are not the same. */
  bodySha256: z.string().optional(),
});

/**
 * A class of users, or of arrivals: `weight` of all of them, and they send the requests that name it. A user keeps its class;
 * an arrival's is drawn.
 */
export const classSchema = z.object({ name: z.string(), weight: z.number().positive(), thinkTime: rangeSchema.nullable() });

export const sessionSchema = z.object({
  /** Requests a connection carries before it is closed and opened anew; null for keep-alive without end. */
  requestsPerConnection: z.int().positive().nullable(),
  /** Offer the last TLS session when a connection is opened again. */
  resumption: z.boolean(),
});

/** Abort rule: the run ends with exit 99 when the expression has held for `forMs`. */
export const abortSchema = z.object({ metric: z.string(), expression: z.string(), forMs: z.number().min(0) });

export const profileSchema = z.object({
  scenario: z.string(),
  target: targetSchema,
  load: loadSchema,
  requests: z.array(requestSchema).min(1),
  /** Where there are any, every request names one of them, and their pauses replace the load's. */
  classes: z.array(classSchema).min(1).optional(),
  /** Users hold streams open instead of sending requests that end; the first request is what asks for one. */
  stream: streamSchema.optional(),
  /** `weighted`: each request drawn by weight. `sequence`: each user walks the list in order. */
  selection: z.enum(["weighted", "sequence"]),
  checks: z.array(checkSchema),
  session: sessionSchema,
  /** Longest a request may take, from due (open) or sent (closed) to its last byte; beyond it, censored. */
  timeoutMs: z.number().positive(),
  /** Metric name (k6's, with an optional `{tag:value}`) to expressions such as `p(95)<250`. */
  thresholds: z.record(z.string(), z.array(z.string())),
  abort: z.array(abortSchema),
  /** APDEX target T: satisfied up to T, tolerating up to 4T, errors frustrated. */
  apdexMs: z.number().positive(),
  workers: z.int().positive(),
  /**
   * Load that comes before everything that is measured, at the profile's highest constant level, and a rest after it:
   * services that have never worked are compared with themselves after work, not with their own cold start.
   */
  warmUp: z.object({ loadMs: z.number().positive(), restMs: z.number().min(0) }).optional(),
  /** Resource windows: samples taken this long before and after the load. */
  settle: z.object({ beforeMs: z.number().min(0), afterMs: z.number().min(0) }),
  /** How often services are read; once a second where it is not given. */
  sampleMs: z.number().positive().optional(),
  /**
   * The verdict rests on drift too: nothing may grow, nor remain after the load. Memory may grow by less than
   * `harmfulBytesPerHour`; null for what would fill a tenth of its limit, or of its baseline, in 24 hours.
   */
  drift: z.object({ harmfulBytesPerHour: z.number().positive().nullable() }).optional(),
});

export type Stage = z.infer<typeof stageSchema>;
export type Load = z.infer<typeof loadSchema>;
export type Target = z.infer<typeof targetSchema>;
export type Check = z.infer<typeof checkSchema>;
export type UserClass = z.infer<typeof classSchema>;
export type RequestSpec = z.infer<typeof requestSchema>;
export type Profile = z.infer<typeof profileSchema>;
