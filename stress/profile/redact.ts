import type { Profile } from "./profile.ts";

const redacted = "[redacted]";
const secretHeaders = new Set(["authorization", "cookie", "proxy-authorization"]);

/** `/a?token=x&b` → `/a?token=[redacted]&b`: every value of a query may be a secret, no name is. */
export function redactUrl(text: string): string {
  return text.replace(/([?&][^=&#\s]*=)[^&#\s]*/g, `$1${redacted}`).replace(/(:\/\/)[^/@\s]*@/g, `$1${redacted}@`);
}

export function redactHeader(name: string, value: string): string {
  return secretHeaders.has(name.trim().toLowerCase()) ? redacted : redactUrl(value);
}

/** The profile as it may be shown and stored. What is sent is never taken from it. */
export function redactProfile(profile: Profile): Profile {
  return {
    ...profile,
    target: { ...profile.target, baseUrl: redactUrl(profile.target.baseUrl) },
    requests: profile.requests.map((request) => ({
      ...request,
      route: redactUrl(request.route),
      path: redactUrl(request.path),
      headers: request.headers.map(([name, value]): [string, string] => [name, redactHeader(name, value)]),
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
