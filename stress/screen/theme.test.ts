import { WriteStream } from "node:tty";
import { afterEach, expect, test, vi } from "vitest";
import { wantsColor } from "./theme.ts";

/** What Node says of a terminal, without one. */
const terminal = Object.assign(Object.create(WriteStream.prototype), { isTTY: true }) as WriteStream;

afterEach(() => {
  vi.unstubAllEnvs();
});

function environment(values: Record<string, string>): void {
  for (const name of ["NO_COLOR", "FORCE_COLOR", "NODE_DISABLE_COLORS", "TERM", "COLORTERM", "CI", "TMUX"])
    vi.stubEnv(name, undefined);
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

test.each([
  ["a terminal that can", { TERM: "xterm-256color" }, true],
  ["NO_COLOR", { TERM: "xterm-256color", NO_COLOR: "1" }, false],
  ["a dumb terminal", { TERM: "dumb" }, false],
])("%s", (_, values, wanted) => {
  environment(values);
  expect(wantsColor(terminal)).toBe(wanted);
});

test("a pipe has none", () => {
  environment({ TERM: "xterm-256color" });
  expect(wantsColor({ write: () => true } as unknown as NodeJS.WritableStream)).toBe(false);
});
