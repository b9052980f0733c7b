/** Exit codes of `deploy.sh`; with `--measure` those of `stress` come through, which agree with these. */
export const DeployExit = { failed: 1, usage: 104, interrupted: 105 } as const;

/** The deployment could not do what was asked: one line of cause, and the log lines that show it. */
export class DeployError extends Error {
  readonly exitCode: number = DeployExit.failed;
  readonly logLines: readonly string[];

  constructor(message: string, logLines: readonly string[] = []) {
    super(message);
    this.logLines = logLines;
  }
}

/** The command line asks for what cannot be: what was given, what is accepted, what to do. Nothing was touched. */
export class DeployUsageError extends DeployError {
  override readonly exitCode = DeployExit.usage;
}
