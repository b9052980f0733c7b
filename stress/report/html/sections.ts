import { driftSection } from "./drift.tsx";
import { environmentSection } from "./environment.tsx";
import { failuresSection } from "./failures.tsx";
import { generatorSection } from "./generator.tsx";
import { objectivesSection } from "./objectives.tsx";
import { overTimeSection } from "./over-time.tsx";
import { percentilesSection } from "./percentiles.tsx";
import { phasesSection } from "./phases.tsx";
import { planSection } from "./plan.tsx";
import { classesSection, routesSection } from "./routes.tsx";
import { searchSection } from "./search.tsx";
import type { SectionOf } from "./section.ts";
import { servicesSection } from "./services.tsx";
import { warningsSection } from "./warnings.tsx";

/** The page below its verdict, in the order of what a reader needs to know. Another part of a summary is another line. */
export const sections: readonly SectionOf[] = [
  warningsSection,
  planSection,
  searchSection,
  objectivesSection,
  overTimeSection,
  percentilesSection,
  phasesSection,
  classesSection,
  routesSection,
  failuresSection,
  servicesSection,
  driftSection,
  generatorSection,
  environmentSection,
];
