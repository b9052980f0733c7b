import type { Summary } from "../../measure/summary.ts";
import type { View } from "../header.ts";
import { clean, labelled, margin } from "../line.ts";

/** Warnings and caveats, each after its sign. */
export function warningBlock(summary: Summary, view: View): string[] {
  const { theme, width } = view;
  const sign = `${" ".repeat(margin)}${theme.warn("!")} `;
  return summary.warnings.flatMap((warning) => labelled(sign, clean(warning), margin + 2, width - margin));
}
