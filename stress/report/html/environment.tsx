import type { Summary } from "../../measure/summary.ts";
import type { Load } from "../../profile/profile.ts";
import { redactProfile } from "../../profile/redact.ts";
import { formatBytes, formatCount, formatDuration, formatExact, formatLimits } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { describeTarget } from "../../screen/target.ts";
import { Command } from "./command.tsx";
import type { Section } from "./section.ts";
import { Facts, Table } from "./table.tsx";

/** What ran, on what, and the command that runs it again. */
export function environmentSection(summary: Summary): Section {
  const { metadata, environment } = summary;
  const { host, deployment } = environment;
  const body = (
    <>
      <h3>Run it again</h3>
      <Command command={metadata.command} />
      <h3>What ran</h3>
      <Facts facts={profileFacts(summary)} />
      <h3>Where it ran</h3>
      <Facts
        facts={[
          ["Processor", `${clean(host.cpuModel)}, ${host.cores} ${host.cores === 1 ? "core" : "cores"}`],
          ["Memory", formatBytes(host.memoryBytes)],
          ["System", `${clean(host.os)}, ${clean(host.kernel)}`],
          ["Node.js", clean(environment.node)],
          ["Deployment", deployment === null ? "none known" : `${clean(deployment.topology)}, ${clean(deployment.mode)}`],
        ]}
      />
      {deployment === null || deployment.services.length === 0 ? null : (
        <Table
          caption="Services of the deployment, and their limits"
          columns={[{ name: "Service" }, { name: "Limits" }]}
          rows={deployment.services.map(({ name, cpus, memoryBytes }) => [clean(name), formatLimits(cpus, memoryBytes)])}
        />
      )}
      <h3>Provenance</h3>
      <Facts
        facts={[
          ["Run", <code key="id">{clean(metadata.id)}</code>],
          ["Started", <time key="from" dateTime={metadata.startedAt}>{`${instant(metadata.startedAt)}`}</time>],
          ["Ended", <time key="to" dateTime={metadata.endedAt}>{`${instant(metadata.endedAt)}`}</time>],
          ["Plimsoll", clean(metadata.version)],
          ["Commit", metadata.commit === null ? "not known" : <code key="commit">{clean(metadata.commit)}</code>],
          ["Configuration", <code key="config">{clean(metadata.configHash)}</code>],
        ]}
      />
    </>
  );
  return { id: "environment", title: "Run and environment", body };
}

/** `2026-01-01 00:00:00 UTC`: the same page wherever it is made. */
export function instant(text: string): string {
  return `${new Date(text).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function profileFacts(summary: Summary): (readonly [string, string])[] {
  const profile = redactProfile(summary.profile);
  const { load, session } = profile;
  const headers = [...new Set(profile.requests.flatMap(({ headers }) => headers.map(([name, value]) => `${name}: ${value}`)))];
  return [
    ["Scenario", clean(profile.scenario)],
    ["Target", describeTarget(profile)],
    ["Load", describeLoad(load)],
    ["Requests", profile.requests.map(({ method, path, weight }) => clean(`${method} ${path} (${weight})`)).join(", ")],
    ...(headers.length === 0 ? [] : ([["Headers", headers.map(clean).join(", ")]] as const)),
    ["Time limit of a request", formatDuration(profile.timeoutMs)],
    [
      "Connections",
      `${session.requestsPerConnection === null ? "kept alive" : `${formatCount(session.requestsPerConnection)} requests each`}${session.resumption ? ", TLS sessions resumed" : ""}`,
    ],
    ["Worker threads", formatCount(profile.workers)],
  ];
}

function describeLoad(load: Load): string {
  if (load.model === "requests") return `${formatCount(load.requests)} requests by ${formatCount(load.users)} users`;
  const unit = load.model === "open" ? "requests/s" : "users";
  const stages = load.stages.map(({ durationMs, from, to }) =>
    from === to
      ? `${formatExact(to)} ${unit} for ${formatDuration(durationMs)}`
      : `${formatExact(from)} → ${formatExact(to)} ${unit} in ${formatDuration(durationMs)}`,
  );
  const model =
    load.model === "open"
      ? `open: ${load.arrivals} arrivals, ${formatCount(load.connections)} to ${formatCount(load.maxConnections)} connections`
      : "closed: users wait for their responses";
  return `${model}; ${stages.join(", then ")}`;
}
