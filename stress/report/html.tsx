import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import type { Summary } from "../measure/summary.ts";
import { clean } from "../screen/line.ts";
import { describeTarget } from "../screen/target.ts";
import { headlineOf } from "./headline.ts";
import { hashSource, pageAssets } from "./html/assets.ts";
import { instant } from "./html/environment.tsx";
import type { Section } from "./html/section.ts";
import { sections } from "./html/sections.ts";
import { Verdict } from "./html/verdict.tsx";
import type { Chart, ChartData } from "./page/chart.ts";

/**
 * A summary as one page that needs nothing else: no network, no fonts, no second file. React escapes all that stands in
 * the markup; the block of figures holds no `<`; and a policy forbids whatever is not ours by its hash.
 */
export function renderHtml(summary: Summary): string {
  const shown = sections.flatMap((of) => of(summary) ?? []);
  const { styles, library, modules } = pageAssets();
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashSource).join(" ")}`,
    `script-src ${[library, ...modules].map(hashSource).join(" ")}`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const head = renderToStaticMarkup(
    <>
      <meta charSet="utf-8" />
      <meta httpEquiv="Content-Security-Policy" content={policy} />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <meta name="generator" content={`Plimsoll ${summary.metadata.version}`} />
      <title>{`${headlineOf(summary).sentence} · ${describeTarget(summary.profile)} · Plimsoll`}</title>
      <link rel="icon" href={icon} />
    </>,
  );
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head>${head}`,
    ...styles.map((style) => `<style>${style}</style>`),
    "</head>",
    `<body>${renderToStaticMarkup(<Page summary={summary} sections={shown} />)}`,
    `<script type="application/json" id="figures">${inert(dataOf(shown))}</script>`,
    `<script>${library}</script>`,
    ...modules.map((script) => `<script type="module">${script}</script>`),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cg fill='none' stroke='%231b5e8c' stroke-width='4'%3E%3Ccircle cx='16' cy='16' r='10'/%3E%3Cpath d='M0 16h32'/%3E%3C/g%3E%3C/svg%3E";

function dataOf(shown: readonly Section[]): ChartData {
  const charts: Chart[] = shown.flatMap(({ charts = [] }) => charts);
  return { axes: Object.assign({}, ...shown.map(({ axes = {} }) => axes)), charts };
}

/** JSON that cannot end its script element, nor open a comment in it. */
function inert(data: ChartData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}

function Page({ summary, sections: shown }: { summary: Summary; sections: readonly Section[] }): ReactNode {
  const { environment, metadata, profile } = summary;
  const { topology, mode } = environment.deployment ?? { topology: "", mode: "" };
  const place = [topology, mode].map(clean).filter((part) => part !== "");
  return (
    <>
      <a className="skip" href="#verdict">
        Skip to the verdict
      </a>
      <header className="bar">
        <p className="brand">
          <svg className="mark" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
            <circle cx="16" cy="16" r="10" fill="none" stroke="currentColor" strokeWidth="3" />
            <path d="M0 16h32" fill="none" stroke="currentColor" strokeWidth="3" />
          </svg>
          <span>Plimsoll</span>
        </p>
        <p className="what">
          <span>{clean(profile.scenario)}</span>
          <span className="target">{describeTarget(profile)}</span>
          {place.length === 0 ? null : <span>{place.join(", ")}</span>}
          <time dateTime={metadata.startedAt}>{instant(metadata.startedAt).replace(/:\d\d UTC$/, " UTC")}</time>
        </p>
        <fieldset className="scheme scripted">
          <legend className="unseen">Colours</legend>
          {["auto", "light", "dark"].map((name) => (
            <label key={name}>
              <input type="radio" name="scheme" value={name} defaultChecked={name === "auto"} />
              <span>{name}</span>
            </label>
          ))}
        </fieldset>
      </header>
      <nav className="contents" aria-label="Sections">
        <ul>
          {shown.map(({ id, title }) => (
            <li key={id}>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main>
        <Verdict summary={summary} />
        <noscript>
          <p>The charts need scripts to be drawn. Their figures stand in the tables.</p>
        </noscript>
        {shown.map(({ id, title, body }) => (
          <section key={id} id={id} className="part" aria-labelledby={`${id}-title`}>
            <h2 id={`${id}-title`}>{title}</h2>
            {body}
          </section>
        ))}
      </main>
      <footer>
        <p>
          Made from the run's summary alone by Plimsoll {clean(metadata.version)}. Percentiles come from merged distributions;
          none is averaged, and no tail is cut.
        </p>
      </footer>
    </>
  );
}
