import type { Summary } from "../../measure/summary.ts";
import { formatCount, formatShare } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Table } from "./table.tsx";

/** Failures by class, the most frequent first, each with its first example. */
export function failuresSection({ failures, metrics }: Summary): Section {
  const requests = metrics.http_reqs;
  const total = requests?.type === "counter" ? requests.values.count : 0;
  const dropped = metrics.dropped_iterations;
  const unsent = dropped?.type === "counter" ? dropped.values.count : 0;
  const body = (
    <>
      {failures.length === 0 ? (
        <p>{total === 0 ? "No request was made." : "No request failed."}</p>
      ) : (
        <Table
          caption="Failures by class"
          quiet
          columns={[
            { name: "Class" },
            { name: "Count", figure: true },
            { name: "Share", figure: true },
            { name: "First example" },
          ]}
          rows={[...failures]
            .sort((a, b) => b.count - a.count)
            .map(({ class: name, count, example }) => [
              <strong key="class" className="bad">
                {clean(name)}
              </strong>,
              formatCount(count),
              formatShare(total > 0 ? count / total : null),
              clean(example),
            ])}
        />
      )}
      {unsent > 0 ? <p>{formatCount(unsent)} arrivals were due and never sent.</p> : null}
    </>
  );
  return { id: "failures", title: "Failures", body };
}
