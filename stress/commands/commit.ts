import { execFileSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

let known: string | null | undefined;

/** The commit that this program was built from; null outside a checkout. */
export function commitOf(): string | null {
  if (known !== undefined) return known;
  try {
    const cwd = dirname(fileURLToPath(import.meta.url));
    known = execFileSync("git", ["rev-parse", "HEAD"], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    known = null;
  }
  return known;
}
