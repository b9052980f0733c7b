import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import type { Chart, ChartData } from "../page/chart.ts";
import { hashSource, pageAssets } from "./assets.ts";
import { instant } from "./environment.tsx";
import type { Section } from "./section.ts";

/** What stands on a page. All texts are one line, without control characters, not escaped. */
export interface Content {
  /** Of the window. */
  title: string;
  version: string;
  /** What was run, on what, and where that runs (may be empty). */
  kind: string;
  target: string;
  place: string;
  startedAt: string;
  /** What a reader must know first: a section with the id `verdict`. */
  opening: ReactNode;
  sections: readonly Section[];
  /** How the figures were made, at the foot. */
  provenance: string;
}

/**
 * One page that needs nothing else: no network, no fonts, no second file. React escapes all that stands in the markup; the
 * block of figures holds no `<`; and a policy forbids whatever is not ours by its hash.
 */
export function renderDocument(content: Content): string {
  const { styles, library, modules } = pageAssets();
  const data = dataOf(content.sections);
  const hasCharts = data.charts.length > 0;
  const [controls = "", ...drawing] = modules;
  const scripts = hasCharts ? [library, controls, ...drawing] : [controls];
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hashSource).join(" ")}`,
    `script-src ${scripts.map(hashSource).join(" ")}`,
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
      <meta name="generator" content={`Plimsoll ${content.version}`} />
      <title>{`${content.title} · Plimsoll`}</title>
      <link rel="icon" href={icon} />
    </>,
  );
  return [
    "<!doctype html>",
    '<html lang="en">',
    `<head>${head}`,
    ...styles.map((style) => `<style>${style}</style>`),
    "</head>",
    `<body>${renderToStaticMarkup(<Body content={content} hasCharts={hasCharts} />)}`,
    ...(hasCharts ? [`<script type="application/json" id="figures">${inert(data)}</script>`, `<script>${library}</script>`] : []),
    ...(hasCharts ? modules : [controls]).map((script) => `<script type="module">${script}</script>`),
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

function Body({ content, hasCharts }: { content: Content; hasCharts: boolean }): ReactNode {
  const { kind, target, place, startedAt, opening, sections, version, provenance } = content;
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
          <span>{kind}</span>
          <span className="target">{target}</span>
          {place === "" ? null : <span>{place}</span>}
          <time dateTime={startedAt}>{instant(startedAt).replace(/:\d\d UTC$/, " UTC")}</time>
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
          {sections.map(({ id, title }) => (
            <li key={id}>
              <a href={`#${id}`}>{title}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main>
        {opening}
        {hasCharts ? (
          <noscript>
            <p>The charts need scripts to be drawn. Their figures stand in the tables.</p>
          </noscript>
        ) : null}
        {sections.map(({ id, title, body }) => (
          <section key={id} id={id} className="part" aria-labelledby={`${id}-title`}>
            <h2 id={`${id}-title`}>{title}</h2>
            {body}
          </section>
        ))}
      </main>
      <footer>
        <p>
          {provenance} Plimsoll {version}.
        </p>
      </footer>
    </>
  );
}
