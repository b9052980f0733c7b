import type { Metric, Summary } from "../../measure/summary.ts";
import { latencyText } from "../../screen/final/latency.ts";
import { absent, formatCount } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Failures } from "./sign.tsx";
import { Table } from "./table.tsx";

const percentiles = ["p(50)", "p(95)", "p(99)", "max"] as const;

/** A row a route, where there are several. */
export function routesSection({ metrics, profile }: Summary): Section | null {
  const routes = [...new Set(profile.requests.map(({ route }) => route))];
  if (routes.length < 2) return null;
  const latency = profile.load.model === "open" ? "response_time" : "http_req_duration";
  const of = (name: string, route: string): Metric | undefined => metrics[`${name}{route:${route}}`];
  const body = (
    <Table
      caption={`Routes, with their ${latency === "response_time" ? "response" : "service"} times`}
      columns={[
        { name: "Route" },
        { name: "Requests", figure: true },
        ...percentiles.map((name) => ({ name: name.replace(/[()]/g, ""), figure: true })),
        { name: "Apdex", figure: true, title: `Application performance index, satisfied up to ${profile.apdexMs} ms` },
        { name: "Failed", figure: true },
      ]}
      rows={routes.map((route) => {
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
  return { id: "routes", title: "Routes", body };
}
