/**
 * The metrics of a run, as they stand in `summary.json` and as thresholds name them. Names are k6's where k6 has the
 * metric; their types decide which aggregations a threshold may use.
 */
export type MetricType = "trend" | "counter" | "rate" | "gauge";

/** Unit of a metric's figure: `ratio` lies between 0 and 1, `rate` is a second. */
export type MetricUnit = "ms" | "ratio" | "count" | "bytes";

/** Tags by which a metric can be told apart: `http_req_duration{route:/users/{id}}`. */
export type MetricTag = "route" | "expected_response" | "check";

export interface MetricInfo {
  type: MetricType;
  contains: "time" | "default" | "data";
  unit: MetricUnit;
  tags: readonly MetricTag[];
  /** Present in the open model only: a closed model has no due times. */
  openOnly: boolean;
}

const trend = { type: "trend", contains: "time", unit: "ms", tags: [], openOnly: false } as const;
const counter = { type: "counter", contains: "default", unit: "count", tags: [], openOnly: false } as const;
const data = { type: "counter", contains: "data", unit: "bytes", tags: [], openOnly: false } as const;
const rate = { type: "rate", contains: "default", unit: "ratio", tags: [], openOnly: false } as const;
const gauge = { type: "gauge", contains: "default", unit: "count", tags: [], openOnly: false } as const;

export const metricInfo = {
  http_reqs: { ...counter, tags: ["route"] },
  http_req_failed: { ...rate, tags: ["route"] },
  /** Service time: from the first byte sent to the last received, of every complete response. */
  http_req_duration: { ...trend, tags: ["route", "expected_response"] },
  http_req_waiting: { ...trend, tags: ["route"] },
  http_req_connecting: trend,
  http_req_tls_handshaking: trend,
  /** From the instant the request was due to its last byte. */
  response_time: { ...trend, tags: ["route"], openOnly: true },
  pacer_lag: { ...trend, openOnly: true },
  iterations: counter,
  dropped_iterations: { ...counter, tags: ["route"], openOnly: true },
  late_iterations: { ...counter, openOnly: true },
  /** Arrivals that found every connection busy, or had to open one. */
  blocked_iterations: { ...counter, openOnly: true },
  vus: gauge,
  vus_max: gauge,
  checks: { ...rate, tags: ["check"] },
  data_sent: data,
  data_received: data,
  connections_opened: counter,
  tls_handshakes: counter,
  tls_resumptions: counter,
  apdex: { ...gauge, unit: "ratio", tags: ["route"] },
} as const satisfies Record<string, MetricInfo>;

export type MetricName = keyof typeof metricInfo;

export const metricNames = Object.keys(metricInfo) as readonly MetricName[];

export function isMetricName(name: string): name is MetricName {
  return Object.hasOwn(metricInfo, name);
}

/** The key of a metric or of a part of it: `http_req_duration{expected_response:true,route:/users/{id}}`, tags in this order. */
export function metricKey(name: MetricName, tags: Partial<Record<MetricTag, string>> = {}): string {
  const order: readonly MetricTag[] = ["expected_response", "route", "check"];
  const parts = order.filter((tag) => tags[tag] !== undefined).map((tag) => `${tag}:${tags[tag]}`);
  return parts.length === 0 ? name : `${name}{${parts.join(",")}}`;
}
