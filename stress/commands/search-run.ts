import { setTimeout as sleep } from "node:timers/promises";
import { type ProbeOrder, Search, type SearchAnswer } from "../judge/search.ts";
import { searchSummaryOf, withSearch } from "../judge/search-result.ts";
import { preflight } from "../load/preflight.ts";
import { EventQueue } from "../measure/event-queue.ts";
import type { SearchEvent } from "../measure/search-event.ts";
import type { SearchLevel, SearchSummary } from "../measure/search-summary.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";
import { UsageError } from "../profile/usage-error.ts";
import { writeSummary } from "../report/json.ts";
import { MeasuredRun } from "./measured-run.ts";
import { levelOf, objectivesOf, ProbeWatch } from "./probe-run.ts";
import { saveSummary } from "./save-summary.ts";
import type { MeasuredTarget } from "./target-flags.ts";

/** A target that fell over may come back by itself; its supervisor gets this long. */
const comebackMs = 30_000;
const comebackEveryMs = 1000;

/** The cool-down is so many times longer after a probe that broke; where the generator was disturbed, whatever did it may pass. */
const restFactors = { pass: 1, fail: 2, generator: 4 } as const;

interface Probed {
  level: SearchLevel;
  summary: Summary;
}

/** One search: makes the probes that `Search` orders, tells what happens, and writes the summary. */
export class SearchRun {
  readonly events = new EventQueue<SearchEvent>();
  readonly #plan: SearchSummary["plan"];
  readonly #path: string;
  readonly #profileAt: (rate: number, confirms: boolean) => Profile;
  readonly #target: () => Promise<MeasuredTarget>;
  readonly #startedAt = new Date();
  readonly #levels: SearchLevel[] = [];
  readonly #stop = new AbortController();
  #current: MeasuredRun | null = null;
  #last: Summary | null = null;
  /** Of confirming runs that held, by rate. */
  readonly #confirming = new Map<number, Summary>();
  readonly #warnings: string[] = [];
  #writeFailed = false;

  constructor(
    plan: SearchSummary["plan"],
    path: string,
    profileAt: (rate: number, confirms: boolean) => Profile,
    target: () => Promise<MeasuredTarget>,
  ) {
    this.#plan = plan;
    this.#path = path;
    this.#profileAt = profileAt;
    this.#target = target;
  }

  /** Ends the search properly: the probe under way is cut short, and what is known is the answer. */
  interrupt(): void {
    this.#stop.abort();
    this.#current?.interrupt();
  }

  /**
   * @returns null where it was interrupted before anything was measured.
   * @throws UsageError where the target went away before that.
   */
  async go(): Promise<Summary | null> {
    try {
      this.events.push({ type: "search", plan: this.#plan });
      const answer = await this.#search();
      const last = this.#last;
      if (last === null) {
        if (!this.#stop.signal.aborted) throw new UsageError(answer.reason);
        this.events.end();
        return null;
      }
      const saved = await saveSummary(
        this.#path,
        () => this.#summary(answer, last),
        (message) => this.#warn(message),
      );
      this.events.push({ type: "finished", ...saved });
      this.events.end();
      return saved.summary;
    } catch (error) {
      // The caller is told; whoever shows the run only hears that there is no more.
      this.events.end();
      throw error;
    }
  }

  async #search(): Promise<SearchAnswer> {
    const search = new Search(this.#plan);
    for (let step = search.step; "order" in step; ) {
      const { order } = step;
      const ready = await this.#ready(order);
      if (ready === null) {
        if (this.#stop.signal.aborted) return search.end("interrupted", "interrupted before the search was over");
        const beyond = `the target cannot be reached any more, ${comebackMs / 1000} s after the last probe`;
        return search.end("not-converged", beyond);
      }
      const probed = await this.#probe(order, ready);
      this.#last = probed.summary;
      if (this.#stop.signal.aborted) return search.end("interrupted", "interrupted before the search was over");
      const { level, summary } = probed;
      this.#levels.push(level);
      if (order.phase === "confirm" && level.outcome === "pass") this.#confirming.set(order.rate, summary);
      this.events.push({ type: "level", level });
      step = search.observe(level);
      if (!("order" in step)) break;
      await this.#checkpoint(search);
      await this.#coolDown(restFactors[level.outcome]);
    }
    return (search.step as { answer: SearchAnswer }).answer;
  }

  /** Whatever the next probe needs; waits for a target that is down. Null where it stays so, or the search is interrupted. */
  async #ready({ rate, phase }: ProbeOrder): Promise<Ready | null> {
    const profile = this.#profileAt(rate, phase === "confirm");
    const untilMs = performance.now() + comebackMs;
    for (let isTold = false; !this.#stop.signal.aborted; ) {
      let measured: MeasuredTarget | null = null;
      try {
        measured = await this.#target();
        return { profile, measured, address: await preflight(profile) };
      } catch (error) {
        // The next attempt opens its own sources.
        await Promise.all((measured?.services ?? []).map(({ source }) => source.close()));
        if (!(error instanceof UsageError)) throw error;
        if (performance.now() > untilMs) return null;
        if (!isTold) this.#warn(`waiting for the target: ${error.message}`);
        isTold = true;
        await sleep(comebackEveryMs, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
    return null;
  }

  async #probe(order: ProbeOrder, { profile, measured, address }: Ready): Promise<Probed> {
    const steadyMs = order.phase === "confirm" ? this.#plan.confirmMs : this.#plan.probeMs;
    const { warmUpMs } = this.#plan;
    const lastsMs = warmUpMs + steadyMs + profile.settle.beforeMs + profile.settle.afterMs;
    const { phase, rate, attempt, bracket } = order;
    this.events.push({ type: "probe", phase, rate, attempt, bracket, lastsMs });
    const run = new MeasuredRun(profile, measured, null, { steadyFromMs: warmUpMs });
    this.#current = run;
    if (this.#stop.signal.aborted) run.interrupt();
    const watch = new ProbeWatch(this.#plan, steadyMs);
    const watched = this.#watch(run, watch);
    const summary = await run.go(address);
    await watched;
    this.#current = null;
    const metrics = run.steadyMetrics();
    const facts = watch.facts(rate, objectivesOf(profile, metrics), summary);
    return { level: levelOf(order, facts, this.#plan, { summary, metrics, steadyMs }), summary };
  }

  async #watch(run: MeasuredRun, watch: ProbeWatch): Promise<void> {
    for await (const event of run.events) {
      watch.add(event);
      if (event.type !== "finished") this.events.push({ type: "run", event });
    }
  }

  async #coolDown(factor: number): Promise<void> {
    const lastsMs = this.#plan.coolDownMs * factor;
    if (lastsMs === 0) return;
    this.events.push({ type: "cool-down", lastsMs });
    await sleep(lastsMs, undefined, { signal: this.#stop.signal }).catch(() => {});
  }

  /** A killed search leaves what it knew; a full disk is told once and does not end it. */
  async #checkpoint(search: Search): Promise<void> {
    if (this.#last === null) return;
    const summary = this.#summary(search.end("interrupted", "written while the search went on"), this.#last);
    try {
      await writeSummary(this.#path, { ...summary, partial: true });
      this.#writeFailed = false;
    } catch (error) {
      if (!this.#writeFailed) this.#warn(`cannot write ${this.#path}: ${(error as Error).message}`);
      this.#writeFailed = true;
    }
  }

  /** The summary of the run that confirmed the answer, or of the last one, with the search in it. */
  #summary(answer: SearchAnswer, last: Summary): Summary {
    const run = (answer.rate === null ? undefined : this.#confirming.get(answer.rate)) ?? last;
    const times = { startedAt: this.#startedAt, endedAt: new Date() };
    const summary = withSearch(run, searchSummaryOf(answer, this.#plan, this.#levels, times));
    return { ...summary, warnings: [...summary.warnings, ...this.#warnings] };
  }

  #warn(message: string): void {
    this.#warnings.push(message);
    this.events.push({ type: "warning", message });
  }
}

interface Ready {
  profile: Profile;
  measured: MeasuredTarget;
  address: Awaited<ReturnType<typeof preflight>>;
}
