import { levelCells, levelHeading } from "../../screen/final/plan.ts";
import { clean } from "../../screen/line.ts";
import { renderDocument } from "../html/document.tsx";
import { Opening, type Tile } from "../html/opening.tsx";
import { madeSection, notesSection } from "../html/report-sections.tsx";
import { reportVerdict } from "../html/report-verdict.ts";
import type { Section } from "../html/section.ts";
import { Signed } from "../html/sign.tsx";
import { Table } from "../html/table.tsx";
import { figureCells, heading, notesOf, outcomeCell, placeOf, planHeadline } from "./cells.ts";
import type { PlanReport } from "./plan-report.ts";

/** A plan's report as one page that needs nothing else. */
export function renderPlanHtml(report: PlanReport): string {
  const { title, version, target, topology, startedAt, results, partial, mode, scenarios } = report;
  const headline = planHeadline(report);
  const verdict = reportVerdict(results.exitCode, partial === true);
  // a smoke test that went well met no criterion
  const short = mode !== "full" && verdict.word === "PASSED" ? { word: "HELD", meaning: "" } : {};
  const failed = scenarios.filter(({ outcome }) => outcome === "fail");
  return renderDocument({
    title: `${headline} · ${clean(title)}`,
    version: clean(version),
    kind: clean(title),
    target: clean(target),
    place: clean(topology ?? ""),
    startedAt,
    opening: (
      <Opening
        {...verdict}
        {...short}
        sentence={headline}
        detail={`${clean(title)} against ${clean(placeOf(report))}.`}
        reasons={failed.flatMap((row) => row.reasons.map((reason) => `${row.name}: ${reason}`))}
        tiles={tilesOf(report)}
      />
    ),
    sections: [
      scenariosSection(report),
      notesSection(
        "What was found",
        scenarios.flatMap((row) => notesOf(row).map((note) => ({ place: row.name, note }))),
      ),
      ...levelSections(report),
      madeSection({ ...report, files: scenarios.flatMap(({ file }) => file ?? []) }),
    ].filter((section) => section !== null),
    provenance: "Made from the summaries of its scenarios, each beside this page under its name.",
  });
}

function tilesOf({ results: { passed, held, failed, undecided, notRun } }: PlanReport): Tile[] {
  return [
    { name: "Passed", value: String(passed), note: "in full, every criterion met" },
    { name: "Held", value: String(held), note: "run short, which meets no criterion" },
    { name: "Failed", value: String(failed), note: "" },
    { name: "Open", value: String(undecided + notRun), note: `${undecided} undecided, ${notRun} not run` },
  ];
}

function scenariosSection({ scenarios }: PlanReport): Section {
  const body = (
    <Table
      caption="Scenarios"
      quiet
      columns={[
        { name: "scenario" },
        { name: "what it is" },
        { name: "outcome" },
        ...heading.map((name, at) => ({ name, figure: at > 0 })),
      ]}
      rows={scenarios.map((row) => [
        clean(row.name),
        clean(row.title),
        <Signed key="outcome" text={outcomeCell(row)} />,
        ...figureCells(row).map(clean),
      ])}
    />
  );
  return { id: "scenarios", title: "Scenarios", body };
}

function levelSections({ scenarios }: PlanReport): Section[] {
  return scenarios.flatMap(({ name, levels = [], limitMs }) => {
    if (levels.length === 0) return [];
    const body = (
      <Table
        key="levels"
        caption={`${clean(name)}, level by level`}
        quiet
        columns={[
          { name: levels[0]?.unit ?? "", figure: true },
          ...levelHeading.map((each, at) => ({ name: each || "outcome", figure: at < 7 })),
        ]}
        rows={levels.map((row) => {
          const cells = levelCells(row, limitMs).map(clean);
          return [...cells.slice(0, -1), <Signed key="outcome" text={cells.at(-1) ?? ""} />];
        })}
      />
    );
    return [{ id: `levels-${name.replaceAll(/[^\w-]/g, "-")}`, title: `${clean(name)}: level by level`, body }];
  });
}
