import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import net, { isIP } from "node:net";
import tls from "node:tls";
import type { Profile, Target } from "../profile/profile.ts";
import { UsageError } from "../profile/usage-error.ts";
import { type Address, hostOf, portOf, tlsOptions } from "./endpoint.ts";

/** Longest a connection attempt may take before the load. */
const connectTimeoutMs = 10_000;

/**
 * Makes sure, before anything is measured, that the target can be reached and trusted, and finds the address to use.
 * Opens one connection and sends no request.
 * @throws UsageError with what failed and the remedy.
 */
export async function preflight(profile: Profile): Promise<Address> {
  const { target } = profile;
  checkFiles(profile);
  const url = new URL(target.baseUrl);
  const addresses = await resolve(target, url);
  let failure = "no address";
  for (const address of addresses) {
    const problem = await tryConnect(target, address);
    if (problem === null) return address;
    failure = problem;
    // Another address of the same server would not make its certificate better.
    if (problem.startsWith("certificate")) break;
  }
  throw new UsageError(`cannot use ${url.origin}: ${failure}`);
}

function checkFiles({ target, requests }: Profile): void {
  const files: [string, string | null][] = [
    ["--ca", target.caFile],
    ["--cert", target.certFile],
    ["--key", target.keyFile],
    ...requests.map(({ bodyFile }): [string, string | null] => ["-d", bodyFile]),
  ];
  for (const [flag, file] of files) {
    if (file === null) continue;
    try {
      readFileSync(file);
    } catch (error) {
      throw new UsageError(
        `${flag} ${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); give the path of a readable file`,
      );
    }
  }
  try {
    tlsOptions(target);
  } catch (error) {
    const given = [target.caFile, target.certFile, target.keyFile].filter((file) => file !== null).join(", ");
    throw new UsageError(
      `${given}: not usable PEM (${(error as Error).message}); give PEM files, the key matching the certificate`,
    );
  }
}

async function resolve(target: Target, url: URL): Promise<Address[]> {
  const host = target.address ?? hostOf(url);
  const port = portOf(url);
  const family = isIP(host);
  if (family !== 0) return [{ host, port, family: family as 4 | 6 }];
  try {
    const found = await lookup(host, { all: true, order: "verbatim" });
    return found.map(({ address, family }) => ({ host: address, port, family: family as 4 | 6 }));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new UsageError(`unknown host ${host} (${code}); check --base-url, or give the address with --resolve HOST:ADDRESS`);
  }
}

/** @returns null when connected (and trusted), or what is wrong. */
function tryConnect(target: Target, address: Address): Promise<string | null> {
  const secure = tlsOptions(target);
  return new Promise((settle) => {
    const where = `${address.family === 6 ? `[${address.host}]` : address.host}:${address.port}`;
    const socket = secure === null ? net.connect(address) : tls.connect({ ...address, ...secure } as tls.ConnectionOptions);
    const finish = (problem: string | null) => {
      socket.destroy();
      settle(problem);
    };
    let connected = false;
    socket.once("connect", () => {
      connected = true;
    });
    socket.setTimeout(connectTimeoutMs, () => finish(`${where} did not answer within ${connectTimeoutMs / 1000} s`));
    socket.once(secure === null ? "connect" : "secureConnect", () => finish(null));
    socket.once("error", (error: NodeJS.ErrnoException) => finish(explain(error, where, connected)));
    // A server that hangs up during the handshake without an alert gives no error but this.
    socket.once("end", () => finish(`${where} closed the connection during the TLS handshake; is it https that it speaks?`));
  });
}

const untrusted = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_SIGNATURE_FAILURE",
]);

function explain(error: NodeJS.ErrnoException, where: string, connected: boolean): string {
  const code = error.code ?? error.message;
  if (code === "ECONNREFUSED") return `connection refused by ${where}; is it running, and is this its port?`;
  if (untrusted.has(code)) return `certificate not trusted (${code}); give its CA with --ca FILE, or --insecure to trust any`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `certificate is for another name (${error.message}); use a name it holds, or --insecure to trust any`;
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return `certificate is not valid now (${code}); renew it, or give --insecure to trust it all the same`;
  }
  if (connected)
    return `TLS handshake with ${where} failed (${code}); does it speak https, and does it want a client certificate (--cert, --key)?`;
  return `cannot connect to ${where} (${code})`;
}
