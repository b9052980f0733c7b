import { Command, CommanderError } from "commander";
import { createBackend } from "./backend.ts";
import { parseBackendConfig } from "./config.ts";
import { errorMessage } from "./errors.ts";
import { exitFailed, exitUsage } from "./exit-code.ts";
import { createLog } from "./log.ts";
import { BindError, type Service } from "./service.ts";
import { ConfigError } from "./setting.ts";

export interface ServerRange {
  readonly servers: number;
  readonly startPort: number;
}

/** More than this in one event loop measures nothing but the loop. */
const mostServers = 1_000;
const highestPort = 65_535;

class RangeUsageError extends Error {}

/** Reads `--servers 50 --start-port 9000`. Throws RangeUsageError with one line for the user. */
function parseRange(args: readonly string[]): ServerRange {
  const command = new Command("backend")
    .option("--servers <number>", "", "10")
    .option("--start-port <port>", "", "9000")
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    const problem = error.message.replace(/^error: /, "").replace(/\s+/g, " ");
    throw new RangeUsageError(`${problem}: expected backend [--servers N] [--start-port PORT]`);
  }
  const given = command.opts<{ servers: string; startPort: string }>();
  const servers = wholeNumber("--servers", given.servers, mostServers);
  return { servers, startPort: wholeNumber("--start-port", given.startPort, highestPort - servers + 1) };
}

function wholeNumber(flag: string, text: string, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= most) return value;
  throw new RangeUsageError(`${flag} ${text}: expected a whole number from 1 to ${most}`);
}

/**
 * Runs many backends in one process, on consecutive ports, in the foreground until SIGTERM or SIGINT: targets to measure a
 * gateway in front of many upstreams. Either all listen or none does.
 */
export async function runServers(args: readonly string[]): Promise<void> {
  try {
    const range = parseRange(args);
    const services = await startServers(range);
    const ports = { first: range.startPort, last: range.startPort + range.servers - 1 };
    process.stdout.write(`${JSON.stringify({ event: "listening", service: "backend", servers: range.servers, ports })}\n`);
    stopOnSignals(services);
  } catch (error) {
    const usage = error instanceof RangeUsageError || error instanceof ConfigError;
    const lines = error instanceof ConfigError ? error.problems : [errorMessage(error)];
    process.stderr.write(lines.map((line) => `${line}\n`).join(""));
    process.exit(usage ? exitUsage : exitFailed);
  }
}

/** Rejects, with every port given back, when one of them cannot be had. */
export async function startServers({ servers, startPort }: ServerRange, env = process.env): Promise<Service[]> {
  const config = parseBackendConfig(env);
  const opening = Array.from({ length: servers }, async (_, i) => {
    const service = createBackend(config, createLog("backend", config.logLevel));
    await service.listen({ host: config.host, port: startPort + i, setting: "--start-port" });
    return service;
  });
  const opened = await Promise.allSettled(opening);
  const services = opened.filter((each) => each.status === "fulfilled").map(({ value }) => value);
  const failed = opened.find((each) => each.status === "rejected");
  if (failed === undefined) return services;
  await Promise.all(services.map(drained));
  if (!(failed.reason instanceof BindError)) throw failed.reason;
  throw new BindError(`${failed.reason.message}: none of the ports ${startPort} to ${startPort + servers - 1} is used`);
}

/** Nobody has had the time to ask for anything. */
function drained(service: Service): Promise<number> {
  const ended = service.drain();
  service.cut();
  return ended;
}

function stopOnSignals(services: readonly Service[]): void {
  let stopping = false;
  const stop = () => {
    if (stopping) {
      for (const service of services) service.cut();
      return;
    }
    stopping = true;
    void Promise.all(services.map((service) => service.drain())).then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
