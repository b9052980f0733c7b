import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { StateDir } from "../state-dir.ts";
import { stackFiles } from "./project.ts";

/** Each is a few kilobytes; five updates back is further than anybody goes. */
const kept = 5;

export function backupsDir(dir: StateDir): string {
  return join(dir.home, "backups");
}

/**
 * Copies what a deployment is made of, certificates and keys included, modes kept: record, settings, limits, image names.
 * Returns the copy's directory, which only its owner can enter.
 */
export function backUp(dir: StateDir, now: Date): string {
  const backups = backupsDir(dir);
  const target = join(
    backups,
    now
      .toISOString()
      .replaceAll(":", "-")
      .replace(/\.\d+Z$/, "Z"),
  );
  mkdirSync(target, { recursive: true, mode: 0o700 });
  for (const path of [backups, target]) chmodSync(path, 0o700);
  for (const path of [dir.deploymentFile, dir.caFile, dir.certsDir, stackFiles(dir).home]) {
    if (existsSync(path)) cpSync(path, join(target, basename(path)), { recursive: true, preserveTimestamps: true });
  }
  for (const old of readdirSync(backups).sort().slice(0, -kept)) rmSync(join(backups, old), { recursive: true, force: true });
  return target;
}
