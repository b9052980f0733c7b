import type { ReactNode } from "react";
import type { Summary } from "../../measure/summary.ts";
import { formatCount } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { objectivesOf } from "../objectives.ts";
import type { Section } from "./section.ts";
import { Failures, Sign } from "./sign.tsx";
import { Table } from "./table.tsx";

/** Every threshold with what was measured, abort rules, and the checks of responses. */
export function objectivesSection(summary: Summary): Section | null {
  const objectives = objectivesOf(summary);
  const { checks } = summary.root_group;
  const { abort } = summary.profile;
  if (objectives.length + checks.length + abort.length === 0) return null;
  const body: ReactNode = (
    <>
      {objectives.length === 0 ? (
        <p>No threshold was set: nothing could fail but the run itself.</p>
      ) : (
        <Table
          caption="Thresholds"
          columns={[
            { name: "Threshold" },
            { name: "Limit" },
            { name: "Measured", figure: true },
            { name: "Samples", figure: true },
          ]}
          rows={objectives.map(({ metric, limit, actual, ok, samples }) => [
            <>
              <Sign tone={ok ? "good" : "bad"} /> <code>{metric}</code>
            </>,
            limit,
            <Measured key="measured" ok={ok} text={actual} />,
            formatCount(samples),
          ])}
        />
      )}
      {checks.length === 0 ? null : (
        <Table
          caption="Checks of each response"
          columns={[{ name: "Check" }, { name: "Held", figure: true }, { name: "Failed", figure: true }]}
          rows={checks.map(({ name, passes, fails }) => [
            <>
              <Sign tone={fails === 0 ? "good" : "bad"} /> {clean(name)}
            </>,
            formatCount(passes),
            <Failures key="fails" count={fails} text={formatCount(fails)} />,
          ])}
        />
      )}
      {abort.length === 0 ? null : (
        <Table
          caption="Rules that would have ended the run"
          columns={[{ name: "Metric" }, { name: "Rule" }, { name: "For", figure: true }]}
          rows={abort.map(({ metric, expression, forMs }) => [
            <code key="metric">{clean(metric)}</code>,
            clean(expression),
            `${forMs / 1000} s`,
          ])}
        />
      )}
    </>
  );
  return { id: "objectives", title: "Objectives", body };
}

function Measured({ ok, text }: { ok: boolean; text: string }): ReactNode {
  return ok ? text : <strong className="bad">{text}</strong>;
}
