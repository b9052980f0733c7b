import type { Summary } from "../../measure/summary.ts";
import { absent, formatBound, formatCount, formatDuration, formatLatency, formatRate } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Failures } from "./sign.tsx";
import { Table } from "./table.tsx";

const percentiles = ["p(50)", "p(95)", "p(99)"] as const;

/** A row a stage of the load. */
export function phasesSection({ phases, profile }: Summary): Section | null {
  if (phases.length === 0) return null;
  const body = (
    <Table
      caption="Stages of the load"
      quiet
      columns={[
        { name: "Stage" },
        ...["Time", "Requests", "Requests/s", "p50", "p95", "p99", "Failed"].map((name) => ({ name, figure: true })),
      ]}
      rows={phases.map((phase) => [
        clean(phase.name),
        formatDuration(phase.durationMs),
        formatCount(phase.requests),
        formatRate(phase.rps),
        ...percentiles.map((name) => {
          if (phase.requests === 0) return absent;
          return phase.beyond.includes(name) ? formatBound(phase[name], profile.timeoutMs) : formatLatency(phase[name]);
        }),
        <Failures key="failed" count={phase.failed} text={formatCount(phase.failed)} />,
      ])}
    />
  );
  return { id: "phases", title: "Stages", body };
}
