import { randomBytes } from "node:crypto";

/** Node's ticket key: a name of 16 bytes, 16 for the HMAC, 16 for AES. */
const keyBytes = 48;

/**
 * The key that TLS session tickets are encrypted with, one for all workers, so that a client resumes on whichever it
 * reaches. Never written anywhere; a new one now and then, because who gets hold of a key can read every session that
 * was resumed under it. Node holds one key at a time: after a change each older ticket costs one full handshake.
 */
export class TicketKeys {
  #current = newKey();

  /** In base64. */
  get current(): string {
    return this.#current;
  }

  /** From now on until the process ends. */
  rotateEvery(lifeMs: number, onRotated: (key: string) => void): void {
    setInterval(() => {
      this.#current = newKey();
      onRotated(this.#current);
    }, lifeMs).unref();
  }
}

function newKey(): string {
  return randomBytes(keyBytes).toString("base64");
}
