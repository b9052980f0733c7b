import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = fileURLToPath(new URL("../", import.meta.url));
const lockFile = fileURLToPath(new URL("../../../package-lock.json", import.meta.url));

/** Fingerprint of what the services run: built code, dependencies, runtime. Differs after an update, so that it takes effect. */
export function fingerprintBuild(): string {
  const hash = createHash("sha256").update(process.version);
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
  for (const name of files.filter((file) => file.endsWith(".js") && !file.endsWith(".test.js")).sort()) {
    hash.update(`\0${name}\0`).update(readFileSync(join(dist, name)));
  }
  return hash.update(readFileSync(lockFile)).digest("hex").slice(0, 16);
}
