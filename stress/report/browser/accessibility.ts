import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { OpenedReport } from "./opened-report.ts";

declare const axe: { run(context: Document, options: RunOptions): Promise<AxeResults> };
const axeSource = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with a page, a line each. */
export async function violations(report: OpenedReport): Promise<string[]> {
  // Through the debugger, which the page's policy does not bind.
  await report.page.evaluate(axeSource);
  const { violations: found } = await report.page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
  );
}

/** Contrast (WCAG 2.2) of what charts write and draw against what they shade. */
export function contrastsOf(report: OpenedReport): Promise<Record<"text" | "lines", Record<string, number>>> {
  return report.page.evaluate(() => {
    const style = getComputedStyle(document.documentElement);
    const luminance = (name: string) => {
      const [r = 0, g = 0, b = 0] = (style.getPropertyValue(name).match(/[\d.]+/g) ?? []).map((channel) => {
        const share = Number(channel) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const against = (names: string[]) =>
      Object.fromEntries(
        names.flatMap((name) =>
          ["--page", "--band-hold", "--band-ramp"].map((ground) => {
            const [low = 0, high = 0] = [luminance(name), luminance(ground)].sort((a, b) => a - b);
            return [`${name} on ${ground}`, (high + 0.05) / (low + 0.05)];
          }),
        ),
      );
    return {
      text: against(["--muted", "--ink", "--good", "--bad"]),
      lines: against(["--s0", "--s1", "--s2", "--s3"]),
    };
  });
}
