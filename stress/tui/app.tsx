import { Box, render, Text, useInput, useStdin } from "ink";
import type { ReactElement } from "react";
import type { RunEvent } from "../measure/event.ts";
import { finalScreen } from "../screen/final.ts";
import { survivingOutput } from "../screen/output.ts";
import { type Theme, themeFor } from "../screen/theme.ts";
import { liveFrame } from "./frame.ts";
import { createFeed, type RunFeed, useRun } from "./use-run.ts";

const maxFps = 4;
const homeAndErase = "\u001B[H\u001B[J";

export interface ShowOptions {
  /** A terminal. */
  stdout: NodeJS.WriteStream;
  /** Default: the process's own. Where it is no terminal, keys are not read. */
  stdin?: NodeJS.ReadStream;
  /** The user pressed Ctrl-C; called each time. */
  onInterrupt(): void;
  color: boolean;
}

/**
 * Shows a run while it goes, then leaves its final screen in the terminal's scrollback. Resolves when `events` end and
 * all is printed; rejects with what they reject with, the terminal restored.
 *
 * The live screen is drawn on the terminal's alternate screen: a terminal that is resized does not reflow it, and the
 * shell's history above stays as it was. In raw mode Ctrl-C is a key and no signal: `onInterrupt` is called for it.
 * Signals (kill -INT, or Ctrl-C where stdin is no terminal) are the process's own matter; whoever handles them should
 * call the same function. A terminal that goes away ends the screen, not the run.
 */
export async function showRun(events: AsyncIterable<RunEvent>, options: ShowOptions): Promise<void> {
  const { stdout, stdin = process.stdin, onInterrupt, color } = options;
  const theme = themeFor(color);
  const output = survivingOutput(stdout);
  const feed = createFeed();
  const interrupt = (): void => {
    feed.interrupt();
    onInterrupt();
  };
  const screen = (): ReactElement => (
    <App feed={feed} columns={stdout.columns ?? 80} rows={stdout.rows ?? 24} theme={theme} onInterrupt={interrupt} />
  );
  const ink = render(screen(), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    incrementalRendering: true,
    interactive: true,
    maxFps,
  });
  const closed = ink.waitUntilExit().catch(() => undefined);
  // Before Ink's own listener: with the frame laid out anew and nothing of the old one left, Ink then draws all of it.
  const resize = (): void => {
    if (output.gone) return;
    ink.clear();
    output.print(homeAndErase);
    ink.rerender(screen());
  };
  stdout.prependListener("resize", resize);

  let finished: Extract<RunEvent, { type: "finished" }> | null = null;
  try {
    for await (const event of events) {
      feed.push(event);
      if (event.type === "finished") finished = event;
    }
  } finally {
    stdout.off("resize", resize);
    ink.unmount();
    await closed;
  }
  if (finished === null) return;
  const view = { width: stdout.columns ?? 80, theme };
  output.print(`${finalScreen(finished.summary, finished.files, view).join("\n")}\n`);
  await output.flush();
}

interface AppProps {
  feed: RunFeed;
  columns: number;
  rows: number;
  theme: Theme;
  onInterrupt(): void;
}

export function App({ feed, columns, rows, theme, onInterrupt }: AppProps): ReactElement {
  const { state, nowMs } = useRun(feed);
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      if (key.ctrl && input === "c") onInterrupt();
    },
    { isActive: isRawModeSupported },
  );
  return <Lines lines={liveFrame(state, nowMs, rows, { width: columns, theme })} />;
}

function Lines({ lines }: { lines: readonly string[] }): ReactElement {
  return (
    <Box flexDirection="column">
      {lines.map((line, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place on the screen
        <Text key={at} wrap="truncate-end">
          {line === "" ? " " : line}
        </Text>
      ))}
    </Box>
  );
}
