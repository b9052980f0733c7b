import { stat } from "node:fs/promises";
import type { Server as HttpServer } from "node:http";
import { Server as TlsServer } from "node:tls";
import { type KeyPair, loadCertificate } from "./certificate.ts";
import type { EdgeConfig } from "./config.ts";
import { errorMessage } from "./errors.ts";
import { secureContext } from "./listener.ts";
import type { Logger } from "./log.ts";

export interface CertificateWatch {
  close(): void;
}

/**
 * Polls both files (a watch by inode misses atomic renames and mounted secrets) and loads them once they changed and
 * then stayed the same for a whole poll: between the two renames of a renewal the pair does not match. A pair that is
 * still broken then is refused; the one in use stays, and the next change is tried again.
 */
export function watchCertificate(
  files: { readonly certFile: string; readonly keyFile: string; readonly pollMs: number },
  on: { readonly renewed: (pair: KeyPair) => void; readonly refused: (problem: string) => void },
): CertificateWatch {
  let used: string | null = null;
  let last: string | null = null;
  let closed = false;

  async function poll(): Promise<void> {
    const now = (await Promise.all([fingerprint(files.certFile), fingerprint(files.keyFile)])).join();
    if (closed) return;
    used ??= now;
    const settled = now === last;
    last = now;
    if (!settled || now === used) return;
    used = now;
    try {
      on.renewed(loadCertificate(files.certFile, files.keyFile));
    } catch (error) {
      on.refused(errorMessage(error));
    }
  }

  void poll();
  const timer = setInterval(() => void poll(), files.pollMs);
  timer.unref();
  return {
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** New connections get the renewed pair; those that are open, and the session tickets given out, stay as they are. */
export function renewCertificate(
  server: HttpServer,
  config: EdgeConfig,
  files: NonNullable<EdgeConfig["tls"]>,
  log: Logger,
): CertificateWatch {
  return watchCertificate(files, {
    renewed(pair) {
      if (server instanceof TlsServer) server.setSecureContext(secureContext(config, pair));
      log.info({ event: "certificate-renewed", certFile: files.certFile });
    },
    refused(problem) {
      log.error({ event: "certificate-refused", problem, remedy: "the previous certificate stays in use" });
    },
  });
}

async function fingerprint(file: string): Promise<string> {
  try {
    const { ino, size, mtimeMs, ctimeMs } = await stat(file);
    return `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
  } catch {
    return "missing";
  }
}
