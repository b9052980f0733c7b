import type { DriftVerdict, StabilityCheck } from "../../measure/drift-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { driftCells, nouns, show } from "../../screen/final/drift.ts";
import { absent } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Sign } from "./sign.tsx";
import { Table } from "./table.tsx";

/** Whether anything grew during the run, or did not come back after it. */
export function driftSection({ resources, stability }: Summary): Section | null {
  const drifts = resources.flatMap(({ name, drift }) => (drift ? [{ name, drift }] : []));
  if (drifts.length === 0 && !stability) return null;
  const body = (
    <>
      {drifts.length === 0 ? null : (
        <Table
          caption="Growth of memory in MiB an hour, with its bounds"
          columns={[
            { name: "Service" },
            { name: "Memory" },
            ...["Verdict", "Growth", "Bounds", "Harmful", "To the limit"].map((name) => ({ name, figure: true })),
          ]}
          rows={drifts.map(({ name, drift }) => [
            <>
              <Sign tone={toneOf(drift.verdict)} /> {clean(name)}
            </>,
            drift.figure,
            ...driftCells(drift),
          ])}
        />
      )}
      {stability ? (
        <Table
          caption="What should be as it was"
          columns={[{ name: "What" }, ...["Verdict", "Before", "After", "Allowed"].map((name) => ({ name, figure: true }))]}
          rows={stability.checks.map(({ check, service, verdict, unit, before, after, allowed }) => [
            <>
              <Sign tone={toneOf(verdict)} /> {service === null ? "" : `${clean(service)} `}
              {nouns[check]}
            </>,
            verdict,
            ...[before, after, allowed].map((figure) => (figure === null ? absent : show(figure, unit))),
          ])}
        />
      ) : null}
    </>
  );
  return { id: "drift", title: "Drift", body };
}

function toneOf(verdict: DriftVerdict | StabilityCheck["verdict"]): "good" | "warn" | "bad" {
  if (verdict === "stable") return "good";
  return verdict === "leaking" || verdict === "drifting" ? "bad" : "warn";
}
