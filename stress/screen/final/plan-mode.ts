import type { PlanMode } from "../../measure/plan-summary.ts";

/** What a scenario that was not run in full cannot show. */
export const planModeText: Record<PlanMode, string> = {
  full: "",
  smoke: "smoke test: shows that it runs, meets no criterion of the plan",
  shortened: "shorter than the plan says: meets no criterion of it",
};
