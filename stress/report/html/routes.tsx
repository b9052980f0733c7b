import type { Metric, Summary } from "../../measure/summary.ts";
import { latencyText } from "../../screen/final/latency.ts";
import { absent, formatCount } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Failures } from "./sign.tsx";
import { Table } from "./table.tsx";

const percentiles = ["p(50)", "p(95)", "p(99)", "max"] as const;

/** A row a route, where there are several. */
export function routesSection(summary: Summary): Section | null {
  const routes = [...new Set(summary.profile.requests.map(({ route }) => route))];
  if (routes.length < 2) return null;
  return { id: "routes", title: "Routes", body: parts(summary, { tag: "route", names: routes, of: "Routes", one: "Route" }) };
}

/** A row a class of users, where there are any. */
export function classesSection(summary: Summary): Section | null {
  const names = (summary.profile.classes ?? []).map(({ name }) => name);
  if (names.length === 0) return null;
  return { id: "classes", title: "Classes", body: parts(summary, { tag: "class", names, of: "Classes of users", one: "Class" }) };
}

function parts(
  { metrics, profile }: Summary,
  { tag, names, of: all, one }: { tag: string; names: readonly string[]; of: string; one: string },
) {
  const latency = profile.load.model === "open" ? "response_time" : "http_req_duration";
  const of = (name: string, part: string): Metric | undefined => metrics[`${name}{${tag}:${part}}`];
  return (
    <Table
      caption={`${all}, with their ${latency === "response_time" ? "response" : "service"} times`}
      columns={[
        { name: one },
        { name: "Requests", figure: true },
        ...percentiles.map((name) => ({ name: name.replace(/[()]/g, ""), figure: true })),
        { name: "Apdex", figure: true, title: `Application performance index, satisfied up to ${profile.apdexMs} ms` },
        { name: "Failed", figure: true },
      ]}
      rows={names.map((route) => {
        const [requests, failed, apdex] = [of("http_reqs", route), of("http_req_failed", route), of("apdex", route)];
        const trend = of(latency, route);
        const failures = failed?.type === "rate" ? failed.values.passes : 0;
        return [
          <code key="route">{clean(route)}</code>,
          formatCount(requests?.type === "counter" ? requests.values.count : null),
          ...percentiles.map((name) => latencyText(trend?.type === "trend" ? trend : undefined, name, profile.timeoutMs)),
          apdex?.type === "gauge" ? apdex.values.value.toFixed(2) : absent,
          <Failures key="failed" count={failures} text={formatCount(failures)} />,
        ];
      })}
    />
  );
}
