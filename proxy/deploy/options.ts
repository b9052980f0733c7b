import { resolve } from "node:path";
import { Command, CommanderError } from "commander";
import { DeployUsageError } from "./deploy-error.ts";
import type { EmbeddedWish } from "./embedded-deploy.ts";

/** What the user asked for; null: as it runs now, else the default. */
export interface DeployWish extends EmbeddedWish {
  /** In containers. How it was deployed stays, so that false means nothing where containers run. */
  docker: boolean;
  edge: string | null;
}

/** What one call of `deploy.sh` is to do. */
export type DeployCall =
  | { command: "deploy"; wish: DeployWish }
  | { command: "measure"; wish: DeployWish; stressArguments: string[] }
  | { command: "reload" | "status" | "upgrade" }
  | { command: "logs"; follow: boolean }
  /** `docker`: containers are looked for even where no record tells of them. */
  | { command: "down"; purge: boolean; docker: boolean };

/** Two ports follow that of the edge. */
const maxPort = 65_533;
const commands = ["measure", "reload", "upgrade", "status", "logs", "down"] as const;

/** The help text is in deploy.sh, which prints it before anything is installed. */
export function deployCommand(): Command {
  return new Command("deploy.sh")
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .allowExcessArguments(true)
    .option("--measure")
    .option("--docker")
    .option("--edge <topology>")
    .option("--reload")
    .option("--upgrade")
    .option("--status")
    .option("--logs")
    .option("--follow")
    .option("--down")
    .option("-v, --volumes")
    .option("--port <number>")
    .option("--cert <file>")
    .option("--key <file>")
    .option("--prod");
}

interface Flags {
  measure?: true;
  docker?: true;
  edge?: string;
  reload?: true;
  upgrade?: true;
  status?: true;
  logs?: true;
  follow?: true;
  down?: true;
  volumes?: true;
  port?: string;
  cert?: string;
  key?: string;
  prod?: true;
}

/** Throws DeployUsageError: one line with what was given, what is accepted and what to do. */
export function parseDeployCall(args: readonly string[]): DeployCall {
  const end = args.indexOf("--");
  const stressArguments = end < 0 ? [] : args.slice(end + 1);
  const flags = parseFlags(end < 0 ? args : args.slice(0, end));

  const [command = "deploy", second] = commands.filter((name) => flags[name]);
  if (second) throw new DeployUsageError(`--${command} and --${second} cannot be given together: give one`);
  if (end >= 0 && command !== "measure")
    throw new DeployUsageError("arguments after -- are for stress: give --measure before them");
  if (flags.volumes && command !== "down")
    throw new DeployUsageError("-v goes with --down: it also removes certificates and logs");
  if (flags.follow && command !== "logs") throw new DeployUsageError("--follow goes with --logs");

  if (command === "deploy") return { command, wish: parseWish(flags) };
  if (command === "measure") return { command, wish: parseWish(flags), stressArguments };
  const stray = (["port", "cert", "key", "prod", "edge"] as const).find((name) => flags[name] !== undefined);
  if (stray) throw new DeployUsageError(`--${stray} is for deploying: --${command} finds what runs by itself, leave it out`);
  if (command === "logs") return { command, follow: flags.follow ?? false };
  return command === "down" ? { command, purge: flags.volumes ?? false, docker: flags.docker ?? false } : { command };
}

function parseFlags(args: readonly string[]): Flags {
  const command = deployCommand();
  try {
    command.parse(args, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) throw new DeployUsageError(explain(error));
    throw error;
  }
  const [stray] = command.args;
  if (stray !== undefined) {
    throw new DeployUsageError(
      `unexpected argument ${JSON.stringify(stray)}: options for stress go after --measure --; see ./deploy.sh --help`,
    );
  }
  return command.opts<Flags>();
}

function explain(error: CommanderError): string {
  const message = error.message.replace(/^error: /, "").replaceAll("\n", " ");
  const known = deployCommand()
    .options.map((option) => option.long)
    .join(" ");
  return error.code === "commander.unknownOption"
    ? `${message}; accepted: ${known} (stress's own go after --measure --); see ./deploy.sh --help`
    : `${message}; see ./deploy.sh --help`;
}

function parseWish({ port, cert, key, prod, docker, edge }: Flags): DeployWish {
  if (cert === undefined && key !== undefined) throw new DeployUsageError("--key without --cert: give both, as PEM files");
  if (cert !== undefined && key === undefined) throw new DeployUsageError("--cert without --key: give both, as PEM files");
  return {
    port: port === undefined ? null : parsePort(port),
    certificate: cert !== undefined && key !== undefined ? { certFile: resolve(cert), keyFile: resolve(key) } : null,
    prod: prod ?? false,
    docker: docker ?? false,
    edge: edge ?? null,
  };
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port >= 1 && port <= maxPort) return port;
  throw new DeployUsageError(
    `--port ${text}: give a whole number from 1 to ${maxPort} (backend and admin endpoint take the two ports above it)`,
  );
}
