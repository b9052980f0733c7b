import type { ReactNode } from "react";
import type { Tone } from "../../screen/theme.ts";

const signs = { good: "✓", warn: "!", bad: "✗" } as const;
const spoken = { good: "passed", warn: "caution", bad: "failed" } as const;

/** A sign in its colour, read out as a word: colour is never the only sign. */
export function Sign({ tone }: { tone: Extract<Tone, "good" | "warn" | "bad"> }): ReactNode {
  return (
    <span className={`sign ${tone}`}>
      <span aria-hidden="true">{signs[tone]}</span>
      <span className="unseen">{spoken[tone]}</span>
    </span>
  );
}

/** Failures stand out where there are some; none is a plain 0. */
export function Failures({ count, text }: { count: number; text: string }): ReactNode {
  return count === 0 ? "0" : <strong className="bad">{text}</strong>;
}

const tones: Record<string, Extract<Tone, "good" | "warn" | "bad">> = { "✓": "good", "✗": "bad", "!": "warn", "?": "warn" };

/** A word of a table that begins with a sign (`✓ pass`), its sign in its colour; others as they stand without it. */
export function Signed({ text }: { text: string }): ReactNode {
  const [, sign = "", word = text] = /^([✓✗!?–=+−]) (.*)$/u.exec(text) ?? [];
  const tone = tones[sign];
  return tone === undefined ? (
    word
  ) : (
    <>
      <Sign tone={tone} /> {word}
    </>
  );
}
