import type { Summary } from "../measure/summary.ts";
import { clean } from "../screen/line.ts";
import { describeTarget } from "../screen/target.ts";
import { headlineOf } from "./headline.ts";
import { renderDocument } from "./html/document.tsx";
import { sections } from "./html/sections.ts";
import { Verdict } from "./html/verdict.tsx";

/** A summary as one page that needs nothing else. */
export function renderHtml(summary: Summary): string {
  const { environment, metadata, profile } = summary;
  const { topology, mode } = environment.deployment ?? { topology: "", mode: "" };
  const target = describeTarget(profile);
  return renderDocument({
    title: `${headlineOf(summary).sentence} · ${target}`,
    version: clean(metadata.version),
    kind: clean(profile.scenario),
    target,
    place: [topology, mode]
      .map(clean)
      .filter((part) => part !== "")
      .join(", "),
    startedAt: metadata.startedAt,
    opening: <Verdict summary={summary} />,
    sections: sections.flatMap((of) => of(summary) ?? []),
    provenance:
      "Made from the run's summary alone. Percentiles come from merged distributions; none is averaged, and no tail is cut.",
  });
}
