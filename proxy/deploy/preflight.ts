import { DeployError } from "./deploy-error.ts";
import type { BundlePorts } from "./embedded-services.ts";
import { findPortHolder, tryBind } from "./port-holder.ts";

const loopback = "127.0.0.1";

/** Makes sure that every port of the bundle can be bound, all but those in `ours`. DeployError names who holds one. */
export async function checkPorts(ports: BundlePorts, ours: ReadonlySet<number>): Promise<void> {
  const bindings: readonly [number, string][] = [
    [ports.edge, "0.0.0.0"],
    [ports.edge, "::"],
    [ports.backend, loopback],
    [ports.admin, loopback],
  ];
  for (const [port, host] of bindings) {
    if (ours.has(port)) continue;
    const problem = await bindProblem(port, host);
    if (problem !== null) throw new DeployError(explain(port, problem, roleOf(port, ports)));
  }
}

/** As `checkPorts`, for a bundle of which only the edge has a port here. */
export async function checkEdgePort(port: number): Promise<void> {
  for (const host of ["0.0.0.0", "::"]) {
    const problem = await bindProblem(port, host);
    if (problem !== null) throw new DeployError(explain(port, problem, ""));
  }
}

async function bindProblem(port: number, host: string): Promise<string | null> {
  const problem = await tryBind(port, host);
  // a kernel without IPv6: the edge then listens on IPv4 alone
  return host === "::" && problem !== null && /^(EAFNOSUPPORT|EADDRNOTAVAIL)$/.test(problem) ? null : problem;
}

function roleOf(port: number, ports: BundlePorts): string {
  return port === ports.edge ? "" : ` (for the ${port === ports.backend ? "backend" : "admin endpoint"})`;
}

function explain(port: number, problem: string, role: string): string {
  if (problem === "EACCES")
    return `port ${port}${role} needs a privilege that this user lacks: choose one above 1023 with --port N`;
  if (problem !== "EADDRINUSE") return `port ${port}${role} cannot be bound (${problem}): choose another with --port N`;
  const holder = findPortHolder(port);
  const by = holder ? `pid ${holder.pid}: ${shorten(holder.command)}` : "a process that this user cannot see";
  return `port ${port}${role} is taken by ${by}; end that, or choose another with --port N`;
}

function shorten(command: string): string {
  return command.length > 160 ? `${command.slice(0, 159)}…` : command;
}
