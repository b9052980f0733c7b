import type { RunPhase } from "../measure/event.ts";
import { clean } from "./line.ts";

const outsideLoad: Partial<Record<RunPhase["kind"], string>> = {
  settle: "reading the services at rest",
  connect: "opening connections",
  drain: "waiting for open requests",
  after: "watching the services come to rest",
};

/** What happens in a phase, for people: a stage of the load by its own name. */
export function describePhase(phase: RunPhase): string {
  return outsideLoad[phase.kind] ?? clean(phase.label);
}
