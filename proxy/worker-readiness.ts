import type { Readiness } from "./readiness.ts";

interface Answer {
  readonly worker: { readonly pid: number };
  readonly serving: boolean;
  /** Null: it did not answer in time. */
  readonly answer: Readiness | null;
}

/** One readiness from those of the workers that serve: a check holds when it holds for all of them. */
export function mergeReadiness(answers: readonly Answer[], draining: boolean): Readiness {
  const serving = answers.filter((answer) => answer.serving);
  const silent = serving.filter(({ answer }) => answer === null).map(({ worker }) => worker.pid);
  const checks: Record<string, string> = {
    accepting: draining ? "draining" : "ok",
    workers: serving.length === 0 ? "none serves" : silent.length > 0 ? `no answer from ${silent.join(", ")}` : "ok",
  };
  for (const { answer } of draining ? answers : serving) {
    for (const [name, result] of Object.entries(answer?.checks ?? {})) {
      if ((checks[name] ?? "ok") === "ok") checks[name] = result;
    }
  }
  return { ready: Object.values(checks).every((result) => result === "ok"), checks };
}
