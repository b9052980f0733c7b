import { readFileSync } from "node:fs";
import { checkCertificate } from "./certificate.ts";
import type { EdgeConfig } from "./config.ts";
import { errorCode } from "./errors.ts";
import { ConfigError } from "./setting.ts";

/** Files that configuration names are part of it. Throws ConfigError with all that are wrong at once. */
export function checkFiles({ tls, upstream }: EdgeConfig): void {
  const problems: string[] = [];
  if (tls !== null) {
    const problem = checkCertificate(tls.certFile, tls.keyFile);
    if (problem !== null) problems.push(`EDGE_CERT_FILE, EDGE_KEY_FILE: ${problem}: expected a PEM certificate and its key`);
  }
  for (const [name, file] of [
    ["EDGE_CLIENT_CA_FILE", tls?.clients?.caFile ?? null],
    ["UPSTREAM_CA_FILE", upstream.caFile],
  ] as const) {
    if (file === null) continue;
    try {
      readFileSync(file);
    } catch (error) {
      problems.push(`${name}=${JSON.stringify(file)}: ${errorCode(error)}: expected a readable PEM file`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
