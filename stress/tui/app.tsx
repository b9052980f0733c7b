import type { RunEvent } from "../measure/event.ts";
import { finalScreen } from "../screen/final.ts";
import { liveFrame } from "./frame.ts";
import { type ShowOptions, showLive } from "./live.tsx";
import { createFeed } from "./use-run.ts";

/** Shows a run while it goes, then its final screen. */
export async function showRun(events: AsyncIterable<RunEvent>, options: ShowOptions): Promise<void> {
  const final = (event: RunEvent, view: Parameters<typeof finalScreen>[2]) =>
    event.type === "finished" ? finalScreen(event.summary, event.files, view) : null;
  await showLive(events, { feed: createFeed(), frame: liveFrame, final }, options);
}
