import type { ReactNode } from "react";
import { formatDuration } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import { Command } from "./command.tsx";
import type { Section } from "./section.ts";
import { Facts } from "./table.tsx";

/** Sections that pages of many runs share. */

export function notesSection(title: string, notes: readonly { place: string; note: string }[]): Section | null {
  if (notes.length === 0) return null;
  const body = (
    <ul className="notes">
      {notes.map(({ place, note }) => (
        <li key={`${place} ${note}`}>
          <strong>{clean(place)}</strong>: {clean(note)}
        </li>
      ))}
    </ul>
  );
  return { id: "notes", title, body };
}

export interface Made {
  command: string;
  startedAt: string;
  endedAt: string;
  /** Summaries that it was made from. */
  files: readonly string[];
  facts?: readonly (readonly [string, ReactNode])[];
}

/** The command, and where the figures came from. */
export function madeSection({ command, startedAt, endedAt, files, facts = [] }: Made): Section {
  const body = (
    <>
      <h3>Run it again</h3>
      <Command command={command} />
      <h3>Provenance</h3>
      <Facts
        facts={[
          ...facts,
          ["Took", formatDuration(Date.parse(endedAt) - Date.parse(startedAt))],
          ["Summaries", files.length === 0 ? "none" : files.map(clean).join(", ")],
        ]}
      />
    </>
  );
  return { id: "run", title: "Run", body };
}
