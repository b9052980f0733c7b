import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import type { Server as HttpServer } from "node:http";
import { Server as TlsServer } from "node:tls";
import { type KeyPair, loadCertificate } from "./certificate.ts";
import type { EdgeConfig } from "./config.ts";
import { errorMessage } from "./errors.ts";
import { secureContext } from "./listener.ts";
import type { Logger } from "./log.ts";

interface PairFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

export interface CertificateWatch {
  close(): void;
}

/**
 * Polls both files (a watch by inode misses atomic renames and mounted secrets) and loads them once they changed and
 * then stayed the same for a whole poll: between the two renames of a renewal the pair does not match. A pair that is
 * still broken then is refused; the one in use stays, and the next change is tried again. `used`: the fingerprint of the
 * pair in use, from before it was loaded.
 */
export function watchCertificate(
  files: PairFiles & { readonly pollMs: number },
  used: string,
  on: { readonly renewed: (pair: KeyPair) => void; readonly refused: (problem: string) => void },
): CertificateWatch {
  let inUse = used;
  let last: string | null = null;
  let closed = false;

  async function poll(): Promise<void> {
    const now = (await Promise.all([fingerprint(files.certFile), fingerprint(files.keyFile)])).join();
    if (closed) return;
    const settled = now === last;
    last = now;
    if (!settled || now === inUse) return;
    inUse = now;
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
  used: string,
  log: Logger,
): CertificateWatch {
  return watchCertificate(files, used, {
    renewed(pair) {
      if (server instanceof TlsServer) server.setSecureContext(secureContext(config, pair));
      log.info({ event: "certificate-renewed", certFile: files.certFile });
    },
    refused(problem) {
      log.error({ event: "certificate-refused", problem, remedy: "the previous certificate stays in use" });
    },
  });
}

/** Of both files as they are now. */
export function fingerprintOf(files: PairFiles): string {
  return [files.certFile, files.keyFile]
    .map((file) => {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? missing : text(stats);
    })
    .join();
}

async function fingerprint(file: string): Promise<string> {
  return stat(file).then(text, () => missing);
}

const missing = "missing";
const text = ({ ino, size, mtimeMs, ctimeMs }: Stats) => `${ino}:${size}:${mtimeMs}:${ctimeMs}`;
