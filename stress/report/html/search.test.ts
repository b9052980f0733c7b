import { expect, test } from "vitest";
import { exampleSearch } from "../../screen/example-search.ts";
import { formatRate } from "../../screen/format.ts";
import { exampleSummary } from "../example-summary.ts";
import { headlineOf } from "../headline.ts";
import { renderHtml } from "../html.tsx";
import { highestHeld } from "../search.ts";
import { markupOf } from "./test-page.ts";

test.each([
  ["with an answer", undefined, "The sections below are of the confirming run alone."],
  ["without", 9, "The sections below are of the last probe alone: what failed or held there says nothing of any other load."],
])("a search %s says of which run its other sections are", (_, most, sentence) => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }), most === undefined ? {} : { most });
  const markup = markupOf(renderHtml(summary));
  expect(markup).toContain(sentence);
  expect(markup.indexOf(sentence)).toBeLessThan(markup.indexOf('id="objectives-title"'));
});

test("a search shows its answer, and every load that it tried", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));
  const markup = markupOf(renderHtml(summary));
  expect(markup).toContain('<h2 id="search-title">Search</h2>');
  const sentence = headlineOf(summary).sentence;
  expect(markup).toContain(`<h1 id="verdict-title">${sentence}.</h1>`);
  expect(markup).toMatch(/ 95 %\)<\/strong>\. First to break: [^<]*&lt;250/);
  for (const { rate } of summary.search?.levels ?? []) expect(markup).toContain(`>${formatRate(rate)}</t`);
});

test("a search that confirmed nothing shows no figure of its last probe as the run's", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }), { most: 2 });
  if (summary.search === undefined) throw new Error("no search");
  expect(summary.search.answer.rate).toBeNull();
  const tiles = markupOf(renderHtml(summary)).match(/<dl class="tiles">.*?<\/dl>/s)?.[0] ?? "";
  expect(tiles).toContain("Highest that a probe held");
  expect(tiles).toContain(formatRate(highestHeld(summary.search)));
  expect(tiles).not.toContain("99 of 100");
});

test("a search that ended while it confirmed tells what probes held, and which confirming runs did", () => {
  const { summary } = exampleSearch(exampleSummary({ model: "open" }));
  if (summary.search === undefined) throw new Error("no search");
  const { levels, answer } = summary.search;
  const search = { ...summary.search, answer: { ...answer, kind: "interrupted" as const, rate: null, holds: null } };
  const confirmed = levels.filter(({ phase, outcome }) => phase === "confirm" && outcome === "pass").length;
  expect(confirmed).toBeGreaterThan(0);
  const tiles = markupOf(renderHtml({ ...summary, search })).match(/<dl class="tiles">.*?<\/dl>/s)?.[0] ?? "";
  expect(tiles).toMatch(new RegExp(`Confirming runs that held</dt><dd>${confirmed} `));
  expect(tiles).toMatch(new RegExp(`Highest that a probe held</dt><dd>${formatRate(answer.rate)} `));
});
