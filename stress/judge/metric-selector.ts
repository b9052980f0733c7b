import {
  isMetricName,
  type MetricInfo,
  type MetricName,
  type MetricTag,
  metricInfo,
  metricKey,
  metricNames,
} from "../measure/metric-names.ts";
import { hasDueTimes, type StreamSpec } from "../profile/stream.ts";
import { UsageError } from "../profile/usage-error.ts";

/** A metric, or the part of it that carries the tags. */
export interface MetricSelector {
  /** Its key in `summary.json`, tags in a fixed order. */
  metric: string;
  name: MetricName;
  tags: Partial<Record<MetricTag, string>>;
}

/**
 * Reads `http_req_duration` or `http_req_duration{expected_response:true,route:/users/{id}}`:
 *
 *     selector -> name ( "{" tag ( "," tag )* "}" )?
 *     tag      -> key ":" value
 *
 * A value may hold braces, colons and commas: the selector ends at its last brace, and a comma separates tags only
 * where another key follows it.
 *
 * @throws UsageError naming the metrics, tags or values that are accepted.
 */
export function parseSelector(text: string): MetricSelector {
  const given = text.trim();
  const open = given.indexOf("{");
  const name = (open === -1 ? given : given.slice(0, open)).trim();
  if (!isMetricName(name)) {
    throw new UsageError(`unknown metric "${name}" in "${text}": accepted are ${metricNames.join(", ")}`);
  }
  if (open === -1) return { metric: name, name, tags: {} };
  if (!given.endsWith("}")) throw new UsageError(`metric "${text}" lacks its closing brace: accepted is METRIC{tag:value}`);
  const tags: MetricSelector["tags"] = {};
  for (const part of given.slice(open + 1, -1).split(/,(?=\s*[a-z_]+:)/)) {
    const colon = part.indexOf(":");
    const tag = part.slice(0, colon).trim();
    const value = part.slice(colon + 1).trim();
    if (colon === -1 || value === "") {
      throw new UsageError(`tag "${part.trim()}" of metric "${text}" is not a tag: accepted is METRIC{tag:value}`);
    }
    const known = metricInfo[name].tags.find((accepted) => accepted === tag);
    if (known === undefined) throw unknownTag(name, tag, text);
    if (tags[known] !== undefined) throw new UsageError(`metric "${text}" gives tag "${tag}" twice: give it once`);
    if (known === "expected_response" && value !== "true" && value !== "false") {
      throw new UsageError(`tag expected_response of metric "${text}" is "${value}": accepted are true and false`);
    }
    tags[known] = value;
  }
  return { metric: metricKey(name, tags), name, tags };
}

function unknownTag(name: MetricName, tag: string, text: string): UsageError {
  const tags: readonly MetricTag[] = metricInfo[name].tags;
  const accepted = tags.length === 0 ? `${name} has none` : `accepted for ${name}: ${tags.join(", ")}`;
  return new UsageError(`unknown tag "${tag}" in metric "${text}": ${accepted}`);
}

/** What a run will have, to refuse a rule that no sample can ever meet. */
export interface MeasuredParts {
  model: "closed" | "requests" | "open";
  routes: readonly string[];
  checks: readonly string[];
  /** Of users; empty where there are none. */
  classes?: readonly string[];
  /** Where streams are held. */
  stream?: StreamSpec | undefined;
}

/** @throws UsageError for a metric, route or check that the run will not have. */
export function checkSelector(selector: MetricSelector, parts: MeasuredParts): void {
  const { name, metric, tags } = selector;
  checkKind(selector, parts.stream);
  if (metricInfo[name].openOnly && parts.model !== "open") {
    throw new UsageError(
      `metric "${metric}" needs due times, which only a rate has: give --rate or rate stages such as 30s:500/s`,
    );
  }
  const named = [
    ["route", parts.routes],
    ["class", parts.classes ?? []],
    ["check", parts.checks],
  ] as const;
  for (const [tag, known] of named) {
    const value = tags[tag];
    if (value === undefined || known.includes(value)) continue;
    const accepted = known.length === 0 ? "this run has none" : `this run has ${known.join(", ")}`;
    throw new UsageError(`metric "${metric}" names the ${tag} "${value}": ${accepted}`);
  }
}

function checkKind({ name, metric, tags }: MetricSelector, stream: StreamSpec | undefined): void {
  const info: MetricInfo = metricInfo[name];
  const wanted = info.stream;
  if (wanted !== undefined && wanted !== "any" && stream?.kind !== wanted) {
    throw new UsageError(`metric "${metric}" is of a run with --${wanted}, which this is not`);
  }
  if (wanted !== undefined && stream === undefined) {
    throw new UsageError(`metric "${metric}" is of streams: give --sse or --ws`);
  }
  if (stream === undefined) return;
  const whole = Object.keys(tags).length === 0;
  if (wanted === undefined && (info.ofBoth !== true || !whole)) {
    const names = metricNames.filter((other) => {
      const { stream: kind, ofBoth }: MetricInfo = metricInfo[other];
      return kind === "any" || kind === stream.kind || ofBoth === true;
    });
    throw new UsageError(`metric "${metric}" is of requests that end; with --${stream.kind} there are ${names.join(", ")}`);
  }
  if ((name === "sse_event_lateness" || name === "ws_response_time") && !hasDueTimes(stream)) {
    const flag = stream.kind === "sse" ? "--event-interval" : "--message-interval";
    throw new UsageError(`metric "${metric}" needs due times: give ${flag}, such as 1s`);
  }
}
