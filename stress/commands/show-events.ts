import type { RunEvent } from "../measure/event.ts";
import { printRun } from "../report/progress.ts";
import { wantsColor } from "../screen/theme.ts";
import "../tui/react-mode.ts";
import type { OutputFlags } from "./output-flags.ts";

/** Shows a run on the terminal, or as plain lines where there is none (or `--no-tui`). Never rejects for a lost terminal. */
export async function showEvents(events: AsyncIterable<RunEvent>, flags: OutputFlags, press: () => void): Promise<void> {
  const { stdout } = process;
  const color = wantsColor(stdout);
  if (!stdout.isTTY || !flags.tui) {
    await printRun(events, stdout, { width: stdout.columns || 80, color });
    return;
  }
  // Ink and React are loaded for the screen only: they cost a fifth of a second.
  const { showRun } = await import("../tui/app.tsx");
  await showRun(events, { stdout, color, onInterrupt: press });
}
