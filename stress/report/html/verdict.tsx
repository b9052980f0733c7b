import type { ReactNode } from "react";
import type { Summary } from "../../measure/summary.ts";
import { latencyText } from "../../screen/final/latency.ts";
import { wordingOf } from "../../screen/final/verdict.ts";
import { formatCount, formatShare } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { headlineOf } from "../headline.ts";
import { latencyRows } from "../latency.ts";
import { objectivesOf } from "../objectives.ts";
import { Sign } from "./sign.tsx";

/** What a reader must know first, large and calm: the verdict and the capacity, in words. */
export function Verdict({ summary }: { summary: Summary }): ReactNode {
  const { tone, word, meaning } = wordingOf(summary);
  const { sentence, detail } = headlineOf(summary);
  const { reasons, exitCode } = summary.results;
  const shown = tone as "good" | "warn" | "bad";
  return (
    <section className={`verdict ${tone}`} id="verdict" aria-labelledby="verdict-title">
      <p className="word">
        <Sign tone={shown} /> <strong>{word.charAt(0) + word.slice(1).toLowerCase()}</strong>
        {meaning === "" ? "" : `: ${meaning}`}
        {summary.partial === true ? "" : <span className="faint"> (exit {exitCode})</span>}
      </p>
      <h1 id="verdict-title">{sentence}.</h1>
      <p className="detail">{detail}</p>
      {reasons.length > 0 ? (
        <ul className="reasons">
          {[...new Set(reasons)].map((reason) => (
            <li key={reason}>{clean(reason)}</li>
          ))}
        </ul>
      ) : null}
      <dl className="tiles">
        {tilesOf(summary).map(({ name, value, note }) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              {value} <small>{note}</small>
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface Tile {
  name: string;
  value: string;
  note: string;
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
