import type { RunEvent } from "./event.ts";
import type { SearchLevel, SearchSummary } from "./search-summary.ts";
import type { Summary } from "./summary.ts";

/** What is known about where the capacity is. */
export interface SearchBracket {
  holds: number | null;
  breaks: SearchSummary["answer"]["breaks"];
}

/** What a search tells while it goes; `run` carries the events of the probe under way. */
export type SearchEvent =
  | { type: "search"; plan: SearchSummary["plan"] }
  | { type: "probe"; phase: SearchLevel["phase"]; rate: number; attempt: number; bracket: SearchBracket; lastsMs: number }
  | { type: "run"; event: RunEvent }
  | { type: "level"; level: SearchLevel }
  | { type: "cool-down"; lastsMs: number }
  | { type: "warning"; message: string }
  | { type: "finished"; summary: Summary; files: string[] };
