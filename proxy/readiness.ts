/** A named condition for taking requests: null when it holds, else what is wrong in a few words. */
export type Check = () => string | null | Promise<string | null>;

export interface Readiness {
  readonly ready: boolean;
  /** `ok`, or what is wrong, by the check's name. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Runs all checks at once; one that throws has failed. */
export async function runChecks(checks: Readonly<Record<string, Check>>): Promise<Readiness> {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        return [name, (await check()) ?? "ok"] as const;
      } catch (error) {
        return [name, error instanceof Error ? error.message : String(error)] as const;
      }
    }),
  );
  return { ready: results.every(([, result]) => result === "ok"), checks: Object.fromEntries(results) };
}

/** The answer of `/readyz`: 200 when ready, else 503. */
export function readinessAnswer({ ready, checks }: Readiness): { status: number; body: object } {
  return { status: ready ? 200 : 503, body: { status: ready ? "ready" : "not ready", checks } };
}
