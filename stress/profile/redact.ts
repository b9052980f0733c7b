import type { Profile } from "./profile.ts";

/** Stands where a secret was, or what may be one. */
export const redacted = "[redacted]";
const secretHeaders = new Set(["authorization", "cookie", "proxy-authorization"]);

/** What names of secrets hold: `accessToken`, `passwd`, `X-Amz-Signature`, `JSESSIONID`. Short ones are words of their own: `shipping` is no PIN. */
const secretPart = /token|secret|pass|pwd|auth|sess|cred|sig|key|code|otp|jwt|[cx]srf|nonce|ticket|hash|hmac|cvv|cvc|card/i;
const secretWord = /(?:^|[^a-z])(?:pin|sid|tan|mfa|ssn|pw)(?:[^a-z]|$)/i;

/**
 * `/a?token=7&n=20&q=x` → `/a?token=[redacted]&n=20&q=[redacted]`. No name of a query is a secret, and every value may be
 * one. Kept is what a load is told from another by: whole numbers of at most six digits, `true` and `false`. A one-time
 * password, a PIN and the id of a session can be such a number as well; so a name that sounds like that of a secret hides
 * whatever it has, and rather too much is taken for one (`author`, `design`) than too little.
 */
export function redactUrl(text: string): string {
  return rewriteUrl(text, (name, value) => !soundsSecret(name) && /^(-?\d{1,6}|true|false)$/i.test(value));
}

/** The profile as it may be shown and stored. What is sent is never taken from it. */
export function redactProfile(profile: Profile): Profile {
  return rewriteProfile(profile, redactUrl);
}

/**
 * The profile to make a digest of, never to be shown: credentials are redacted, and values of a query that sound like secrets
 * or stand under a name that does; other values are not. A digest gives away whatever has few possibilities, since whoever
 * has it can try them all. Nor does a token that was renewed make another load.
 */
export function withoutSecrets(profile: Profile): Profile {
  return rewriteProfile(profile, (text) => rewriteUrl(text, (name, value) => !soundsSecret(name) && !soundsSecret(value)));
}

function soundsSecret(encoded: string): boolean {
  try {
    const name = decodeURIComponent(encoded).replace(/([a-z\d])([A-Z])/g, "$1-$2");
    return secretPart.test(name) || secretWord.test(name);
  } catch {
    return true;
  }
}

function rewriteUrl(text: string, keeps: (name: string, value: string) => boolean): string {
  const query = /([?&])([^=&#\s]*)=([^&#\s]*)/g;
  return text
    .replace(query, (pair, mark, name, value) => (keeps(name, value) ? pair : `${mark}${name}=${redacted}`))
    .replace(/(:\/\/)[^/@\s]*@/g, `$1${redacted}@`);
}

function rewriteProfile(profile: Profile, rewrite: (text: string) => string): Profile {
  return {
    ...profile,
    target: { ...profile.target, baseUrl: rewrite(profile.target.baseUrl) },
    requests: profile.requests.map((request) => ({
      ...request,
      route: rewrite(request.route),
      path: rewrite(request.path),
      headers: request.headers.map(([name, value]): [string, string] => [
        name,
        secretHeaders.has(name.trim().toLowerCase()) ? redacted : rewrite(value),
      ]),
    })),
  };
}

/** The command line as one string to run again, secrets removed. */
export function redactCommand(argv: readonly string[]): string {
  return ["stress", ...argv.map(redactArgument).map(quote)].join(" ");
}

/** A command line as `redactCommand` writes it, redacted once more: the file it stands in may have come from elsewhere. */
export function redactCommandLine(text: string): string {
  const words = text.match(/(?:\\.|'[^']*'|[^\s'\\]+)+/gs) ?? [];
  const argv = words.map((word) => word.replace(/\\(.)|'([^']*)'/gs, (_, escaped, quoted) => escaped ?? quoted));
  return redactCommand(argv.slice(1));
}

function redactArgument(argument: string): string {
  const header = /^(-H|--header=)?\s*([^\s:]+)\s*:(.*)$/s.exec(argument);
  const name = header?.[2];
  if (header && name !== undefined && secretHeaders.has(name.toLowerCase())) return `${header[1] ?? ""}${name}: ${redacted}`;
  return redactUrl(argument);
}

function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
