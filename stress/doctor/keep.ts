import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import writeFileAtomic from "write-file-atomic";
import * as z from "zod";
import { UsageError } from "../profile/usage-error.ts";
import type { Change } from "./change.ts";
import { readSysctl, sysctlFile } from "./read.ts";

/** Gone after a restart, as the settings are. */
export const defaultStateFile = "/run/plimsoll/doctor.json";

const stateSchema = z.object({
  /** A restart gives every setting its default back: then there is nothing to undo. */
  bootId: z.string(),
  /** Network settings belong to a namespace. */
  namespace: z.string(),
  changes: z.array(z.object({ name: z.string(), before: z.string(), after: z.string() })),
});
type State = z.infer<typeof stateSchema>;

/** What became of a setting. `foreign`: somebody has changed it since, and it was left alone. */
export interface Outcome extends Change {
  outcome: "set" | "restored" | "foreign";
  now: string;
}

/**
 * Sets what `changes` say, one after another; the value before is on disk before a setting is touched, and the first one
 * kept stays. @throws UsageError where a setting cannot be written; what was set until then can be undone.
 */
export function applyChanges(changes: readonly Change[], file: string): Outcome[] {
  const state = readState(file) ?? { ...here(), changes: [] };
  return changes.map((change) => {
    const kept = state.changes.find(({ name }) => name === change.name);
    if (kept === undefined) state.changes.push({ ...change });
    else kept.after = change.after;
    write(file, state);
    writeSysctl(change.name, change.after);
    return { ...change, outcome: "set", now: readSysctl(change.name) ?? "" };
  });
}

/** Gives everything back that `apply` set, and forgets it. @throws UsageError where there is nothing, or it cannot be written. */
export function undoChanges(file: string): Outcome[] {
  const state = readState(file);
  if (state === null) throw new UsageError(`nothing to undo: ${file} does not tell of anything that was applied here`);
  const outcomes = [...state.changes].reverse().map((change): Outcome => {
    const now = readSysctl(change.name);
    if (now !== change.after) return { ...change, outcome: now === change.before ? "restored" : "foreign", now: now ?? "" };
    writeSysctl(change.name, change.before);
    return { ...change, outcome: "restored", now: readSysctl(change.name) ?? "" };
  });
  rmSync(file);
  return outcomes;
}

/** Null where there is none, or it is of another boot or another network namespace. @throws UsageError where it is broken. */
function readState(file: string): State | null {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new UsageError(`cannot read ${file} (${(error as NodeJS.ErrnoException).code}); run as root`);
  }
  const parsed = stateSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new UsageError(`${file} does not hold what apply writes; remove it, and set back by hand what it names`);
  const { bootId, namespace } = here();
  return parsed.data.bootId === bootId && parsed.data.namespace === namespace ? parsed.data : null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function here(): Pick<State, "bootId" | "namespace"> {
  return {
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
    namespace: readlinkSync("/proc/self/ns/net"),
  };
}

function write(file: string, state: State): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileAtomic.sync(file, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(
      `cannot keep the old values in ${file} (${(error as NodeJS.ErrnoException).code}): nothing more is changed`,
    );
  }
}

function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(sysctlFile(name), value);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EROFS" ? "read-only, as in a container: set it on the host" : `${code}: run as root`;
    throw new UsageError(`cannot set ${name} to ${value} (${why}); what was set before it: stress doctor undo`);
  }
}
