/** Stands where a secret was, or what may be one. */
export const redacted = "[redacted]";

/** What names of secrets hold: `accessToken`, `passwd`, `X-Amz-Signature`, `JSESSIONID`. Short ones are words of their own: `shipping` is no PIN. */
export const secretPart =
  /token|secret|(?<!by|com)pass|pwd|auth|sess|cred|sig|key|code|otp|jwt|[cx]srf|nonce|ticket|hash|hmac|cvv|cvc|card/i;
export const secretWord = /(?:^|[^a-z])(?:pin|sid|tan|mfa|ssn|pw)(?:[^a-z]|$)/i;

/** Whether a name, percent-encoded or not, sounds like that of a secret. */
export function soundsSecret(encoded: string): boolean {
  try {
    const name = decodeURIComponent(encoded).replace(/([a-z\d])([A-Z])/g, "$1-$2");
    return secretPart.test(name) || secretWord.test(name);
  } catch {
    return true;
  }
}
