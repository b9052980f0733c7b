import { join } from "node:path";
import { ExitCode, worstExitCode } from "../../judge/exit-code.ts";
import { withCriteria } from "../../judge/plan/criteria.ts";
import { judgeLevels } from "../../judge/plan/levels.ts";
import { judgeRecovery } from "../../judge/plan/recovery.ts";
import { judgeRefusal } from "../../judge/plan/refusal.ts";
import { preflight } from "../../load/preflight.ts";
import type { PlanMode } from "../../measure/plan-summary.ts";
import type { Summary } from "../../measure/summary.ts";
import { redactCommand } from "../../profile/redact.ts";
import { totalDurationMs } from "../../profile/stages.ts";
import { UsageError } from "../../profile/usage-error.ts";
import { renderPlanJunit } from "../../report/plan/junit.ts";
import { renderPlanMarkdown } from "../../report/plan/markdown.ts";
import { countsOf, type PlanReport, rowOf, type ScenarioRow } from "../../report/plan/plan-report.ts";
import { renderPlanText } from "../../report/plan/text.ts";
import { loadLabel } from "../../screen/load-label.ts";
import { version } from "../../version.ts";
import { FormWriter } from "../form-writer.ts";
import { loadPage } from "../load-page.ts";
import { MeasuredRun } from "../measured-run.ts";
import { pause } from "../pause.ts";
import type { MeasuredTarget } from "../target-flags.ts";
import { LoadWatch } from "./load-watch.ts";
import type { Scenario } from "./scenario.ts";
import { Witness } from "./witness.ts";

export interface PlanRunOptions {
  title: string;
  mode: PlanMode;
  durationFactor: number;
  directory: string;
  coolDownMs: number;
  /** A target for each run, which closes what it samples. */
  target: () => Promise<MeasuredTarget>;
  /** Shows a run while it goes. */
  show: (run: MeasuredRun) => Promise<void>;
  tell: (text: string) => void;
}

/** A plan under way: its scenarios one after the other, whatever becomes of each, and the report of all of them. */
export class PlanRun {
  readonly #scenarios: readonly Scenario[];
  readonly #options: PlanRunOptions;
  readonly #rows: ScenarioRow[] = [];
  readonly #startedAt = new Date();
  readonly #stop = new AbortController();
  readonly #forms: FormWriter;
  #running: MeasuredRun | null = null;
  #topology: string | null = null;

  constructor(scenarios: readonly Scenario[], options: PlanRunOptions) {
    this.#scenarios = scenarios;
    this.#options = options;
    this.#forms = new FormWriter(options.directory, options.tell);
  }

  /** Ends the scenario under way properly, and the plan with it. */
  interrupt(): void {
    this.#stop.abort();
    this.#running?.interrupt();
  }

  /** @returns the report, and whether it is written in all its forms. */
  async go(): Promise<{ report: PlanReport; isWritten: boolean }> {
    const { tell, coolDownMs } = this.#options;
    const { length } = this.#scenarios;
    for (const [i, scenario] of this.#scenarios.entries()) {
      if (this.#stop.signal.aborted) break;
      tell(`${i === 0 ? "" : "\n"}${i + 1} of ${length}  ${scenario.name}  ${scenario.title}\n`);
      const row = await this.#measure(scenario);
      if (row === null) break;
      this.#rows.push(row);
      await this.#write(i < length - 1);
      if (i < length - 1) await pause(coolDownMs, this.#stop.signal);
    }
    return this.#write(false);
  }

  /**
   * Null where the plan was interrupted before the run began. A target that is gone fails its scenario, not the plan; what goes
   * wrong on this side leaves its scenario undecided.
   */
  async #measure(scenario: Scenario): Promise<ScenarioRow | null> {
    try {
      const address = await preflight(scenario.profile);
      // The run closes what is sampled: nothing may fail between.
      const measured = await this.#options.target();
      this.#topology ??= measured.deployment?.topology ?? null;
      return await this.#run(scenario, measured, address);
    } catch (error) {
      if (this.#stop.signal.aborted) return null;
      const { message } = error as Error;
      this.#options.tell(`${scenario.name} could not be measured: ${message}\n`);
      const row = { ...this.#unmeasured(scenario), reasons: [`it could not be measured: ${message}`] };
      return error instanceof UsageError
        ? { ...row, outcome: "fail", verdict: "fail", exitCode: ExitCode.failed }
        : { ...row, outcome: "undecided", verdict: "undecided", exitCode: ExitCode.invalid };
    }
  }

  async #run(scenario: Scenario, measured: MeasuredTarget, address: Awaited<ReturnType<typeof preflight>>): Promise<ScenarioRow> {
    const { profile, refusal } = scenario;
    const file = `${scenario.name}.json`;
    const watch = new LoadWatch(
      profile.load.model === "requests" ? Number.POSITIVE_INFINITY : totalDurationMs(profile.load.stages),
    );
    const witness = refusal === null ? null : new Witness(profile, address, refusal.health);
    await witness?.start();
    const run = new MeasuredRun(profile, measured, join(this.#options.directory, file), {
      watch: (event) => {
        watch.add(event);
        if (event.type === "phase" && event.phase.kind === "drain") void witness?.stop();
      },
      review: async (summary) => {
        // What it has under way is no failure of the target's yet.
        await witness?.stop();
        return this.#review(scenario, summary, watch, witness);
      },
    });
    this.#running = run;
    if (this.#stop.signal.aborted) run.interrupt();
    try {
      const shown = this.#options.show(run);
      const summary = await run.go(address);
      await shown;
      return rowOf(summary, file);
    } finally {
      this.#running = null;
      await witness?.stop();
    }
  }

  #review(scenario: Scenario, summary: Summary, watch: LoadWatch, witness: Witness | null): Summary {
    const { recovery, levelRules, plan, title } = scenario;
    const { mode } = this.#options;
    return withCriteria(summary, {
      plan,
      title,
      mode,
      ...(recovery && { recovery: judgeRecovery(watch.seconds, recovery.spike, recovery.withinMs) }),
      ...(levelRules && { breakingPoint: judgeLevels(summary, watch.seconds, levelRules) }),
      ...(witness && { refusal: judgeRefusal(witness.facts, summary) }),
    });
  }

  #unmeasured({ name, title, plan, profile }: Scenario): ScenarioRow {
    const { load } = profile;
    return {
      name,
      title,
      plan,
      mode: this.#options.mode,
      outcome: "not-run",
      verdict: null,
      exitCode: ExitCode.interrupted,
      reasons: [],
      warnings: [],
      file: null,
      startedAt: null,
      load: loadLabel(profile),
      durationMs: load.model === "requests" ? 0 : totalDurationMs(load.stages),
      rps: null,
      operations: "requests",
      "p(50)": null,
      "p(95)": null,
      "p(99)": null,
      beyond: [],
      limitMs: profile.timeoutMs,
      failedShare: null,
      cpuCores: null,
      memoryBytes: null,
      findings: [],
    };
  }

  /** The report of what is known by now, in every form: a plan that is killed leaves what it had. */
  async #write(isPartial: boolean): Promise<{ report: PlanReport; isWritten: boolean }> {
    const { title, mode, durationFactor } = this.#options;
    const scenarios = [...this.#rows, ...this.#scenarios.slice(this.#rows.length).map((scenario) => this.#unmeasured(scenario))];
    const codes = this.#rows.map(({ exitCode }) => exitCode as ExitCode);
    if (!isPartial && this.#rows.length < this.#scenarios.length) codes.push(ExitCode.interrupted);
    const report: PlanReport = {
      schemaVersion: 1,
      kind: "plan",
      title,
      mode,
      durationFactor,
      version,
      command: redactCommand(process.argv.slice(2)),
      target: this.#scenarios[0]?.profile.target.baseUrl ?? "",
      topology: this.#topology,
      startedAt: this.#startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      ...(isPartial && { partial: true as const }),
      scenarios,
      results: { exitCode: worstExitCode(codes), ...countsOf(scenarios) },
    };
    const isWritten = await this.#forms.write({
      "plan.html": async () => (await loadPage(() => import("../../report/plan/html.tsx"))).renderPlanHtml(report),
      "plan.json": () => `${JSON.stringify(report, null, 2)}\n`,
      "plan.md": () => renderPlanMarkdown(report),
      "plan.txt": () => renderPlanText(report, { width: 160, color: false }),
      "junit.xml": () => renderPlanJunit(report),
    });
    return { report, isWritten };
  }
}
