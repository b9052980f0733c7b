import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import { createAdmin } from "../admin.ts";
import { type CertificateFiles, makeCertificates } from "../certificate.ts";
import { parseEdgeConfig } from "../config.ts";
import { createEdge } from "../edge.ts";
import { createLog } from "../log.ts";
import { runChecks } from "../readiness.ts";
import { RawClient } from "./raw-client.ts";

export interface TestCertificate extends CertificateFiles {
  readonly dir: string;
  readonly ca: string;
  remove(): void;
}

export async function makeTestCertificate(): Promise<TestCertificate> {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-edge-"));
  const files = await makeCertificates(dir);
  return { ...files, dir, ca: readFileSync(files.caFile, "utf8"), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

export interface TestEdge {
  readonly port: number;
  readonly adminPort: number;
  /** Log lines so far, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  open(options?: ConnectionOptions): Promise<RawClient>;
  admin(path: string): Promise<{ status: number; text: string }>;
  setTicketKey(key: Buffer): void;
  drain(): Promise<number>;
}

/** An edge of its own ports in this process, over real TLS. `env` overrides what the test needs otherwise. */
export async function startEdge(
  certificate: TestCertificate,
  env: Record<string, string>,
  beforeItListens?: () => Promise<unknown>,
): Promise<TestEdge> {
  const logged: Record<string, unknown>[] = [];
  const config = parseEdgeConfig({
    EDGE_CERT_FILE: certificate.certFile,
    EDGE_KEY_FILE: certificate.keyFile,
    ...env,
  });
  const edge = createEdge(config, createLog("edge", config.logLevel, { write: (line) => logged.push(JSON.parse(line)) }));
  await beforeItListens?.();
  const port = await edge.listen({ host: "127.0.0.1", port: 0, setting: "EDGE_PORT" });
  const admin = createAdmin({ readiness: () => runChecks(edge.checks), metrics: edge.metrics });
  const adminPort = await admin.listen("127.0.0.1", 0);
  return {
    port,
    adminPort,
    logged,
    open: (options) =>
      RawClient.open(
        port,
        config.tls === null ? undefined : { ca: certificate.ca, host: "127.0.0.1", servername: "localhost", ...options },
      ),
    async admin(path) {
      const response = await fetch(`http://127.0.0.1:${adminPort}${path}`);
      return { status: response.status, text: await response.text() };
    },
    setTicketKey: (key) => edge.setTicketKey(key),
    async drain() {
      const cut = await edge.drain();
      await admin.close();
      return cut;
    },
  };
}
