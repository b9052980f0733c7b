import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkCertificate, makeCertificates } from "../certificate.ts";
import { DeployUsageError } from "./deploy-error.ts";
import type { StateDir } from "./state-dir.ts";

export interface CertificatePair {
  certFile: string;
  keyFile: string;
}

export interface ServedCertificate extends CertificatePair {
  /** What clients must trust; null when the system's own CAs do. */
  caPem: string | null;
  /** A name that the certificate is for; localhost where it is one of them. */
  serverName: string;
}

/** DeployUsageError when the user's pair cannot be served, or not with `--prod`. Reads only. */
export function checkGivenCertificate(dir: StateDir, pair: CertificatePair | null, prod: boolean): void {
  if (!pair) {
    if (prod)
      throw new DeployUsageError("--prod refuses the private CA: give --cert FILE and --key FILE of a CA that clients trust");
    return;
  }
  const problem = checkCertificate(pair.certFile, pair.keyFile);
  if (problem) throw new DeployUsageError(`--cert, --key: ${problem}; give a PEM certificate chain and its unencrypted PEM key`);
  const [leaf] = readChain(pair.certFile);
  if (prod && leaf && isPrivate(dir, leaf)) {
    throw new DeployUsageError(
      `--prod refuses ${pair.certFile}: it is signed by a private CA of Plimsoll; give one that clients trust`,
    );
  }
  if (leaf && serverNameOf(leaf) === null) {
    throw new DeployUsageError(
      `--cert ${pair.certFile}: it names no host in subjectAltName, which clients verify; give one that does`,
    );
  }
}

/** The pair to serve and what verifies it: the user's, or the private CA's, made or renewed here. */
export async function servedCertificate(dir: StateDir, given: CertificatePair | null): Promise<ServedCertificate> {
  if (!given) {
    const { caFile, certFile, keyFile } = await makeCertificates(dir.certsDir);
    return { certFile, keyFile, caPem: readFileSync(caFile, "utf8"), serverName: "localhost" };
  }
  const chain = readChain(given.certFile);
  const serverName = (chain[0] && serverNameOf(chain[0])) ?? "localhost";
  // a chain that brings its own root, as a self-signed certificate does, is for clients that trust that root
  const root = chain.find((certificate) => certificate.checkIssued(certificate)) ?? ownCa(dir, chain[0]);
  return { ...given, caPem: root?.toString() ?? null, serverName };
}

function readChain(certFile: string): X509Certificate[] {
  const blocks = readFileSync(certFile, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((pem) => new X509Certificate(pem));
}

/** By name as well: the private CA of another checkout is no better than this one's. */
function isPrivate(dir: StateDir, leaf: X509Certificate): boolean {
  return ownCa(dir, leaf) !== null || /^CN=Plimsoll private CA\b/m.test(leaf.issuer);
}

function ownCa(dir: StateDir, leaf: X509Certificate | undefined): X509Certificate | null {
  try {
    const ca = new X509Certificate(readFileSync(join(dir.certsDir, "ca.pem")));
    return leaf?.verify(ca.publicKey) ? ca : null;
  } catch {
    return null;
  }
}

function serverNameOf(leaf: X509Certificate): string | null {
  if (leaf.checkHost("localhost")) return "localhost";
  const names = (leaf.subjectAltName ?? "").split(", ").map((name) => /^(DNS|IP Address):(.+)$/.exec(name)?.slice(1) ?? []);
  const hosts = names.flatMap(([kind, value]) => (kind === "DNS" && value ? [value] : []));
  const addresses = names.flatMap(([kind, value]) => (kind === "IP Address" && value ? [value] : []));
  const plain = hosts.find((host) => !host.startsWith("*"));
  return plain ?? hosts[0]?.replace("*", "edge") ?? addresses[0] ?? null;
}
