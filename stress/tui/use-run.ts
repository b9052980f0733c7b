import { useEffect, useState } from "react";
import type { RunEvent } from "../measure/event.ts";
import { advance, initialState, type RunState } from "./run-state.ts";

/** Four frames a second are as many as a person reads; everything between two of them is drawn together. */
const frameMs = 250;

/** What the screen shows: the state, and the time since the run started, in whole seconds. */
export interface Seen<State> {
  state: State;
  nowMs: number;
}

/** Takes events as they come, and gives the latest state to whoever looks. It outlives any screen. */
export interface Feed<State, Event> {
  push(event: Event): void;
  interrupt(): void;
  look(): Seen<State>;
}

/** `clock` gives milliseconds of any origin; between events the run's time goes on by it. */
export function createFeed(clock: () => number = () => performance.now()): Feed<RunState, RunEvent> {
  let state = initialState;
  let receivedAt = clock();
  let seenMs = 0;
  return {
    push(event) {
      state = advance(state, event);
      receivedAt = clock();
    },
    interrupt() {
      state = { ...state, interrupted: true };
    },
    look() {
      const elapsed = state.phase === null ? 0 : state.atMs + clock() - receivedAt;
      seenMs = Math.max(seenMs, Math.floor(elapsed / 1000) * 1000);
      return { state, nowMs: seenMs };
    },
  };
}

/** The latest state, at most every frame; while nothing comes, the clock alone moves the screen on. */
export function useFeed<State>(feed: Feed<State, never>): Seen<State> {
  const [seen, setSeen] = useState(() => feed.look());
  useEffect(() => {
    let framesWithout = 0;
    let shown = feed.look().state;
    const timer = setInterval(() => {
      framesWithout += 1;
      const next = feed.look();
      if (next.state === shown && framesWithout * frameMs < 1000) return;
      framesWithout = 0;
      shown = next.state;
      setSeen(next);
    }, frameMs);
    return () => clearInterval(timer);
  }, [feed]);
  return seen;
}
