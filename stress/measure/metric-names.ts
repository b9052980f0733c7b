import type { StreamKind } from "../profile/stream.ts";

/**
 * The metrics of a run, as they stand in `summary.json` and as thresholds name them. Names are k6's where k6 has the
 * metric; their types decide which aggregations a threshold may use.
 */
export type MetricType = "trend" | "counter" | "rate" | "gauge";

/** Unit of a metric's figure: `ratio` lies between 0 and 1, `rate` is a second. */
export type MetricUnit = "ms" | "ratio" | "count" | "bytes";

/** Tags by which a metric can be told apart: `http_req_duration{route:/users/{id}}`. */
export type MetricTag = "route" | "class" | "expected_response" | "check";

export interface MetricInfo {
  type: MetricType;
  contains: "time" | "default" | "data";
  unit: MetricUnit;
  tags: readonly MetricTag[];
  /** Present in the open model only: a closed model has no due times. */
  openOnly: boolean;
  /** The kind of stream that the metric is of, `any` for every kind; requests that end where it is not given. */
  stream?: StreamKind | "any";
  /** A metric of requests that streams have as well: of those that ask for one. */
  ofBoth?: true;
}

const trend = { type: "trend", contains: "time", unit: "ms", tags: [], openOnly: false } as const;
const counter = { type: "counter", contains: "default", unit: "count", tags: [], openOnly: false } as const;
const data = { type: "counter", contains: "data", unit: "bytes", tags: [], openOnly: false } as const;
const rate = { type: "rate", contains: "default", unit: "ratio", tags: [], openOnly: false } as const;
const gauge = { type: "gauge", contains: "default", unit: "count", tags: [], openOnly: false } as const;

export const metricInfo = {
  http_reqs: { ...counter, tags: ["route", "class"], ofBoth: true },
  http_req_failed: { ...rate, tags: ["route", "class"], ofBoth: true },
  /** Service time: from the first byte sent to the last received, of every complete response. */
  http_req_duration: { ...trend, tags: ["route", "class", "expected_response"] },
  http_req_waiting: { ...trend, tags: ["route", "class"], ofBoth: true },
  http_req_connecting: { ...trend, ofBoth: true },
  http_req_tls_handshaking: { ...trend, ofBoth: true },
  /** From the instant the request was due to its last byte. */
  response_time: { ...trend, tags: ["route", "class"], openOnly: true },
  pacer_lag: { ...trend, openOnly: true },
  iterations: counter,
  dropped_iterations: { ...counter, tags: ["route", "class"], openOnly: true },
  late_iterations: { ...counter, openOnly: true },
  /** Arrivals that found every connection busy, or had to open one. */
  blocked_iterations: { ...counter, openOnly: true },
  vus: { ...gauge, ofBoth: true },
  vus_max: { ...gauge, ofBoth: true },
  checks: { ...rate, tags: ["check"] },
  data_sent: { ...data, ofBoth: true },
  data_received: { ...data, ofBoth: true },
  connections_opened: { ...counter, ofBoth: true },
  tls_handshakes: { ...counter, ofBoth: true },
  tls_resumptions: { ...counter, ofBoth: true },
  apdex: { ...gauge, unit: "ratio", tags: ["route", "class"] },
  /** Streams granted, those of them that ended before their time, and those asked for again after a failure. */
  streams_opened: { ...counter, stream: "any" },
  streams_dropped: { ...counter, stream: "any" },
  streams_reconnects: { ...counter, stream: "any" },
  /** Share of all streams asked for that were not granted or ended before their time. */
  streams_failed: { ...rate, stream: "any" },
  sse_events: { ...counter, stream: "sse" },
  /** From asking for the stream, connection included, to its first event. */
  sse_time_to_first_event: { ...trend, stream: "sse" },
  sse_event_gap: { ...trend, stream: "sse" },
  /** Against the schedule that the stream's least delayed event defines; with a known interval only. */
  sse_event_lateness: { ...trend, stream: "sse" },
  sse_session_duration: { ...trend, stream: "sse" },
  ws_sessions: { ...counter, stream: "ws" },
  /** TCP, TLS and the upgrade. */
  ws_connecting: { ...trend, stream: "ws" },
  ws_session_duration: { ...trend, stream: "ws" },
  /** From sending a message to the last byte of its echo. */
  ws_round_trip: { ...trend, stream: "ws" },
  /** From the instant the message was due to the last byte of its echo. */
  ws_response_time: { ...trend, stream: "ws" },
  ws_msgs_sent: { ...counter, stream: "ws" },
  ws_msgs_received: { ...counter, stream: "ws" },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof metricInfo;

export const metricNames = Object.keys(metricInfo) as readonly MetricName[];

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricInfo, name);
}

/** The key of a metric or of a part of it: `http_req_duration{expected_response:true,route:/users/{id}}`, tags in this order. */
export function metricKey(name: MetricName, tags: Partial<Record<MetricTag, string>> = {}): string {
  const order: readonly MetricTag[] = ["expected_response", "route", "class", "check"];
  const parts = order.filter((tag) => tags[tag] !== undefined).map((tag) => `${tag}:${tags[tag]}`);
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
}
