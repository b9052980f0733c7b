import type { SearchEvent } from "../measure/search-event.ts";
import { printSearch } from "../report/search-progress.ts";
import { wantsColor } from "../screen/theme.ts";
import "../tui/react-mode.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Shows a search on the terminal, or as plain lines where there is none (or `--no-tui`). Never rejects for a lost terminal. */
export async function showSearchEvents(events: AsyncIterable<SearchEvent>, flags: OutputFlags, press: () => void): Promise<void> {
  const { stdout } = process;
  const color = wantsColor(stdout);
  if (!stdout.isTTY || !flags.tui) {
    await printSearch(events, stdout, { width: stdout.columns || 80, color });
    return;
  }
  const { showSearch } = await import("../tui/search-app.tsx");
  await showSearch(events, { stdout, color, onInterrupt: press });
}
