import { withBaseline } from "../judge/baseline.ts";
import type { Comparison } from "../judge/compare/comparison.ts";
import { differencesOf } from "../judge/compare/environment.ts";
import { compareGroups, defaultMargins, type RunFile, type RunGroup } from "../judge/compare.ts";
import type { Summary } from "../measure/summary.ts";
import type { Profile } from "../profile/profile.ts";
import { redactProfile } from "../profile/redact.ts";
import { loadHash } from "../profile/sent.ts";
import { version } from "../version.ts";
import { refuseDifferent } from "./compare.ts";
import { environmentOf } from "./environment.ts";
import type { OutputFlags } from "./output-flags.ts";
import { readGroup } from "./run-files.ts";
import type { MeasuredTarget } from "./target-flags.ts";

/** What a run is compared with when it is over. */
export class Baseline {
  readonly #group: RunGroup;
  comparison: Comparison | null = null;

  private constructor(group: RunGroup) {
    this.#group = group;
  }

  /**
   * The baseline that the flags name, or null. Read before anything is measured.
   * @throws UsageError where there is none, or where it is of another host, topology or load and that was not allowed.
   */
  static async from(flags: OutputFlags, profile: Profile, measured: MeasuredTarget): Promise<Baseline | null> {
    if (flags.baseline === undefined) return null;
    const group = await readGroup(flags.baseline, [flags.baseline]);
    const planned = {
      profile: redactProfile(profile),
      environment: environmentOf(measured),
      metadata: { version, loadHash: loadHash(profile) },
    };
    const differences = differencesOf([group.runs.map(({ summary }) => summary), [planned]]);
    refuseDifferent(differences, flags.allowDifferent === true);
    return new Baseline(group);
  }

  /** The results of `runs` in the light of the baseline; `comparison` is known from then on. */
  judge(results: Summary["results"], runs: readonly RunFile[]): Summary["results"] {
    const groups = [this.#group, { label: "this run", runs }];
    this.comparison = compareGroups(groups, { margins: defaultMargins, keys: null, paired: false });
    return withBaseline(results, this.comparison);
  }
}
