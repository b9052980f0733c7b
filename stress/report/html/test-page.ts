import type { ChartData } from "../page/chart.ts";

/** What the charts of a page draw. */
export function figuresOf(page: string): ChartData {
  return JSON.parse(/<script type="application\/json" id="figures">(.*?)<\/script>/s.exec(page)?.[1] ?? "null");
}

/** Text of the page without its styles and scripts. */
export function markupOf(page: string): string {
  return page.replace(/<(style|script)\b.*?<\/\1>/gs, "");
}

/** One of its charts with its axis; undefined where it is not there. */
export function chartOf(page: string, id: string) {
  const figures = figuresOf(page);
  const chart = figures.charts.find((each) => each.id === id);
  return chart && { ...chart, xs: figures.axes[chart.x] ?? [] };
}
