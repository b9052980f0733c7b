import type { SearchBracket, SearchEvent } from "../measure/search-event.ts";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import { advance, initialState, type RunState } from "./run-state.ts";
import type { Feed } from "./use-run.ts";

/** Everything the live screen of a search knows, folded from its events. Immutable. */
export interface SearchState {
  plan: SearchSummary["plan"] | null;
  probe: Pick<Extract<SearchEvent, { type: "probe" }>, "phase" | "rate" | "attempt" | "lastsMs"> | null;
  bracket: SearchBracket;
  levels: readonly SearchLevel[];
  /** The probe under way, as any run. */
  run: RunState;
  /** When the present probe, or the rest after it, began, and how long it is to last; on the screen's clock. */
  sinceMs: number;
  resting: number | null;
  warnings: readonly string[];
  interrupted: boolean;
}

export const initialSearch: SearchState = {
  plan: null,
  probe: null,
  bracket: { holds: null, breaks: null },
  levels: [],
  run: initialState,
  sinceMs: 0,
  resting: null,
  warnings: [],
  interrupted: false,
};

/** `nowMs`: since the search started. */
export function advanceSearch(state: SearchState, event: SearchEvent, nowMs: number): SearchState {
  const warned = (message: string) => (state.warnings.includes(message) ? state.warnings : [...state.warnings, message]);
  switch (event.type) {
    case "search":
      return { ...state, plan: event.plan };
    case "probe": {
      const { type: _, bracket, ...probe } = event;
      // What the services are and who is measured stays on the screen while the next probe is made ready.
      const { profile, services, cores, topology } = state.run;
      const run = { ...initialState, profile, services, cores, topology };
      return { ...state, probe, bracket, run, sinceMs: nowMs, resting: null };
    }
    case "run": {
      const warnings = event.event.type === "warning" ? warned(event.event.message) : state.warnings;
      return { ...state, warnings, run: advance(state.run, event.event) };
    }
    case "level":
      return { ...state, levels: [...state.levels, event.level] };
    case "cool-down":
      return { ...state, sinceMs: nowMs, resting: event.lastsMs };
    case "warning":
      return { ...state, warnings: warned(event.message) };
    case "finished":
      return state;
  }
}

/** As for a run; the clock is the search's. */
export function createSearchFeed(clock: () => number = () => performance.now()): Feed<SearchState, SearchEvent> {
  const fromMs = clock();
  let state = initialSearch;
  return {
    push(event) {
      state = advanceSearch(state, event, clock() - fromMs);
    },
    interrupt() {
      state = { ...state, interrupted: true };
    },
    look: () => ({ state, nowMs: Math.floor((clock() - fromMs) / 1000) * 1000 }),
  };
}
