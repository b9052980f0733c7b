import exported, { type Builder } from "junit-report-builder";
import { clean } from "../../screen/line.ts";
import { notesOf, outcomeCell, placeOf } from "./cells.ts";
import type { PlanReport } from "./plan-report.ts";

/** Its types tell of a default export within the default export; there is none. */
const builder = exported as unknown as Builder;

/** A plan as JUnit: a test a scenario. What could not be judged is an error, what was not run is skipped. */
export function renderPlanJunit(report: PlanReport): string {
  const file = builder.newBuilder().name(`plimsoll plan ${clean(report.title)}`);
  const suite = file.testSuite().name(clean(report.title)).timestamp(new Date(report.startedAt));
  suite.property("target", clean(placeOf(report))).property("mode", report.mode);
  for (const row of report.scenarios) {
    const mode = row.mode === "full" ? "" : ` [${row.mode}]`;
    const test = suite
      .testCase()
      .className(clean(row.plan))
      .name(clean(`${row.name}${mode}: ${row.title}`))
      .time(row.durationMs / 1000);
    const why = clean([outcomeCell(row), ...notesOf(row)].join("; "));
    if (row.outcome === "fail") test.failure(why, row.verdict ?? "fail");
    else if (row.outcome === "not-run") test.skipped();
    else if (row.outcome === "undecided" || row.outcome === "interrupted") test.error(why, row.outcome);
  }
  return file.build();
}
