import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { loadCertificate, makeCertificates } from "@plimsoll/proxy/certificate";
import type { Command } from "commander";
import { ExitCode } from "../judge/exit-code.ts";
import { UsageError } from "../profile/usage-error.ts";
import { discoverDeployment } from "../resources/discover.ts";
import { parseSamples } from "../resources/sample-option.ts";
import { createSamplerServer } from "../resources/sampler-server.ts";
import type { SampledService } from "../resources/source.ts";
import { readOrMakeToken } from "../resources/token-file.ts";
import { onInterrupt } from "./interrupt.ts";
import { collect } from "./target-flags.ts";

interface SamplerFlags {
  listen: string;
  tokenFile: string;
  cert?: string;
  key?: string;
  deployment?: string;
  sample?: string[];
}

/** Where a certificate is kept that nobody gave. */
const certificateDir = join(".plimsoll", "sampler");
const wildcards = ["0.0.0.0", "::"];

/** `stress sampler`: readings of this machine's services, for a generator that stands on another. */
export const sampler = {
  register(program: Command): void {
    program
      .command("sampler")
      .description("serve samples of the services of this machine to a generator on another, over HTTPS")
      .requiredOption("--listen <host:port>", "where to listen; port 0 is any free one")
      .requiredOption("--token-file <file>", "secret that the generator must know; made when there is no such file")
      .option("--cert <file>", `certificate, PEM (default: one from a private CA in ${certificateDir}, made once)`)
      .option("--key <file>", "its key, PEM")
      .option("--deployment <file>", "description of the deployment to sample (default: .plimsoll/, here or above)")
      .option("--sample <name=source>", "sample a process (pid:PID) or a container (docker:NAME) instead; repeatable", collect)
      .action(serve);
  },
};

async function serve(flags: SamplerFlags): Promise<void> {
  const { host, port } = parseListen(flags.listen);
  const services = await servicesOf(flags);
  const { token, made } = await readOrMakeToken("--token-file", flags.tokenFile);
  const { cert, key, caFile } = await certificateFor(flags, host);
  const app = createSamplerServer({ services, token, cert, key });
  const bound = await app.listen({ host, port }).catch(async (error: NodeJS.ErrnoException) => {
    await app.close();
    throw new UsageError(`--listen ${flags.listen}: cannot listen there (${error.code ?? error.message}); give another address`);
  });
  const ended = new Promise<void>((end) => {
    const interrupt = onInterrupt(
      () => {
        interrupt.release();
        end();
      },
      () => process.exit(ExitCode.interrupted),
    );
  });
  const shown = wildcards.includes(host) ? hostname() : bracketed(host);
  const url = `https://${shown}:${new URL(bound).port}`;
  const { fingerprint256 } = new X509Certificate(cert);
  const names = services.map(({ name, source }) => `${name} (${source.kind})`).join(", ");
  const samples = services.map(({ name }) => `--sample ${name}=${url}/${encodeURIComponent(name)}`).join(" ");
  process.stdout.write(
    [
      `plimsoll sampler  ${url}  ${names}`,
      `certificate  SHA-256 ${fingerprint256}${caFile === null ? "" : `, signed by ${caFile}`}`,
      `token        ${made ? "made" : "read"} in ${resolve(flags.tokenFile)}: copy it to the generator's machine`,
      `there        stress throughput … ${samples} --sample-token-file FILE --sample-fingerprint ${fingerprint256.replaceAll(":", "")}`,
      "",
    ].join("\n"),
  );
  await ended;
  await app.close();
}

/** @throws UsageError where there is nothing to sample. */
async function servicesOf({ deployment, sample = [] }: SamplerFlags): Promise<SampledService[]> {
  const elsewhere = sample.find((text) => text.includes("=https:"));
  if (elsewhere !== undefined) throw new UsageError(`--sample "${elsewhere}": a sampler serves its own machine's services only`);
  const cwd = process.cwd();
  const found =
    deployment !== undefined
      ? await discoverDeployment({ cwd, file: deployment })
      : sample.length === 0
        ? await discoverDeployment({ cwd })
        : null;
  const deployed = found?.services ?? [];
  const services = [...deployed, ...(await parseSamples(sample, { deployed }))];
  if (services.length === 0) {
    throw new UsageError(
      "nothing to sample: give --sample NAME=pid:PID or NAME=docker:NAME, or deploy the bundle here with ./deploy.sh",
    );
  }
  return services;
}

async function certificateFor({ cert, key }: SamplerFlags, host: string) {
  if ((cert === undefined) !== (key === undefined))
    throw new UsageError("--cert and --key go together: a certificate needs its key");
  try {
    if (cert !== undefined && key !== undefined) return { ...loadCertificate(cert, key), caFile: null };
    const files = await makeCertificates(resolve(certificateDir), wildcards.includes(host) ? [] : [host]);
    return { ...loadCertificate(files.certFile, files.keyFile), caFile: files.caFile };
  } catch (error) {
    throw new UsageError(`no certificate to serve with: ${(error as Error).message}`);
  }
}

/** `HOST:PORT`, an IPv6 address in brackets. */
function parseListen(text: string): { host: string; port: number } {
  const [, inner, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = inner ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || (inner !== undefined && isIP(inner) !== 6)) {
    throw new UsageError(`--listen "${text}": accepted is HOST:PORT, such as 0.0.0.0:9460 or [::]:9460`);
  }
  return { host, port };
}

function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}
