import { loadLabel } from "../../screen/load-label.ts";
import { table } from "../../screen/table.ts";
import { plainTarget } from "../target-flags.ts";
import type { PlannedScenario } from "./plan-file.ts";
import { scenarioFrom } from "./scenario.ts";
import type { PlanPace } from "./shorten.ts";

/** Scenarios with their load and criteria; reads no target, so that it works without one. */
export function listPlans(planned: readonly PlannedScenario[], pace: PlanPace): string {
  const target = { target: plainTarget("http://localhost"), deployment: null, services: [] };
  const rows = planned.map((each) => {
    const { drift, ...words } = each.words;
    const { drift: smokeDrift, ...smoke } = each.smoke;
    const isDrift = (pace.mode === "smoke" ? (smokeDrift ?? drift) : drift) === true;
    const scenario = scenarioFrom({ ...each, words, smoke }, pace, target);
    const { profile, recovery, levelRules, refusal } = scenario;
    const criteria = [
      ...Object.entries(profile.thresholds).flatMap(([metric, rules]) => rules.map((rule) => `${metric}: ${rule}`)),
      ...(levelRules ?? []).map(({ metric, expression }) => `each level ${metric}: ${expression}`),
      recovery === null ? "" : `recovered within ${recovery.withinMs / 1000} s`,
      refusal === null ? "" : `refused gracefully, ${refusal.health} answers`,
      isDrift ? "nothing grows" : "",
    ].filter((text) => text !== "");
    return [each.plan, each.name, each.title, loadLabel(profile), criteria.join(", ")];
  });
  return `${table(rows, { align: "lllll", width: Number.POSITIVE_INFINITY }).join("\n")}\n`;
}
