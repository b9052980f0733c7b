import { Box, render, Text, useInput, useStdin } from "ink";
import type { ReactElement } from "react";
import type { View } from "../screen/header.ts";
import { survivingOutput } from "../screen/output.ts";
import { type Theme, themeFor } from "../screen/theme.ts";
import { type Feed, useFeed } from "./use-run.ts";

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

/** What is shown: how the state becomes lines, and what is left when the last event has come. */
export interface LiveScreen<State, Event> {
  feed: Feed<State, Event>;
  frame(state: State, nowMs: number, rows: number, view: View): string[];
  /** The final screen, where the event is the one that brings it. */
  final(event: Event, view: View): string[] | null;
}

/**
 * Shows what happens while it does, then leaves the final screen in the terminal's scrollback. Resolves when `events` end
 * and all is printed; rejects with what they reject with, the terminal restored.
 *
 * The live screen is drawn on the terminal's alternate screen: a terminal that is resized does not reflow it, and the
 * shell's history above stays as it was. In raw mode Ctrl-C is a key and no signal: `onInterrupt` is called for it.
 * Signals (kill -INT, or Ctrl-C where stdin is no terminal) are the process's own matter; whoever handles them should
 * call the same function. A terminal that goes away ends the screen, not the run.
 */
export async function showLive<State, Event>(
  events: AsyncIterable<Event>,
  live: LiveScreen<State, Event>,
  options: ShowOptions,
): Promise<void> {
  const { stdout, stdin = process.stdin, onInterrupt, color } = options;
  const theme = themeFor(color);
  const output = survivingOutput(stdout);
  const interrupt = (): void => {
    live.feed.interrupt();
    onInterrupt();
  };
  const screen = (): ReactElement => (
    <Screen live={live} columns={stdout.columns || 80} rows={stdout.rows || 24} theme={theme} onInterrupt={interrupt} />
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

  let last: Event | null = null;
  try {
    for await (const event of events) {
      live.feed.push(event);
      last = event;
    }
  } finally {
    stdout.off("resize", resize);
    ink.unmount();
    await closed;
  }
  const lines = last === null ? null : live.final(last, { width: stdout.columns || 80, theme });
  if (lines === null) return;
  output.print(`${lines.join("\n")}\n`);
  await output.flush();
}

interface ScreenProps<State, Event> {
  live: LiveScreen<State, Event>;
  columns: number;
  rows: number;
  theme: Theme;
  onInterrupt(): void;
}

function Screen<State, Event>({ live, columns, rows, theme, onInterrupt }: ScreenProps<State, Event>): ReactElement {
  const { state, nowMs } = useFeed<State>(live.feed);
  const { isRawModeSupported } = useStdin();
  useInput(
    (input, key) => {
      if (key.ctrl && input === "c") onInterrupt();
    },
    { isActive: isRawModeSupported },
  );
  return <Lines lines={live.frame(state, nowMs, rows, { width: columns, theme })} />;
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
