import type { ReactNode } from "react";
import type { Summary } from "../../measure/summary.ts";
import type { Chart } from "../page/chart.ts";

/** A part of the page under a heading of its own. */
export interface Section {
  /** Anchor of the section, unique on the page. */
  id: string;
  title: string;
  body: ReactNode;
  /** Charts whose figures stand in `body`, with the x values that they share. */
  charts?: readonly Chart[];
  axes?: Readonly<Record<string, number[]>>;
}

/** Makes a section, or none where the summary has nothing for it. Pure. */
export type SectionOf = (summary: Summary) => Section | null;
