import type { LevelRow } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { levelCells } from "../../screen/final/plan.ts";
import { planModeText } from "../../screen/final/plan-mode.ts";
import { formatDuration } from "../../screen/format.ts";
import { clean } from "../../screen/line.ts";
import type { Section } from "./section.ts";
import { Sign } from "./sign.tsx";
import { Facts, Table } from "./table.tsx";

const outcomes = {
  held: { tone: "good", word: "held" },
  broke: { tone: "bad", word: "broke" },
  generator: { tone: "warn", word: "generator's limit" },
} as const;

/** Of a scenario of a plan: recovery, refusal, and each level of a ramp. */
export function planSection({ plan, profile }: Summary): Section | null {
  if (plan === undefined) return null;
  const { title, mode, recovery, breakingPoint, refusal } = plan;
  const facts = [
    ["Scenario", title],
    ["Mode", planModeText[mode]],
    ["Recovery", recovery?.text ?? ""],
    ["Breaking point", breakingPoint?.text ?? ""],
    ["Refusal", refusal?.text ?? ""],
  ] as const;
  const levels = breakingPoint?.levels ?? [];
  const body = (
    <>
      <Facts facts={facts.filter(([, text]) => text !== "").map(([name, text]) => [name, clean(text)] as const)} />
      {levels.length === 0 ? null : <Levels levels={levels} limitMs={profile.timeoutMs} />}
    </>
  );
  return { id: "plan", title: "Plan", body };
}

function Levels({ levels, limitMs }: { levels: readonly LevelRow[]; limitMs: number }) {
  const unit = levels[0]?.unit === "users" ? "Users" : "Requests/s";
  return (
    <Table
      caption={`Levels held, ${formatDuration(levels[0]?.durationMs ?? 0)} each, the way up to them left out`}
      columns={[
        ...[unit, "Answered", "p50", "p95", "p99", "Failed", "CPU", "MiB"].map((name) => ({ name, figure: true })),
        { name: "Outcome" },
      ]}
      rows={levels.map((level) => {
        const { tone, word } = outcomes[level.outcome];
        return [
          ...levelCells(level, limitMs).slice(0, -1),
          <>
            <Sign tone={tone} /> {[word, ...level.broken.map(clean)].join(": ")}
          </>,
        ];
      })}
    />
  );
}
