import type { ReactNode } from "react";
import { Table } from "./table.tsx";

export interface Bar {
  /** Names the row, with `label`. */
  group: string;
  label: string;
  /** Null where there is none. */
  value: number | null;
  text: string;
}

/** Figures on one scale from zero. Their values stand beside them: the bars are for those who see. */
export function Bars({
  caption,
  names,
  bars,
}: {
  caption: string;
  names: readonly [string, string];
  bars: readonly Bar[];
}): ReactNode {
  const longest = Math.max(0, ...bars.map(({ value }) => value ?? 0));
  const length = (value: number | null) => (value === null || longest === 0 ? 0 : Math.max(0.5, (100 * value) / longest));
  return (
    <Table
      caption={caption}
      columns={[{ name: names[0] }, { name: names[1] }, { name: "ms", figure: true }, { name: "on one scale" }]}
      rows={bars.map(({ group, label, value, text }) => [
        group,
        label,
        text,
        <svg key="bar" className="meter" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect width={Number(length(value).toFixed(2))} height="10" fill="currentColor" />
        </svg>,
      ])}
    />
  );
}
