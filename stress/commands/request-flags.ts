import { readFileSync } from "node:fs";
import { gracefulCheck } from "../judge/plan/refusal.ts";
import type { Check, RequestSpec } from "../profile/profile.ts";
import { redactUrl } from "../profile/redact.ts";
import { bodyHash } from "../profile/sent.ts";
import { UsageError } from "../profile/usage-error.ts";

/** Flags that shape a request. */
export interface RequestFlags {
  path?: string;
  method?: string;
  header?: string[];
  data?: string;
  contentType?: string;
}

// RFC 9110 sections 5.6.2 and 5.5, RFC 9112 section 3.2: what may stand in a request line and a header.
const token = /^[!#$%&'*+\-.^_`|~\w]+$/;
const pathForm = /^\/[\x21-\x7e]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what a header value must not hold
const headerValue = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;
const settings = /\s(weight|route|class|body)=/;

/**
 * A request from `--request 'METHOD PATH [weight=N] [route=NAME] [class=NAME] [body=TEXT|@FILE]'`, or from the plain flags where
 * `text` is null. Headers and the body of the plain flags apply to all.
 * @throws UsageError
 */
export function parseRequest(text: string | null, flags: RequestFlags): RequestSpec {
  const [line = "", ...rest] = text === null ? [] : text.trim().split(settings);
  const [method = "", path = "", ...surplus] =
    text === null ? [flags.method ?? (flags.data === undefined ? "GET" : "POST"), flags.path ?? "/health"] : line.split(/\s+/);
  // Told in errors: whatever a query holds may be a secret.
  const shown = redactUrl(text ?? `${method} ${path}`);
  const given = new Map<string, string>();
  for (let i = 0; i < rest.length; i += 2) given.set(rest[i] as string, (rest[i + 1] ?? "").trim());
  if (surplus.length > 0 || path === "") {
    throw new UsageError(
      `--request "${shown}": accepted is 'METHOD PATH [weight=N] [route=NAME] [class=NAME] [body=TEXT|@FILE]'`,
    );
  }
  if (!token.test(method)) throw new UsageError(`method "${method}" is not one: accepted are GET, POST, PUT and so on`);
  if (!pathForm.test(path)) {
    throw new UsageError(
      `path "${redactUrl(path)}" is not one: accepted is /PATH[?QUERY] in ASCII without spaces (percent-encode the rest)`,
    );
  }
  const weight = Number(given.get("weight") ?? 1);
  if (!(weight > 0 && Number.isFinite(weight))) {
    throw new UsageError(`--request "${shown}": weight "${given.get("weight")}" is not a number above zero`);
  }
  const data = given.get("body") ?? flags.data ?? null;
  const isFile = data?.startsWith("@") === true;
  const headers = (flags.header ?? []).map(parseHeader);
  if (flags.contentType !== undefined) headers.push(["Content-Type", flags.contentType]);
  return {
    route: redactUrl(given.get("route") ?? "") || foldIds(path.split("?")[0] ?? path),
    ...(given.has("class") && { class: given.get("class") }),
    weight,
    method: method.toUpperCase(),
    path,
    headers,
    body: data !== null && !isFile ? data : null,
    ...fromFile(isFile ? data.slice(1) : null),
  };
}

/** A file that cannot be read is refused before the run, with all others (`checkFiles`). */
function fromFile(bodyFile: string | null): Pick<RequestSpec, "bodyFile" | "bodySha256"> {
  if (bodyFile === null) return { bodyFile };
  let body: Buffer;
  try {
    body = readFileSync(bodyFile);
  } catch {
    return { bodyFile };
  }
  return { bodyFile, bodySha256: bodyHash(body) };
}

/** Numbers, UUIDs and long hexadecimal strings are one route: `/users/7/orders/0b61…` → `/users/{id}/orders/{id}`. */
export function foldIds(path: string): string {
  return path.replace(/\/(?:\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|\{\{\w+\}\})(?=\/|$)/gi, "/{id}");
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(":");
  const name = text.slice(0, Math.max(0, colon)).trim();
  const value = text.slice(colon + 1).trim();
  if (!token.test(name)) throw new UsageError(`header "${name || text.split(/\s/)[0]}" is not one: accepted is -H 'Name: value'`);
  if (!headerValue.test(value)) throw new UsageError(`header ${name}: its value holds a line break or another control character`);
  if (/^(content-length|transfer-encoding|connection)$/i.test(name)) {
    throw new UsageError(`header ${name} is set by the engine, since it frames the request: leave it out`);
  }
  return [name, value];
}

const checkForms = "'status 200', 'body TEXT', 'header NAME TEXT', 'json PATH VALUE', 'graceful'";

/** A check from `--check`. @throws UsageError */
export function parseCheck(text: string): Check {
  const [, kind = "", rest = ""] = /^\s*(\S+)\s*(.*)$/s.exec(text) ?? [];
  const [, first = "", second = ""] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  switch (kind) {
    case "status":
      if (/^[1-5]\d\d$/.test(rest.trim())) return { kind, name: `status is ${rest.trim()}`, status: Number(rest) };
      break;
    case "body":
      if (rest !== "") return { kind, name: `body holds ${rest}`, contains: rest };
      break;
    case "header":
      if (token.test(first)) return { kind, name: `header ${first} holds ${second}`, header: first, contains: second };
      break;
    case "graceful":
      if (rest === "") return { kind, name: gracefulCheck };
      break;
    case "json":
      if (first !== "" && second !== "")
        return { kind, name: `json ${first} is ${second}`, path: first, equals: jsonValue(second) };
      break;
  }
  throw new UsageError(`check "${text}" is not one: accepted are ${checkForms}`);
}

/** JSON where it parses (`200`, `true`, `"a"`), plain text otherwise. */
function jsonValue(text: string): string | number | boolean | null {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
