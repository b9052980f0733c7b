import { createPrivateKey, randomBytes, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import { errorCode, errorMessage } from "./errors.ts";

const dayMs = 86_400_000;
/** A machine that sleeps for weeks still finds a valid certificate, and a renewal never comes at the last minute. */
const renewBeforeMs = 30 * dayMs;
/** Clients whose clock is behind must not see a certificate from the future. */
const clockSkewMs = 3_600_000;
/** The longest that common clients accept from a private CA is 825 days. */
const leafDays = 397;
const caDays = 3650;

export interface CertificateFiles {
  /** What clients trust. */
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/**
 * Makes a private CA and an ECDSA P-256 server certificate in `dir`, or keeps those that are there: the certificate is
 * renewed when it expires within 30 days or misses a name, the CA only when it cannot sign that renewal any more, so
 * that clients which trust the CA go on trusting it. `names` are DNS names or IP addresses beside localhost,
 * 127.0.0.1, ::1 and the host's name. Private keys are readable by their owner alone.
 */
export async function makeCertificates(dir: string, names: readonly string[] = []): Promise<CertificateFiles> {
  const files = { caFile: join(dir, "ca.pem"), certFile: join(dir, "server.pem"), keyFile: join(dir, "server-key.pem") };
  const caKeyFile = join(dir, "ca-key.pem");
  const wanted = [...new Set(["localhost", hostname().toLowerCase(), "127.0.0.1", "::1", ...names])];

  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  const [ca, caKey, cert, key] = await Promise.all([files.caFile, caKeyFile, files.certFile, files.keyFile].map(readText));
  if (isUsable(ca ?? "", cert ?? "", key ?? "", wanted)) return files;

  let signer = { cert: ca ?? "", key: caKey ?? "" };
  if (!canSign(signer)) {
    signer = await generateCa();
    await writeText(caKeyFile, signer.key, 0o600);
    await writeText(files.caFile, signer.cert, 0o644);
  }
  const leaf = await generateLeaf(signer, wanted);
  await writeText(files.keyFile, leaf.private, 0o600);
  await writeText(files.certFile, leaf.cert, 0o644);
  return files;
}

// Loaded when a certificate is made: the edge only reads certificates, and need not carry the libraries in its memory.
const loadGenerate = async () => (await import("selfsigned")).generate;

async function writeText(file: string, text: string, mode: number): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  // The generator leaves the last line open: PEM files are often put one behind the other.
  await writeFileAtomic(file, text.endsWith("\n") ? text : `${text}\n`, { mode });
}

async function generateCa(): Promise<{ cert: string; key: string }> {
  const generate = await loadGenerate();
  // A name of its own for each CA: clients that know an older one must not try that one's key on this one's signature.
  const name = `Plimsoll private CA ${randomBytes(4).toString("hex")}`;
  const made = await generate([{ name: "commonName", value: name }], {
    ...validity(caDays),
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, pathLenConstraint: 0, critical: true },
      { name: "keyUsage", keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return { cert: made.cert, key: made.private };
}

async function generateLeaf(ca: { cert: string; key: string }, names: readonly string[]) {
  const generate = await loadGenerate();
  const caEnd = new X509Certificate(ca.cert).validToDate;
  return generate([{ name: "commonName", value: "Plimsoll edge" }], {
    ...validity(leafDays, caEnd),
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    ca,
    extensions: [
      { name: "basicConstraints", cA: false, critical: true },
      { name: "keyUsage", digitalSignature: true, critical: true },
      { name: "extKeyUsage", serverAuth: true },
      {
        name: "subjectAltName",
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
}

function validity(days: number, end?: Date): { notBeforeDate: Date; notAfterDate: Date } {
  const now = Date.now();
  const notAfterMs = Math.min(now + days * dayMs, end?.getTime() ?? Number.POSITIVE_INFINITY);
  return { notBeforeDate: new Date(now - clockSkewMs), notAfterDate: new Date(notAfterMs) };
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return null;
    throw error;
  }
}

function isUsable(caPem: string, certPem: string, keyPem: string, names: readonly string[]): boolean {
  if (pairProblem(certPem, keyPem) !== null) return false;
  const cert = new X509Certificate(certPem);
  const ca = parseCertificate(caPem);
  const covers = (name: string) => (isIP(name) === 0 ? cert.checkHost(name) : cert.checkIP(name)) !== undefined;
  return ca !== null && cert.verify(ca.publicKey) && outlives(ca) && outlives(cert) && names.every(covers);
}

function canSign(ca: { cert: string; key: string }): boolean {
  return pairProblem(ca.cert, ca.key) === null && outlives(new X509Certificate(ca.cert));
}

const outlives = (cert: X509Certificate): boolean => cert.validToDate.getTime() > Date.now() + renewBeforeMs;

function parseCertificate(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}

/** What keeps a PEM certificate and key from being served, in one line without the files' names; null when nothing does. */
function pairProblem(certPem: string, keyPem: string): string | null {
  const cert = parseCertificate(certPem);
  if (cert === null) return "the certificate file holds no PEM certificate";
  let matches: boolean;
  try {
    matches = cert.checkPrivateKey(createPrivateKey(keyPem));
  } catch {
    return "the key file holds no unencrypted PEM private key";
  }
  if (!matches) return "the key does not belong to the certificate";
  if (cert.validToDate.getTime() <= Date.now()) return `the certificate expired at ${cert.validToDate.toISOString()}`;
  return null;
}

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** Reads a pair and checks it. Throws an Error whose message is the one-line problem. */
export function loadCertificate(certFile: string, keyFile: string): KeyPair {
  const [cert = "", key = ""] = [certFile, keyFile].map((file) => {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      throw new Error(`cannot read ${file}: ${errorCode(error) || errorMessage(error)}`);
    }
  });
  const problem = pairProblem(cert, key);
  if (problem !== null) throw new Error(`${problem} (${certFile}, ${keyFile})`);
  return { cert, key };
}

/** One line that says why the edge cannot serve this pair (unreadable, not PEM, not a pair, expired), or null. */
export function checkCertificate(certFile: string, keyFile: string): string | null {
  try {
    loadCertificate(certFile, keyFile);
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}
