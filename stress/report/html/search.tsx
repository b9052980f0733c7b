import type { Summary } from "../../measure/summary.ts";
import { formatCount, formatDuration, formatRate, formatShare } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { levelPercentile, phaseWords, runShown } from "../../screen/search-words.ts";
import { answerOf, findingsOf, levelsByRate, reasonsOf, usageOf } from "../search.ts";
import type { Section } from "./section.ts";
import { Sign } from "./sign.tsx";
import { Table } from "./table.tsx";

const outcomes = {
  pass: { tone: "good", word: "held" },
  fail: { tone: "bad", word: "broke" },
  generator: { tone: "warn", word: "generator's limit" },
} as const;

/** What a search found and every load that it tried, in the order of the loads. */
export function searchSection({ search, profile }: Summary): Section | null {
  if (search === undefined) return null;
  const { plan } = search;
  const services = search.levels[0]?.services.map(({ name }) => name) ?? [];
  const levels = levelsByRate(search);
  const body = (
    <>
      <p>
        <strong>{answerOf(search)}</strong>. {[...reasonsOf(search), ...findingsOf(search)].join(" ")}
      </p>
      <Table
        caption={`Loads tried, ${formatDuration(plan.probeMs)} each, the answer for ${formatDuration(plan.confirmMs)}; response times`}
        columns={[
          { name: "Requests/s", figure: true },
          { name: "Outcome" },
          ...["p50", "p95", "p99", "Failed", "Dropped"].map((name) => ({ name, figure: true })),
          ...services.flatMap((name) => [
            { name: `${clean(name)}, cores`, figure: true },
            { name: `${clean(name)}, MiB`, figure: true },
          ]),
        ]}
        rows={levels.map((level) => [
          formatRate(level.rate),
          <>
            <Sign tone={outcomes[level.outcome].tone} /> {outcomes[level.outcome].word}, {phaseWords[level.phase]}
          </>,
          ...(["p(50)", "p(95)", "p(99)"] as const).map((name) => levelPercentile(level, name, profile.timeoutMs)),
          formatShare(level.failedShare),
          formatCount(level.dropped),
          ...services.flatMap((name) => usageOf(level, name)),
        ])}
      />
      <p>
        The sections below are of {runShown(search)} alone
        {search.answer.rate === null ? ": what failed or held there says nothing of any other load" : ""}.
      </p>
    </>
  );
  return { id: "search", title: "Search", body };
}
