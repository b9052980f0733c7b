import { isIP } from "node:net";
import { isAbsolute, relative } from "node:path";
import type { Command } from "commander";
import type { Target } from "../profile/profile.ts";
import { redactUrl } from "../profile/redact.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type DiscoveredDeployment, discoverDeployment } from "../resources/discover.ts";
import type { RemoteFlags } from "../resources/remote.ts";
import { parseSamples } from "../resources/sample-option.ts";
import type { SampledService } from "../resources/source.ts";

export interface TargetFlags {
  baseUrl?: string;
  deployment?: string;
  ca?: string;
  cert?: string;
  key?: string;
  insecure?: boolean;
  resolve?: string;
  sni?: string;
  sample?: string[];
  sampleTokenFile?: string;
  sampleCa?: string;
  sampleFingerprint?: string;
}

/** What is measured: where it is, the deployment it belongs to, the services to sample. */
export interface MeasuredTarget {
  target: Target;
  deployment: DiscoveredDeployment | null;
  services: SampledService[];
}

export const collect = (value: string, previous: string[] = []) => [...previous, value];

export function addTargetFlags(command: Command): Command {
  return command
    .optionsGroup("Target:")
    .option("--base-url <url>", "what to measure (default: the deployment in .plimsoll/, here or above)")
    .option("--deployment <file>", "description of the deployment to measure")
    .option("--ca <file>", "PEM file of the CA to trust")
    .option("--cert <file>", "client certificate, PEM")
    .option("--key <file>", "its key, PEM")
    .option("--insecure", "trust any certificate")
    .option("--resolve <host:address>", "connect to ADDRESS in place of HOST, as curl does")
    .option("--sni <name>", "name asked for in TLS and expected in the certificate")
    .option(
      "--sample <name=source>",
      "sample a process and its descendants (pid:PID), a container (docker:NAME), or a service of `stress sampler` " +
        "on another machine (https://HOST:PORT/NAME); repeatable",
      collect,
    )
    .option("--sample-token-file <file>", "copy of that sampler's token file")
    .option("--sample-ca <file>", "PEM file of the CA that signs its certificate")
    .option("--sample-fingerprint <sha256>", "its certificate, as it printed it, in place of a CA");
}

/** Whoever gives these without a sampler means one that is missing. */
function remoteFlags({ sample = [], sampleTokenFile, sampleCa, sampleFingerprint }: TargetFlags): RemoteFlags {
  const given = { tokenFile: sampleTokenFile, ca: sampleCa, fingerprint: sampleFingerprint };
  const remote = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  if (Object.keys(remote).length > 0 && !sample.some((text) => text.includes("=https:"))) {
    throw new UsageError(
      "--sample-token-file, --sample-ca and --sample-fingerprint go with --sample NAME=https://HOST:PORT/NAME",
    );
  }
  return remote;
}

/** @throws UsageError where there is nothing to measure, or a flag makes no sense. */
export async function targetFrom(flags: TargetFlags): Promise<MeasuredTarget> {
  const found = await deploymentFor(flags);
  const baseUrl = flags.baseUrl ?? found?.baseUrl;
  if (baseUrl === undefined) {
    throw new UsageError("nothing to measure: give --base-url https://HOST:PORT, or deploy the bundle here with ./deploy.sh");
  }
  const url = parseBaseUrl(baseUrl);
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new UsageError("--cert and --key go together: a client certificate needs its key");
  }
  const deployed = found?.services ?? [];
  const sampled = await parseSamples(flags.sample ?? [], { remote: remoteFlags(flags), deployed });
  return {
    target: {
      baseUrl: url.origin,
      address: flags.resolve === undefined ? null : resolveFrom(flags.resolve, url),
      serverName: flags.sni ?? null,
      caFile: flags.ca ?? asTyped(found?.caFile ?? null, process.cwd()),
      certFile: flags.cert ?? null,
      keyFile: flags.key ?? null,
      insecure: flags.insecure ?? false,
    },
    deployment: found,
    services: [...deployed, ...sampled],
  };
}

/** A file below the working directory as it would be typed there: a summary that is shown to others tells no more of the machine. */
export function asTyped(file: string | null, cwd: string): string | null {
  if (file === null) return null;
  const typed = relative(cwd, file);
  return typed.startsWith("..") || isAbsolute(typed) ? file : typed;
}

/** A target that is named and not reached. @throws UsageError where it is no URL. */
export function plainTarget(baseUrl: string): Target {
  const none = { address: null, serverName: null, caFile: null, certFile: null, keyFile: null };
  return { baseUrl: parseBaseUrl(baseUrl).origin, ...none, insecure: false };
}

/** The deployment counts when it is asked for, when there is no other target, or when the target is the same. */
async function deploymentFor(flags: TargetFlags): Promise<DiscoveredDeployment | null> {
  const cwd = process.cwd();
  if (flags.deployment !== undefined) return discoverDeployment({ cwd, file: flags.deployment });
  if (flags.baseUrl === undefined) return discoverDeployment({ cwd });
  // A broken description of something else is no reason to refuse this target.
  const found = await discoverDeployment({ cwd }).catch(() => null);
  return found !== null && new URL(found.baseUrl).origin === parseBaseUrl(flags.baseUrl).origin ? found : null;
}

function parseBaseUrl(text: string): URL {
  if (!URL.canParse(text))
    throw new UsageError(`--base-url "${redactUrl(text)}" is not a URL: accepted is https://HOST[:PORT] or http://HOST[:PORT]`);
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new UsageError(
      `--base-url "${redactUrl(text)}" has the scheme ${url.protocol.slice(0, -1)}: accepted are https and http`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new UsageError("--base-url holds a user name or password: give them as -H 'Authorization: …'");
  }
  if (url.pathname !== "/" || url.search !== "") {
    throw new UsageError(`--base-url "${url.origin}${url.pathname}" has a path: give the path with --path`);
  }
  return url;
}

/** `HOST:ADDRESS` or `HOST:PORT:ADDRESS`; the address may be IPv6 in brackets. */
function resolveFrom(text: string, url: URL): string {
  const [, host, port, address = ""] = /^([^:]+):(?:(\d+):)?\[?([^\]]+?)\]?$/.exec(text) ?? [];
  if (host === undefined || isIP(address) === 0) {
    throw new UsageError(`--resolve "${text}": accepted is HOST:ADDRESS or HOST:PORT:ADDRESS, the address an IP`);
  }
  const urlPort = url.port || (url.protocol === "https:" ? "443" : "80");
  if (host !== url.hostname || (port !== undefined && port !== urlPort)) {
    throw new UsageError(`--resolve "${text}" is for another target than ${url.host}: give ${url.hostname}:ADDRESS`);
  }
  return address;
}
