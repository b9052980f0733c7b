import { readFileSync } from "node:fs";
import { createBackend } from "./backend.ts";
import { checkCertificate } from "./certificate.ts";
import { type EdgeConfig, parseBackendConfig, parseEdgeConfig } from "./config.ts";
import { createEdge } from "./edge.ts";
import { errorCode, errorMessage } from "./errors.ts";
import { createLog, type Logger } from "./log.ts";
import { BindError, type Service } from "./service.ts";
import { ConfigError } from "./setting.ts";

/** As everywhere in the bundle: 1 the service failed, 104 it was asked wrongly. */
const exitFailed = 1;
const exitUsage = 104;

/** Below this, a few thousand clients and their upstream connections end in EMFILE. */
const fewOpenFiles = 4_096;

await main(process.argv.slice(2));

/** `main.js edge|backend`: runs that service in the foreground until SIGTERM or SIGINT. */
async function main(args: readonly string[]): Promise<void> {
  const [name, ...rest] = args;
  if ((name !== "edge" && name !== "backend") || rest.length > 0) {
    fail(exitUsage, [`got ${JSON.stringify(args.join(" "))}: expected "edge" or "backend", and nothing else`]);
  }
  try {
    const { service, log } = build(name);
    process.on("uncaughtException", (error) => {
      log.fatal({ event: "crashed", err: error });
      fail(exitFailed, [`${name} crashed: ${errorMessage(error)}`]);
    });
    const listening = await service.listen();
    process.stdout.write(`${JSON.stringify({ event: "listening", service: service.name, ...listening })}\n`);
    drainOnSignal(service, log);
  } catch (error) {
    if (error instanceof ConfigError) fail(exitUsage, error.problems);
    if (error instanceof BindError) fail(exitFailed, [error.message]);
    fail(exitFailed, [`${name} cannot start: ${errorCode(error)} ${errorMessage(error)}`]);
  }
}

function build(name: "edge" | "backend"): { service: Service; log: Logger } {
  if (name === "backend") {
    const config = parseBackendConfig(process.env);
    const log = createLog(name, config.logLevel);
    return { service: createBackend(config, log, hostWarnings()), log };
  }
  const config = parseEdgeConfig(process.env);
  checkFiles(config);
  const log = createLog(name, config.logLevel);
  return { service: createEdge(config, log), log };
}

/** Files that configuration names are part of it: all that are wrong are told at once. */
function checkFiles({ tls, upstream }: EdgeConfig): void {
  const problems: string[] = [];
  if (tls !== null) {
    const problem = checkCertificate(tls.certFile, tls.keyFile);
    if (problem !== null) problems.push(`EDGE_CERT_FILE, EDGE_KEY_FILE: ${problem}: expected a PEM certificate and its key`);
  }
  if (upstream.caFile !== null) {
    try {
      readFileSync(upstream.caFile);
    } catch (error) {
      problems.push(`UPSTREAM_CA_FILE=${JSON.stringify(upstream.caFile)}: ${errorCode(error)}: expected a readable PEM file`);
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}

/** What the operator should know although the service runs. */
function hostWarnings(): string[] {
  const limit = /^Max open files\s+(\d+)/m.exec(readText("/proc/self/limits"))?.[1];
  if (limit === undefined || Number(limit) >= fewOpenFiles) return [];
  return [`only ${limit} open files allowed: raise the limit (ulimit -n) to ${fewOpenFiles} or more`];
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function drainOnSignal(service: Service, log: Logger): void {
  let drained: Promise<void> | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    // Asked twice: whoever waits has no patience left.
    if (drained !== null) return service.cut();
    log.info({ event: "draining", signal });
    drained = service.drain().then(
      (cut) => {
        log.info({ event: "stopped", connectionsCut: cut });
        process.exit(0);
      },
      (error: unknown) => fail(exitFailed, [`${service.name} did not stop cleanly: ${errorMessage(error)}`]),
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

function fail(exitCode: number, lines: readonly string[]): never {
  process.stderr.write(lines.map((line) => `${line}\n`).join(""));
  process.exit(exitCode);
}
