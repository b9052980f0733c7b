/** Exit codes of `stress`. Users script on them: printed by `stress --help`, never renumbered. */
export const ExitCode = {
  /** Every objective held. */
  pass: 0,
  /** An objective failed, an abort rule fired, or a service died during the run. */
  failed: 99,
  /** Bad usage or configuration, or a target that cannot be reached or trusted; nothing was measured. */
  usage: 104,
  /** Interrupted by a signal; the summary was still written. */
  interrupted: 105,
  /** A defect of this program. */
  internal: 109,
  /** The run cannot be judged: generator at its limit, samples lost, too short or too noisy. */
  invalid: 111,
  /** Worse than the baseline. */
  regression: 112,
  /** The capacity search did not converge. */
  notConverged: 113,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** Highest precedence first: what makes a run unjudgeable outranks what the judgement would have been. */
const precedence: readonly ExitCode[] = [109, 104, 105, 111, 99, 113, 112, 0];

/** The one code to exit with when several apply. An empty list passes. */
export function worstExitCode(codes: readonly ExitCode[]): ExitCode {
  return precedence.find((code) => codes.includes(code)) ?? ExitCode.pass;
}

/** For `--help`: which code it is where several apply. */
export const exitCodeOrder = precedence.filter((code) => code !== ExitCode.pass).join(", ");

/** For `--help`: one line a code. */
export const exitCodeHelp: readonly (readonly [ExitCode, string])[] = [
  [0, "passed"],
  [99, "objectives failed (also abort rules and services that died)"],
  [104, "bad usage or configuration, or a target that cannot be reached or trusted"],
  [105, "interrupted (the summary is still written)"],
  [109, "internal error"],
  [111, "invalid or undecided: generator at its limit, lost samples, too short or too noisy"],
  [112, "worse than the baseline"],
  [113, "search did not converge"],
];
