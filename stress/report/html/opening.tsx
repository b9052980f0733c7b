import type { ReactNode } from "react";
import { clean } from "../../screen/line.ts";
import type { Tone } from "../../screen/theme.ts";
import { Sign } from "./sign.tsx";

export interface Tile {
  name: string;
  value: string;
  note: string;
}

export interface OpeningProps {
  tone: Extract<Tone, "good" | "warn" | "bad">;
  /** In capitals, as on the screen: `PASSED`. */
  word: string;
  /** What the word means; may be empty. */
  meaning: string;
  /** Null while there is none. */
  exitCode: number | null;
  /** Without its full stop. */
  sentence: string;
  /** May be empty. */
  detail: string;
  reasons: readonly string[];
  tiles: readonly Tile[];
}

/** What a reader must know first, large and calm. */
export function Opening({ tone, word, meaning, exitCode, sentence, detail, reasons, tiles }: OpeningProps): ReactNode {
  return (
    <section className={`verdict ${tone}`} id="verdict" aria-labelledby="verdict-title">
      <p className="word">
        <Sign tone={tone} /> <strong>{word.charAt(0) + word.slice(1).toLowerCase()}</strong>
        {meaning === "" ? "" : `: ${meaning}`}
        {exitCode === null ? "" : <span className="faint"> (exit {exitCode})</span>}
      </p>
      <h1 id="verdict-title">{sentence}.</h1>
      {detail === "" ? null : <p className="detail">{detail}</p>}
      {reasons.length > 0 ? (
        <ul className="reasons">
          {[...new Set(reasons)].map((reason) => (
            <li key={reason}>{clean(reason)}</li>
          ))}
        </ul>
      ) : null}
      <dl className="tiles">
        {tiles.map(({ name, value, note }) => (
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
