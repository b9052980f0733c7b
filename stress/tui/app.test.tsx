import { afterEach, describe, expect, test, vi } from "vitest";
import type { RunEvent } from "../measure/event.ts";
import { exampleProfile, exampleSummary } from "../report/example-summary.ts";
import { renderText } from "../report/text.ts";
import { exampleRun } from "../screen/example-run.ts";
import { themeFor } from "../screen/theme.ts";
import { showRun } from "./app.tsx";
import { liveFrame } from "./frame.ts";
import { advance, initialState } from "./run-state.ts";
import { TestTerminal } from "./test-terminal.ts";

const summary = exampleSummary({ outcome: "failed" });
const run = exampleRun({ profile: exampleProfile(), summary, failsFromS: 60, services: ["proxy", "backend", "edge"] });
const atSecond = 100;

/** The first 100 seconds at once; the rest when told to. */
class HeldRun implements AsyncIterable<RunEvent> {
  readonly #released = Promise.withResolvers<Error | null>();
  read = 0;
  async *[Symbol.asyncIterator](): AsyncGenerator<RunEvent> {
    for (const event of run.slice(0, atSecond + 1).flat()) {
      this.read += 1;
      yield event;
    }
    const error = await this.#released.promise;
    if (error !== null) throw error;
    for (const event of run.slice(atSecond + 1).flat()) {
      this.read += 1;
      yield event;
    }
  }
  release(error: Error | null = null): void {
    this.#released.resolve(error);
  }
}

/** All but the lines on which the clock moves. */
function still(lines: readonly string[]): string[] {
  return lines.filter((line) => !/▸|progress/.test(line));
}

function expectedFrame(columns: number, rows: number): string[] {
  const state = run
    .slice(0, atSecond + 1)
    .flat()
    .reduce(advance, initialState);
  return liveFrame(state, state.atMs, rows, { width: columns, theme: themeFor(false) });
}

let held = new HeldRun();
afterEach(() => {
  held.release();
  held = new HeldRun();
});

function start(terminal: TestTerminal, onInterrupt = (): void => {}, color = true): Promise<void> {
  return showRun(held, { stdout: terminal.stdout, stdin: terminal.stdin, onInterrupt, color });
}

const patiently = { timeout: 10_000, interval: 50 };

describe("on a terminal", () => {
  test.each([
    [80, 24],
    [120, 40],
    [60, 16],
  ])("%d×%d shows the frame as laid out: nothing wraps, nothing is cut, nothing is left over", async (columns, rows) => {
    const terminal = new TestTerminal(columns, rows);
    const shown = start(terminal);
    await vi.waitFor(() => expect(still(terminal.lines())).toEqual(still(expectedFrame(columns, rows))), patiently);
    expect(terminal.shown).toBe("alternate");
    held.release();
    await shown;
  });

  test("follows every change of size", async () => {
    const terminal = new TestTerminal(80, 24);
    const shown = start(terminal);
    for (const [columns, rows] of [
      [120, 40],
      [80, 24],
      [60, 14],
      [200, 50],
      [79, 10],
      [80, 24],
    ] as const) {
      await vi.waitFor(() => expect(terminal.lines().length).toBeGreaterThan(5), patiently);
      terminal.resize(columns, rows);
      await vi.waitFor(() => expect(still(terminal.lines())).toEqual(still(expectedFrame(columns, rows))), patiently);
    }
    held.release();
    await shown;
  });

  test("leaves the final screen in the scrollback of the normal screen, the same as the text", async () => {
    const terminal = new TestTerminal(80, 24);
    const shown = start(terminal, undefined, false);
    held.release();
    await shown;
    expect(terminal.shown).toBe("normal");
    expect(`${terminal.lines().join("\n")}\n`).toBe(renderText(summary, { width: 80, color: false, files: ["summary.json"] }));
  });
});

describe("Ctrl-C", () => {
  test("is told each time, and said on the screen", async () => {
    const terminal = new TestTerminal(80, 24);
    const interrupt = vi.fn();
    const shown = start(terminal, interrupt);
    await vi.waitFor(() => expect(terminal.lines().join("\n")).toContain("Ctrl-C stops early"), patiently);
    terminal.press("\u0003");
    await vi.waitFor(() => expect(terminal.lines().join("\n")).toContain("! stopping"), patiently);
    expect(interrupt).toHaveBeenCalledTimes(1);
    terminal.press("\u0003");
    await vi.waitFor(() => expect(interrupt).toHaveBeenCalledTimes(2), patiently);
    held.release();
    await shown;
  });

  test("is not read where stdin is no terminal", async () => {
    const terminal = new TestTerminal(80, 24);
    Object.assign(terminal.stdin, {
      isTTY: false,
      setRawMode: () => {
        throw new Error("there is no raw mode");
      },
    });
    const shown = start(terminal);
    await vi.waitFor(() => expect(terminal.lines().join("\n")).toContain("requests"), patiently);
    held.release();
    await shown;
    expect(terminal.shown).toBe("normal");
  });
});

test("a terminal that goes away ends the screen, and the run is read to its end", async () => {
  const terminal = new TestTerminal(80, 24);
  const shown = start(terminal);
  await vi.waitFor(() => expect(terminal.lines().length).toBeGreaterThan(5), patiently);
  terminal.hangUp();
  held.release();
  await shown;
  expect(held.read).toBe(run.flat().length);
});

test("a run that breaks gives the terminal back and rejects with its error", async () => {
  const terminal = new TestTerminal(80, 24);
  const shown = start(terminal);
  await vi.waitFor(() => expect(terminal.lines().length).toBeGreaterThan(5), patiently);
  held.release(new Error("worker died"));
  await expect(shown).rejects.toThrow("worker died");
  expect(terminal.shown).toBe("normal");
});
