import type { SearchEvent } from "../measure/search-event.ts";
import { finalScreen } from "../screen/final.ts";
import { type ShowOptions, showLive } from "./live.tsx";
import { searchFrame } from "./search-frame.ts";
import { createSearchFeed } from "./search-state.ts";

/** Shows a search while it goes, then its final screen. */
export async function showSearch(events: AsyncIterable<SearchEvent>, options: ShowOptions): Promise<void> {
  const final = (event: SearchEvent, view: Parameters<typeof finalScreen>[2]) =>
    event.type === "finished" ? finalScreen(event.summary, event.files, view) : null;
  await showLive(events, { feed: createSearchFeed(), frame: searchFrame, final }, options);
}
