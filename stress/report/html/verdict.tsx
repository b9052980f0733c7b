import type { ReactNode } from "react";
import type { SearchSummary } from "../../measure/search-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { latencyText } from "../../screen/final/latency.ts";
import { wordingOf } from "../../screen/final/verdict.ts";
import { formatCount, formatRate, formatShare } from "../../screen/format.ts";
import { headlineOf, untold } from "../headline.ts";
import { latencyRows } from "../latency.ts";
import { objectivesOf } from "../objectives.ts";
import { highestHeld } from "../search.ts";
import { Opening, type OpeningProps, type Tile } from "./opening.tsx";

/** The verdict and the capacity, in words. */
export function Verdict({ summary }: { summary: Summary }): ReactNode {
  const { tone, word, meaning } = wordingOf(summary);
  const { reasons, exitCode } = summary.results;
  const headline = headlineOf(summary);
  return (
    <Opening
      tone={tone as OpeningProps["tone"]}
      word={word}
      meaning={meaning}
      exitCode={summary.partial === true ? null : exitCode}
      {...headline}
      reasons={untold(reasons, headline.sentence)}
      tiles={summary.search?.answer.rate === null ? searchTiles(summary.search) : tilesOf(summary)}
    />
  );
}

/** Of a search that confirmed nothing the summary's own figures are those of its last probe, which stand for nothing. */
function searchTiles(search: SearchSummary): Tile[] {
  const { answer, levels } = search;
  const confirming = levels.filter(({ phase }) => phase === "confirm");
  return [
    { name: "Highest that a probe held", value: formatRate(highestHeld(search)), note: "requests/s" },
    {
      name: answer.breaks?.by === "generator" ? "The generator's limit" : "Lowest that broke",
      value: formatRate(answer.breaks?.rate ?? null),
      note: "requests/s",
    },
    { name: "Loads tried", value: formatCount(levels.length), note: "" },
    {
      name: "Confirming runs that held",
      value: formatCount(confirming.filter(({ outcome }) => outcome === "pass").length),
      note: `of ${formatCount(confirming.length)}`,
    },
  ];
}

function tilesOf(summary: Summary): Tile[] {
  const { metrics, profile } = summary;
  const [latency] = latencyRows(summary);
  const limitMs = profile.timeoutMs;
  const objectives = objectivesOf(summary);
  const held = objectives.filter(({ ok }) => ok).length;
  const { http_reqs: requests, http_req_failed: failed } = metrics;
  const failures = failed?.type === "rate" ? failed.values : null;
  return [
    {
      name: "Half are answered within",
      value: latencyText(latency?.trend, "p(50)", limitMs),
      note: `p(50) of ${latency?.label ?? "requests"}`,
    },
    {
      name: "99 of 100 within",
      value: latencyText(latency?.trend, "p(99)", limitMs),
      note: `p(99) of ${latency?.label ?? "requests"}`,
    },
    {
      name: "Failed",
      value: formatShare(failures?.rate ?? null),
      note: `${formatCount(failures?.passes ?? null)} of ${formatCount(requests?.type === "counter" ? requests.values.count : null)} requests`,
    },
    {
      name: "Objectives held",
      value: objectives.length === 0 ? "none set" : `${held} of ${objectives.length}`,
      note: "",
    },
  ];
}
