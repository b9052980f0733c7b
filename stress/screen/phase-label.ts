import type { RunPhase } from "../measure/event.ts";
import { clean } from "./line.ts";

const outsideLoad: Partial<Record<RunPhase["kind"], string>> = {
  cold: "reading the services as they were found",
  "warm-up": "warming the services up, nothing counts yet",
  rest: "letting the services come to rest",
  settle: "reading the services at rest",
  connect: "opening connections",
  drain: "waiting for open requests",
  after: "watching the services come to rest",
};

/** What happens in a phase, for people: a stage of the load by its own name. */
export function describePhase(phase: RunPhase): string {
  return outsideLoad[phase.kind] ?? clean(phase.label);
}
