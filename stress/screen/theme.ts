import { styleText } from "node:util";

/** What a stretch of text means; never how it looks. Red is failure and nothing else, and a sign always stands beside a colour. */
export interface Theme {
  strong(text: string): string;
  faint(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  accent(text: string): string;
}

export type Tone = keyof Theme;

const same = (text: string): string => text;

const plainTheme: Theme = { strong: same, faint: same, good: same, warn: same, bad: same, accent: same };

type Style = Parameters<typeof styleText>[0];

function styled(style: Style): (text: string) => string {
  return (text) => (text === "" ? text : styleText(style, text, { validateStream: false }));
}

const colorTheme: Theme = {
  strong: styled("bold"),
  faint: styled("dim"),
  good: styled("green"),
  warn: styled("yellow"),
  bad: styled(["red", "bold"]),
  accent: styled("cyan"),
};

export function themeFor(color: boolean): Theme {
  return color ? colorTheme : plainTheme;
}

/** Whether to colour what goes to `stream`: a terminal that can, and NO_COLOR, FORCE_COLOR and TERM obeyed as Node reads them. */
export function wantsColor(stream: NodeJS.WritableStream): boolean {
  return "hasColors" in stream && typeof stream.hasColors === "function" && stream.hasColors() === true;
}
