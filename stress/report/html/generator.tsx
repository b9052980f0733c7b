import type { Summary } from "../../measure/summary.ts";
import { formatCores, formatCount, formatLatency, formatShare } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Sign } from "./sign.tsx";
import { Facts } from "./table.tsx";

/** Whether the figures are the load generator's limit rather than the target's, and how that is known. */
export function generatorSection({ generator }: Summary): Section {
  const most = (shares: readonly number[]) => (shares.length === 0 ? null : Math.max(...shares));
  const isOpen = generator.offered !== null;
  const body = (
    <>
      <p>
        <Sign tone={generator.saturated ? "warn" : "good"} />{" "}
        {generator.saturated
          ? "The load generator was at its limit: figures may be its own rather than the target's."
          : "The load generator had reserve: the figures are the target's."}
      </p>
      {generator.evidence.length === 0 ? null : (
        <ul>
          {generator.evidence.map((each) => (
            <li key={each}>{clean(each)}</li>
          ))}
        </ul>
      )}
      <Facts
        facts={[
          ["Worker threads", formatCount(generator.workers)],
          ["Processor time", formatCores(generator.cpuCores)],
          ["Busiest thread", formatShare(most(generator.threadCpu))],
          ["Waited for a CPU", formatShare(most(generator.runDelay))],
          ["Taken by the hypervisor", formatShare(generator.steal)],
          ...(isOpen
            ? ([
                ["Pacer lag p99", formatLatency(generator.pacerLagP99Ms)],
                ["Arrivals due", formatCount(generator.offered)],
                ["Sent", formatCount(generator.achieved)],
                ["Had to wait for a connection", formatCount(generator.blocked)],
              ] as const)
            : []),
        ]}
      />
    </>
  );
  return { id: "generator", title: "Load generator", body };
}
