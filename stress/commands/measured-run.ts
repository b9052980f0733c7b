import { hostWarnings } from "../doctor/warnings.ts";
import { type RunTimes, runLoad } from "../load/run.ts";
import type { ResourceSample, RunEvent, RunPhase } from "../measure/event.ts";
import { EventQueue } from "../measure/event-queue.ts";
import { type ProcessLoad, Recording } from "../measure/recording.ts";
import { mostPoints } from "../measure/resource-series.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";
import { redactCommand, redactProfile } from "../profile/redact.ts";
import { isHold } from "../profile/stages.ts";
import { writeSummary } from "../report/json.ts";
import { hostCpuShares, readHost, readHostCpu } from "../resources/host.ts";
import { SampleLog } from "../resources/sample-log.ts";
import { createSampler, type Sampler } from "../resources/sampler.ts";
import { resourceSeries } from "../resources/series.ts";
import { serviceResources, windowsOf } from "../resources/windows.ts";
import { version } from "../version.ts";
import { ClockWatch } from "./clock-watch.ts";
import { commitOf } from "./commit.ts";
import { environmentOf } from "./environment.ts";
import { abortRules, liveThresholds } from "./rules.ts";
import { saveSummary } from "./save-summary.ts";
import { stabilityOf } from "./stability.ts";
import { summarise } from "./summarise.ts";
import type { MeasuredTarget } from "./target-flags.ts";

const defaultSampleMs = 1000;
const checkpointMs = 10_000;
/** Between these a checkpoint is written by the clock alone: none falls on the moment at which a load begins. */
const loadPhases: ReadonlySet<RunPhase["kind"]> = new Set(["connect", "load", "drain"]);
/** Shorter stretches of a load tell nothing to a rule on what happens now. */
const leastJudgedMs = 250;
/** A container's memory is accounted otherwise than a process's, and named so. */
const memoryColumn = { process: "rss", container: "anon" } as const;

interface RunOptions {
  steadyFromMs?: number | null;
  review?: (summary: Summary) => Summary | Promise<Summary>;
  watch?: (event: RunEvent) => void;
}

/**
 * One run of a profile and everything that is collected while it goes. It closes what it samples: a run takes a
 * `MeasuredTarget` of its own.
 */
export class MeasuredRun {
  readonly events = new EventQueue<RunEvent>();
  readonly #profile: Profile;
  readonly #measured: MeasuredTarget;
  readonly #path: string | null;
  readonly #review: (summary: Summary) => Summary | Promise<Summary>;
  readonly #watch: (event: RunEvent) => void;
  readonly #recording: Recording;
  readonly #samples = new SampleLog();
  readonly #latest = new Map<string, ResourceSample>();
  readonly #phases: RunPhase[] = [];
  readonly #warnings: string[] = [];
  readonly #startedAt = new Date();
  readonly #startMs = performance.now();
  readonly #clock = new ClockWatch(Date.now(), performance.now());
  readonly #stop = new AbortController();
  readonly #sampler: Sampler;
  #aborted: string[] = [];
  #interrupted = false;
  #loadMs = 0;
  #cpuAt = process.cpuUsage();
  #cpuAtMs = performance.now();
  #loadCpu: { cpu: NodeJS.CpuUsage; atMs: number; host: ReturnType<typeof readHostCpu> } | null = null;
  #generator = { cpuCores: 0, processBusyShare: null as number | null, stealShare: null as number | null };
  #checkpointAt = 0;
  #checkpoint: Promise<void> = Promise.resolve();
  #checkpointFailed = false;

  /**
   * `path`: where the summary and its checkpoints go, null for nowhere. `steadyFromMs`: from which time of the load on
   * `steadyMetrics` counts. `review` has the last word on the final summary: what others know of the run is added there. `watch` is told every event when it happens, whatever the reader of `events` is at.
   */
  constructor(profile: Profile, measured: MeasuredTarget, path: string | null, options: RunOptions = {}) {
    const { steadyFromMs = null, review = (summary) => summary, watch = () => {} } = options;
    this.#profile = profile;
    this.#measured = measured;
    this.#path = path;
    this.#review = review;
    this.#watch = watch;
    this.#recording = new Recording(
      profile,
      measured.services.flatMap(({ name, source }) => [`${memoryColumn[source.kind]}:${name}`, `cpu:${name}`]),
      steadyFromMs,
    );
    this.#sampler = createSampler({
      services: measured.services,
      intervalMs: profile.sampleMs ?? defaultSampleMs,
      now: () => performance.now() - this.#startMs,
      onSample: (sample) => {
        this.#samples.add(sample);
        this.#latest.set(sample.service, sample);
        this.#tell({ type: "sample", sample });
      },
    });
  }

  interrupt(): void {
    this.#interrupted = true;
    this.#stop.abort();
  }

  #tell(event: RunEvent): void {
    this.#watch(event);
    this.events.push(event);
  }

  /** The metrics from `steadyFromMs` on, once the run is over. */
  steadyMetrics(): ReturnType<Recording["steadyMetrics"]> {
    return this.#recording.steadyMetrics(this.#loadMs);
  }

  async go(address: Parameters<typeof runLoad>[1]): Promise<Summary> {
    const { deployment, services } = this.#measured;
    this.#tell({
      type: "started",
      profile: redactProfile(this.#profile),
      services: services.map(({ name, limits }) => ({ name, ...limits })),
      cores: readHost().cores,
      topology: deployment?.topology ?? null,
    });
    for (const warning of hostWarnings(this.#profile)) this.#warn(warning);
    this.#sampler.start();
    try {
      const thresholds = liveThresholds(this.#profile);
      const aborting = abortRules(this.#profile);
      const times = await runLoad(
        this.#profile,
        address,
        {
          onPhase: (phase) => this.#onPhase(phase),
          onInterval: (interval, loadStartMs) => this.#recording.add(interval, loadStartMs),
          onRound: (atMs, loadMs) => this.#onRound(atMs, loadMs, thresholds, aborting),
        },
        this.#stop.signal,
      );
      return await this.#finish(times);
    } catch (error) {
      // The caller is told; whoever shows the run only hears that there is no more.
      this.events.end();
      throw error;
    } finally {
      await this.#sampler.stop();
    }
  }

  #onPhase(phase: RunPhase): void {
    this.#phases.push(phase);
    this.#samples.mark();
    const { load } = this.#profile;
    const before = load.model === "requests" ? undefined : load.stages[phase.stage - 1];
    if (phase.kind !== "load" || before === undefined || isHold(before)) void this.#sampler.edge();
    if (phase.kind === "load" && phase.stage === 0) {
      this.#loadCpu = { cpu: process.cpuUsage(), atMs: performance.now(), host: readHostCpu() };
    }
    if (phase.kind === "drain" || phase.kind === "after") this.#measureGenerator();
    this.#tell({ type: "phase", phase });
    // The first replaces what an earlier run left there: nobody shall take that for the result of a run that is killed.
    if (!loadPhases.has(phase.kind)) this.#checkpointSoon(phase.atMs);
  }

  /** What the generator and the host spent on the load, its drain left out. */
  #measureGenerator(): void {
    if (this.#loadCpu === null) return;
    const { cpu, atMs, host } = this.#loadCpu;
    this.#loadCpu = null;
    const used = process.cpuUsage(cpu);
    const shares = hostCpuShares(host, readHostCpu());
    this.#generator = {
      cpuCores: (used.user + used.system) / 1000 / Math.max(1, performance.now() - atMs),
      processBusyShare: shares?.busy ?? null,
      stealShare: shares?.steal ?? null,
    };
  }

  #onRound(
    atMs: number,
    loadMs: number,
    thresholds: ReturnType<typeof liveThresholds>,
    aborting: ReturnType<typeof abortRules>,
  ): void {
    const moved = this.#clock.step(Date.now(), performance.now());
    if (moved !== null) this.#warn(moved);
    const sinceMs = loadMs - this.#loadMs;
    this.#loadMs = loadMs;
    const gauges: Record<string, number | null> = {};
    for (const [name, { source, rssBytes, cpuCores }] of this.#latest) {
      gauges[`${memoryColumn[source]}:${name}`] = rssBytes;
      gauges[`cpu:${name}`] = cpuCores;
    }
    const snapshot = this.#recording.round(atMs, loadMs, this.#processLoad(), gauges);
    this.#tell({ type: "snapshot", snapshot: { ...snapshot, thresholds: thresholds(this.#recording.metrics(loadMs)) } });
    // What comes after the last stage is no load, and an instant at the end of a fixed number of requests no rate.
    const isLoad = this.#profile.load.model === "requests" ? sinceMs >= leastJudgedMs : snapshot.stage >= 0;
    if (this.#profile.abort.length > 0 && this.#aborted.length === 0 && isLoad) {
      this.#aborted = aborting(loadMs, this.#recording.windowMetrics(sinceMs));
      if (this.#aborted.length > 0) this.#stop.abort();
    }
    this.#recording.clearWindow();
    if (atMs - this.#checkpointAt >= checkpointMs) this.#checkpointSoon(atMs);
  }

  #checkpointSoon(atMs: number): void {
    this.#checkpointAt = atMs;
    this.#checkpoint = this.#checkpoint.then(() => this.#writeCheckpoint(atMs));
  }

  #processLoad(): ProcessLoad {
    const now = performance.now();
    const used = process.cpuUsage(this.#cpuAt);
    const cpuCores = (used.user + used.system) / 1000 / Math.max(1, now - this.#cpuAtMs);
    this.#cpuAt = process.cpuUsage();
    this.#cpuAtMs = now;
    return { cpuCores, rssBytes: process.memoryUsage.rss() };
  }

  /** A killed run leaves a readable summary; a full disk is told once and does not stop the load. */
  async #writeCheckpoint(atMs: number): Promise<void> {
    if (this.#path === null) return;
    try {
      await writeSummary(this.#path, this.#summary(atMs, true));
      this.#checkpointFailed = false;
    } catch (error) {
      if (!this.#checkpointFailed) this.#warn(`cannot write ${this.#path}: ${(error as Error).message}`);
      this.#checkpointFailed = true;
    }
  }

  #warn(message: string): void {
    this.#warnings.push(message);
    this.#tell({ type: "warning", message });
  }

  async #finish(times: RunTimes): Promise<Summary> {
    await this.#sampler.edge();
    this.#loadMs = times.loadToMs - times.loadFromMs;
    await this.#checkpoint;
    const make = async () => this.#review(this.#summary(times.endMs, false));
    const saved =
      this.#path === null
        ? { summary: await make(), files: [] }
        : await saveSummary(this.#path, make, (message) => this.#warn(message));
    this.#tell({ type: "finished", ...saved });
    this.events.end();
    return saved.summary;
  }

  #summary(endMs: number, partial: boolean): Summary {
    const { load } = this.#profile;
    const { services } = this.#measured;
    const windows = windowsOf(this.#phases, load.model === "requests" ? [] : load.stages, endMs);
    const tallies = new Map(this.#sampler.tallies().map((tally) => [tally.name, tally]));
    const resources = services.flatMap((service) => {
      const tally = tallies.get(service.name);
      if (tally === undefined) return [];
      const { name, source } = service;
      const found = serviceResources(service, this.#samples.of(name), windows, tally);
      return { ...found, series: resourceSeries(source.kind, this.#samples.coarsened(name, mostPoints), windows) };
    });
    // Before the end there is nothing to judge.
    const judged = partial
      ? { resources, stability: null }
      : stabilityOf({
          harmfulBytesPerHour: this.#profile.drift?.harmfulBytesPerHour ?? null,
          resources,
          samplesOf: (service) => this.#samples.of(service),
          windows,
          timeseries: this.#recording.timeseries.toSummary(),
        });
    return summarise({
      profile: this.#profile,
      recording: this.#recording,
      loadMs: this.#loadMs,
      startedAt: this.#startedAt,
      endedAt: new Date(),
      version,
      commit: commitOf(),
      command: redactCommand(process.argv.slice(2)),
      environment: environmentOf(this.#measured),
      ...judged,
      generator: this.#generator,
      warnings: this.#warnings,
      aborted: this.#aborted,
      interrupted: this.#interrupted,
      isTty: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
      partial,
    });
  }
}
