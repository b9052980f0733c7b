import type { ReactNode } from "react";
import type { Summary } from "../../measure/summary.ts";
import { latencyText } from "../../screen/final/latency.ts";
import { wordingOf } from "../../screen/final/verdict.ts";
import { formatCount, formatShare } from "../../screen/format.ts";
import { headlineOf, untold } from "../headline.ts";
import { latencyRows } from "../latency.ts";
import { objectivesOf } from "../objectives.ts";
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
      tiles={tilesOf(summary)}
    />
  );
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
