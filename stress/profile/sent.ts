import { isUtf8 } from "node:buffer";
import { createHash } from "node:crypto";
import type { Profile } from "./profile.ts";
import { bodyToDigest, withoutSecrets } from "./redact.ts";
import { redacted } from "./secret-names.ts";

/** What a profile sends, however fast. */
export type Sent = Pick<Profile, "requests" | "selection" | "classes" | "stream">;

export function sentBy({ requests, selection, classes, stream }: Profile): Sent {
  return { requests, selection, classes, stream };
}

/**
 * Tells loads apart whose difference redaction hides (`/search?q=a` and `?q=b`): 16 hexadecimal digits of SHA-256. Secrets are not
 * in it, so loads that differ by nothing else have the same.
 */
export function loadHash(profile: Profile): string {
  return digestOf(sentBy(withoutSecrets(profile)));
}

/** The same of everything that defines a run. */
export function configHash(profile: Profile): string {
  return digestOf(withoutSecrets(profile));
}

/** The same of a body from a file; where it is text, its secrets are not in it either. */
export function bodyHash(body: Buffer): string {
  return digestOf(isUtf8(body) ? bodyToDigest(body.toString()) : body.toString("base64"));
}

/** Whether something of what a stored profile sent is hidden in it. */
export function hidesSent(profile: Profile): boolean {
  return canonical(sentBy(profile)).includes(redacted);
}

/** JSON with its members in order, so that equal settings are equal text. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    each !== null && typeof each === "object" && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function digestOf(value: unknown): string {
  return createHash("sha256").update(canonical(value)).digest("hex").slice(0, 16);
}
