import type { Profile } from "./profile.ts";
import { redactBody } from "./redact-body.ts";
import { redacted, soundsSecret } from "./secret-names.ts";

const secretHeaders = new Set(["authorization", "cookie", "proxy-authorization"]);

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
  return rewriteProfile(profile, redactUrl, redactBody);
}

function isSecretHeader(name: string): boolean {
  return secretHeaders.has(name.trim().toLowerCase()) || soundsSecret(name);
}

/**
 * The profile to make a digest of, never to be shown: credentials are redacted, and values of a query that sound like secrets
 * or stand under a name that does; other values are not. A digest gives away whatever has few possibilities, since whoever
 * has it can try them all. Nor does a token that was renewed make another load.
 */
export function withoutSecrets(profile: Profile): Profile {
  const isSecret = (name: string, value: string) => soundsSecret(name) || soundsSecret(value);
  return rewriteProfile(profile, (text) => rewriteUrl(text, (name, value) => !isSecret(name, value)), bodyToDigest);
}

function rewriteUrl(text: string, keeps: (name: string, value: string) => boolean): string {
  const query = /([?&])([^=&#\s]*)=([^&#\s]*)/g;
  return text
    .replace(query, (pair, mark, name, value) => (keeps(name, value) ? pair : `${mark}${name}=${redacted}`))
    .replace(/(:\/\/)[^/@\s]*@/g, `$1${redacted}@`);
}

/** The length tells bodies apart whose difference is in what is hidden. */
export function bodyToDigest(body: string): string {
  return `${body.length} ${redactBody(body)}`;
}

function rewriteProfile(profile: Profile, rewrite: (text: string) => string, rewriteBody: (body: string) => string): Profile {
  return {
    ...profile,
    target: { ...profile.target, baseUrl: rewrite(profile.target.baseUrl) },
    requests: profile.requests.map((request) => ({
      ...request,
      route: rewrite(request.route),
      path: rewrite(request.path),
      headers: request.headers.map(([name, value]): [string, string] => [name, isSecretHeader(name) ? redacted : rewrite(value)]),
      body: request.body === null ? null : rewriteBody(request.body),
    })),
  };
}

/** The command line as one string to run again, secrets removed. */
export function redactCommand(argv: readonly string[]): string {
  const follows = (at: number, ...flags: string[]) => flags.includes(argv[at - 1] ?? "");
  const shown = argv.map((argument, at) => {
    if (follows(at, "-d", "--data")) return redactBody(argument);
    return redactArgument(argument, follows(at, "-H", "--header"));
  });
  return ["stress", ...shown.map(quote)].join(" ");
}

/** A command line as `redactCommand` writes it, redacted once more: the file it stands in may have come from elsewhere. */
export function redactCommandLine(text: string): string {
  const words = text.match(/(?:\\.|'[^']*'|[^\s'\\]+)+/gs) ?? [];
  const argv = words.map((word) => word.replace(/\\(.)|'([^']*)'/gs, (_, escaped, quoted) => escaped ?? quoted));
  return redactCommand(argv.slice(1));
}

function redactArgument(argument: string, isHeader: boolean): string {
  const header = /^(-H|--header=)?\s*([^\s:]+)\s*:(.*)$/s.exec(argument);
  const name = header?.[2];
  // What is no header for certain, such as `--sample auth=pid:7`, is one by the well-known names alone.
  const isSecret = isHeader || header?.[1] !== undefined ? isSecretHeader : (of: string) => secretHeaders.has(of.toLowerCase());
  if (header && name !== undefined && isSecret(name)) return `${header[1] ?? ""}${name}: ${redacted}`;
  const [, before, body] = /^(-d|--data=|.*\sbody=)(.*)$/s.exec(argument) ?? [];
  return before !== undefined && body !== undefined ? `${redactUrl(before)}${redactBody(body)}` : redactUrl(argument);
}

function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
}
