import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunFile } from "../../judge/compare.ts";
import { ExitCode } from "../../judge/exit-code.ts";
import { summaryOfSeries } from "../../judge/series.ts";
import { preflight } from "../../load/preflight.ts";
import type { Profile } from "../../profile/profile.ts";
import { redactCommand } from "../../profile/redact.ts";
import { addedBy } from "../../report/matrix/added.ts";
import { renderMatrixMarkdown } from "../../report/matrix/markdown.ts";
import { type MatrixReport, type MatrixRow, matrixResults, matrixRowOf } from "../../report/matrix/matrix-report.ts";
import { renderMatrixText } from "../../report/matrix/text.ts";
import { formatExact } from "../../screen/format.ts";
import { version } from "../../version.ts";
import { FormWriter } from "../form-writer.ts";
import { loadPage } from "../load-page.ts";
import { MeasuredRun } from "../measured-run.ts";
import { pause } from "../pause.ts";
import type { MeasuredTarget } from "../target-flags.ts";
import type { Stand, Topology } from "./topology.ts";

export interface MatrixOptions {
  rates: readonly number[];
  durationMs: number;
  /** Runs of each cell. */
  runs: number;
  coolDownMs: number;
  directory: string;
  /** Topology with which the others are compared; null for none. */
  against: string | null;
  profileAt(rate: number, target: MeasuredTarget): Profile;
  /** A few requests, one after the other, that have to be answered as the load's will be. */
  checkProfile(target: MeasuredTarget): Profile;
  show(run: MeasuredRun): Promise<void>;
  tell(text: string): void;
}

interface Cell {
  topology: Topology;
  rate: number;
  runs: RunFile[];
}

/** Every topology at every rate; stands are put up and taken down in turn, whatever happens between. */
export class MatrixRun {
  readonly #topologies: readonly Topology[];
  readonly #options: MatrixOptions;
  readonly #cells: Cell[];
  readonly #failed: MatrixReport["failedTopologies"] = [];
  readonly #startedAt = new Date();
  readonly #stop = new AbortController();
  readonly #series = randomUUID();
  readonly #forms: FormWriter;
  #running: MeasuredRun | null = null;
  #host = "";

  constructor(topologies: readonly Topology[], options: MatrixOptions) {
    this.#topologies = topologies;
    this.#options = options;
    this.#forms = new FormWriter(options.directory, options.tell);
    this.#cells = topologies.flatMap((topology) => options.rates.map((rate) => ({ topology, rate, runs: [] })));
  }

  /** Ends the run under way properly; what stands is taken down all the same. */
  interrupt(): void {
    this.#stop.abort();
    this.#running?.interrupt();
  }

  /** @returns the report, and whether it is written in all its forms. */
  async go(): Promise<{ report: MatrixReport; isWritten: boolean }> {
    for (const stand of new Set(this.#topologies.map((topology) => topology.stand))) {
      if (this.#stop.signal.aborted) break;
      const topologies = this.#topologies.filter((topology) => topology.stand === stand);
      await this.#onStand(stand, topologies);
      await this.#write(true);
    }
    return this.#write(false);
  }

  async #onStand(stand: Stand, topologies: readonly Topology[]): Promise<void> {
    const names = topologies.map(({ name }) => name).join(", ");
    try {
      if (stand.key !== "given") this.#options.tell(`putting up ${names}\n`);
      await stand.up();
      const working: Topology[] = [];
      for (const topology of topologies) if (await this.#works(topology)) working.push(topology);
      await this.#measureAll(working);
    } catch (error) {
      for (const { name } of topologies) this.#fail(name, (error as Error).message);
    } finally {
      if (stand.key !== "given") this.#options.tell(`taking down ${names}\n`);
      await stand.down().catch((error: Error) => this.#options.tell(`warning: ${names} may still stand: ${error.message}\n`));
    }
  }

  /** A topology that does not do what it is to do would be measured in vain. */
  async #works(topology: Topology): Promise<boolean> {
    if (this.#stop.signal.aborted) return false;
    try {
      const { measured, profile, address } = await ready(topology, (target) => this.#options.checkProfile(target));
      const run = new MeasuredRun(profile, measured, null);
      this.#running = run;
      const { results, failures, root_group } = await run.go(address);
      const [failure] = failures;
      if (failure !== undefined) return this.#fail(topology.name, `functional check: ${failure.class} (${failure.example})`);
      const check = root_group.checks.find(({ fails }) => fails > 0);
      if (check !== undefined) return this.#fail(topology.name, `functional check: "${check.name}" does not hold`);
      return results.exitCode !== ExitCode.failed || this.#fail(topology.name, `functional check: ${results.reasons[0]}`);
    } catch (error) {
      return this.#fail(topology.name, (error as Error).message);
    } finally {
      this.#running = null;
    }
  }

  #fail(topology: string, reason: string): false {
    if (!this.#failed.some((known) => known.topology === topology)) {
      this.#failed.push({ topology, reason });
      this.#options.tell(`${topology} is not measured: ${reason}\n`);
    }
    return false;
  }

  /** In turn, a round after the other and each begun by another: what drifts, drifts for all. */
  async #measureAll(topologies: readonly Topology[]): Promise<void> {
    const { rates, runs, coolDownMs } = this.#options;
    for (const rate of rates) {
      for (let round = 1; round <= runs; round++) {
        const first = (round - 1) % Math.max(1, topologies.length);
        for (const topology of [...topologies.slice(first), ...topologies.slice(0, first)]) {
          if (this.#stop.signal.aborted) return;
          await this.#measure(topology, rate, round);
          await this.#write(true);
          await pause(coolDownMs, this.#stop.signal);
        }
      }
    }
  }

  async #measure(topology: Topology, rate: number, round: number): Promise<void> {
    const { runs, directory, profileAt, tell, show } = this.#options;
    const cell = this.#cells.find((each) => each.topology === topology && each.rate === rate) as Cell;
    const number = runs === 1 ? "" : `-${round}`;
    const file = join(topology.name, `${formatExact(rate).replaceAll(",", "")}${number}.json`);
    tell(`\n${topology.name}  ${formatExact(rate)}/s${runs === 1 ? "" : `  run ${round} of ${runs}`}\n`);
    try {
      const { measured, profile, address } = await ready(topology, (target) => profileAt(rate, target));
      await mkdir(join(directory, topology.name), { recursive: true });
      const run = new MeasuredRun(profile, measured, join(directory, file), {
        review: (summary) => ({
          ...summary,
          series: { id: `${this.#series}-${topology.name}-${rate}`, of: runs, run: round, side: null },
        }),
      });
      this.#running = run;
      if (this.#stop.signal.aborted) run.interrupt();
      const shown = show(run);
      const summary = await run.go(address);
      await shown;
      const { cpuModel, cores } = summary.environment.host;
      this.#host = `${cpuModel}, ${cores} cores`;
      cell.runs.push({ file, summary });
    } catch (error) {
      this.#fail(topology.name, `at ${formatExact(rate)}/s: ${(error as Error).message}`);
    } finally {
      this.#running = null;
    }
  }

  #rows(): MatrixRow[] {
    return this.#cells.map(({ topology, rate, runs }) => {
      if (runs.length === 0) return unmeasured(topology.name, rate);
      const all = summaryOfSeries(runs, { id: this.#series, of: this.#options.runs, side: null });
      const reasons = runs.length === 1 ? (runs[0] as RunFile).summary.results.reasons : all.results.reasons;
      const summary = { ...all, results: { ...all.results, reasons } };
      return matrixRowOf(topology.name, rate, summary, runs);
    });
  }

  #added(): MatrixReport["added"] {
    const against = this.#topologies.find(({ name }) => name === this.#options.against);
    if (against === undefined) return [];
    return this.#options.rates.flatMap((rate) => {
      const groupOf = (topology: Topology) => ({
        label: topology.name,
        runs: this.#cells.find((cell) => cell.topology === topology && cell.rate === rate)?.runs ?? [],
      });
      const base = groupOf(against);
      return this.#topologies.flatMap((topology) => {
        const group = groupOf(topology);
        if (topology === against || base.runs.length === 0 || group.runs.length === 0) return [];
        return addedBy(group, base, rate, topology.stand === against.stand);
      });
    });
  }

  async #write(isPartial: boolean): Promise<{ report: MatrixReport; isWritten: boolean }> {
    const rows = this.#rows();
    const isCut = !isPartial && this.#stop.signal.aborted;
    const report: MatrixReport = {
      schemaVersion: 1,
      kind: "matrix",
      version,
      command: redactCommand(process.argv.slice(2)),
      host: this.#host,
      startedAt: this.#startedAt.toISOString(),
      endedAt: new Date().toISOString(),
      ...(isPartial && { partial: true as const }),
      durationMs: this.#options.durationMs,
      runs: this.#options.runs,
      rows,
      failedTopologies: this.#failed,
      added: this.#added(),
      results: matrixResults(rows, this.#failed.length, isCut),
    };
    const isWritten = await this.#forms.write({
      "matrix.html": async () => (await loadPage(() => import("../../report/matrix/html.tsx"))).renderMatrixHtml(report),
      "matrix.json": () => `${JSON.stringify(report, null, 2)}\n`,
      "matrix.md": () => renderMatrixMarkdown(report),
      "matrix.txt": () => renderMatrixText(report, { width: 140, color: false }),
    });
    return { report, isWritten };
  }
}

/** What a run needs. Where it cannot begin, nothing is left open. */
async function ready(topology: Topology, profileFor: (measured: MeasuredTarget) => Profile) {
  const measured = await topology.target();
  try {
    const profile = profileFor(measured);
    return { measured, profile, address: await preflight(profile) };
  } catch (error) {
    await Promise.all(measured.services.map(({ source }) => source.close()));
    throw error;
  }
}

function unmeasured(topology: string, targetRate: number): MatrixRow {
  return {
    topology,
    targetRate,
    verdict: null,
    exitCode: ExitCode.interrupted,
    reasons: [],
    warnings: [],
    files: [],
    iterationsPerSecond: null,
    requestsPerSecond: null,
    avgMs: null,
    p50Ms: null,
    p95Ms: null,
    p99Ms: null,
    beyond: [],
    limitMs: 0,
    successShare: null,
    dropped: null,
    maxVus: null,
    cpuCores: null,
    memoryBytes: null,
  };
}
