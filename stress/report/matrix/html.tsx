import {
  absent,
  formatBeyond,
  formatCount,
  formatDuration,
  formatExact,
  formatLatency,
  formatRate,
} from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { Bars } from "../html/bars.tsx";
import { renderDocument } from "../html/document.tsx";
import { Opening, type Tile } from "../html/opening.tsx";
import { madeSection, notesSection } from "../html/report-sections.tsx";
import { reportVerdict } from "../html/report-verdict.ts";
import type { Section } from "../html/section.ts";
import { Signed } from "../html/sign.tsx";
import { Table } from "../html/table.tsx";
import { addedCells, addedHeading, heading, matrixHeadline, notesOf, rowCells } from "./cells.ts";
import type { MatrixReport } from "./matrix-report.ts";

/** A matrix as one page that needs nothing else. */
export function renderMatrixHtml(report: MatrixReport): string {
  const { rows, version, startedAt, results, partial, failedTopologies, durationMs, runs } = report;
  const headline = matrixHeadline(report);
  const topologies = [...new Set(rows.map(({ topology }) => topology))];
  return renderDocument({
    title: `${headline} · ${clean(topologies.join(", "))}`,
    version: clean(version),
    kind: "matrix",
    target: clean(topologies.join(", ")),
    place: clean(report.host),
    startedAt,
    opening: (
      <Opening
        {...reportVerdict(results.exitCode, partial === true)}
        sentence={headline}
        detail={`${formatDuration(durationMs)} at each rate${runs > 1 ? `, ${runs} runs a cell` : ""}. Times are response times, from when a request was due.`}
        reasons={failedTopologies.map(({ topology, reason }) => `${topology} is not measured: ${reason}`)}
        tiles={tilesOf(report)}
      />
    ),
    sections: [
      resultsSection(report),
      p95Section(report),
      addedSection(report),
      notesSection("What was found", notesOf(report)),
      madeSection({ ...report, files: rows.flatMap(({ files }) => files), facts: [["Host", clean(report.host) || absent]] }),
    ].filter((section) => section !== null),
    provenance:
      "Made from the summaries of its runs. Where a cell has several runs, its figures are those of the run in the middle.",
  });
}

function tilesOf({ rows, results }: MatrixReport): Tile[] {
  const rates = [...new Set(rows.map(({ targetRate }) => targetRate))].sort((a, b) => b - a);
  const held = rates.find((rate) => rows.every(({ targetRate, verdict }) => targetRate !== rate || verdict === "pass"));
  const dropped = rows.reduce((sum, row) => sum + (row.dropped ?? 0), 0);
  const measured = rows.filter(({ verdict }) => verdict !== null);
  return [
    {
      name: "Held by all topologies",
      value: held === undefined ? "no rate" : `${formatExact(held)}/s`,
      note: "the highest rate tried that passed everywhere",
    },
    { name: "Cells passed", value: `${results.passed} of ${rows.length}`, note: "a topology at a rate each" },
    { name: "Measured", value: formatCount(measured.length), note: `${formatCount(rows.length - measured.length)} not run` },
    { name: "Dropped", value: formatCount(dropped), note: "requests that were due and never sent" },
  ];
}

function resultsSection({ rows }: MatrixReport): Section {
  const body = (
    <Table
      caption="Every topology at every rate"
      quiet
      columns={heading.map((name, at) => ({ name: name === "" ? "verdict" : name, figure: at > 0 && name !== "" }))}
      rows={rows.map((row) => {
        const cells = rowCells(row).map(clean);
        return [...cells.slice(0, -1), <Signed key="verdict" text={cells.at(-1) ?? ""} />];
      })}
    />
  );
  return { id: "results", title: "Topologies by rate", body };
}

/** By rate, so that topologies lie below each other. */
function p95Section({ rows }: MatrixReport): Section | null {
  const sorted = rows.toSorted((a, b) => a.targetRate - b.targetRate);
  if (sorted.every(({ p95Ms }) => p95Ms === null)) return null;
  const bars = sorted.map((row) => ({
    group: `${formatRate(row.targetRate)}/s`,
    label: clean(row.topology),
    value: row.p95Ms,
    text: row.beyond.includes("p(95)") ? formatBeyond(row.limitMs) : formatLatency(row.p95Ms),
  }));
  const body = <Bars caption="p95 of response time" names={["rate", "topology"]} bars={bars} />;
  return { id: "p95", title: "p95, side by side", body };
}

function addedSection({ added }: MatrixReport): Section | null {
  const cells = added.flatMap(addedCells);
  if (cells.length === 0) return null;
  const body = (
    <Table
      caption="Difference in response time, by percentile, with its 95 % interval"
      columns={addedHeading.map((name, at) => {
        const shown =
          ["rate", "topology", "against", "percentile", "from", "to", "added", "95 % interval", "verdict"][at] ?? name;
        return { name: shown, figure: at === 0 || (at >= 4 && at <= 7) };
      })}
      rows={cells.map((row) => {
        const texts = row.map(clean);
        return [...texts.slice(0, -1), <Signed key="verdict" text={texts.at(-1) ?? ""} />];
      })}
    />
  );
  return { id: "added", title: "What each adds", body };
}
