import type { Summary } from "../../measure/summary.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Sign } from "./sign.tsx";

/** What a reader must keep in mind with every figure below. */
export function warningsSection({ warnings }: Summary): Section | null {
  if (warnings.length === 0) return null;
  const body = (
    <ul className="notes">
      {[...new Set(warnings)].map((warning) => (
        <li key={warning}>
          <Sign tone="warn" /> {clean(warning)}
        </li>
      ))}
    </ul>
  );
  return { id: "warnings", title: "Mind this", body };
}
