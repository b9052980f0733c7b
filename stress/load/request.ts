import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Profile, RequestSpec } from "../profile/profile.ts";
import { cellOf, cellsOf } from "../profile/routes.ts";
import { UsageError } from "../profile/usage-error.ts";
import type { Random } from "./random.ts";

/** A request ready to be written; `bytes` is built once where nothing in it varies. */
export interface PreparedRequest {
  /** The cell that it counts in: its route, by the class that asks for it where there are classes. */
  route: number;
  /** HEAD: the response has no body. */
  bodiless: boolean;
  bytes(): Buffer | string;
}

/** Sent unless the profile sets them. */
const defaultHeaders: [name: string, value: string][] = [
  ["User-Agent", "plimsoll"],
  ["Accept", "*/*"],
];

const variable = /\{\{(uuid|counter|timestamp|random)\}\}/g;

let counter = 0;

/** Values of `{{…}}`; the counter is one per worker thread. */
function generate(name: string, random: Random): string {
  switch (name) {
    case "uuid":
      return randomUUID();
    case "counter":
      return String(counter++);
    case "timestamp":
      return String(Date.now());
    default:
      return String(Math.floor(random() * 2 ** 31));
  }
}

/** Builds the profile's requests. @throws UsageError where a body file cannot be read. */
export function prepareRequests(profile: Profile, random: Random): PreparedRequest[] {
  const cells = cellsOf(profile);
  const host = new URL(profile.target.baseUrl).host;
  return profile.requests.map((spec) => {
    const head = headOf(spec, host);
    const body = bodyOf(spec);
    const route = cellOf(cells, spec);
    const bodiless = spec.method === "HEAD";
    const isTemplate = variable.test(head) || (spec.body !== null && variable.test(spec.body));
    variable.lastIndex = 0;
    if (!isTemplate) {
      const bytes = Buffer.concat([Buffer.from(withLength(head, spec, body.length), "latin1"), body]);
      return { route, bodiless, bytes: () => bytes };
    }
    const fill = (text: string) => text.replace(variable, (_, name: string) => generate(name, random));
    return {
      route,
      bodiless,
      bytes: () => {
        const filled = spec.body !== null ? Buffer.from(fill(spec.body)) : body;
        return Buffer.concat([Buffer.from(withLength(fill(head), spec, filled.length), "latin1"), filled]);
      },
    };
  });
}

/** A request by itself, for whoever sends it by other means. `{{…}}` are filled in anew each time. */
export function plainRequest(spec: RequestSpec, host: string, random: Random = Math.random): PlainRequest {
  const fill = (text: string) => text.replace(variable, (_, name: string) => generate(name, random));
  const body = spec.body === null ? bodyOf(spec) : Buffer.from(fill(spec.body));
  const headers = headersOf(spec, host);
  if (needsLength(spec, body.length)) headers.push(["Content-Length", String(body.length)]);
  return {
    method: spec.method,
    path: fill(spec.path),
    headers: headers.map(([name, value]): [string, string] => [name, fill(value)]),
    body,
  };
}

export interface PlainRequest {
  method: string;
  path: string;
  headers: [name: string, value: string][];
  body: Buffer;
}

/** The head without its last line. */
function headOf(spec: RequestSpec, host: string): string {
  const lines = headersOf(spec, host).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${spec.method} ${spec.path} HTTP/1.1\r\n${lines.join("")}`;
}

function headersOf(spec: RequestSpec, host: string): [name: string, value: string][] {
  const has = (name: string) => spec.headers.some(([key]) => key.toLowerCase() === name.toLowerCase());
  const own: typeof defaultHeaders = has("host") ? [] : [["Host", host]];
  return [...own, ...defaultHeaders.filter(([name]) => !has(name)), ...spec.headers];
}

/** RFC 9110 section 8.6: a length also where the body is empty but the method gives one a meaning. */
function withLength(head: string, spec: RequestSpec, length: number): string {
  return `${head}${needsLength(spec, length) ? `Content-Length: ${length}\r\n` : ""}\r\n`;
}

function needsLength({ method }: RequestSpec, length: number): boolean {
  return length > 0 || ["POST", "PUT", "PATCH"].includes(method);
}

function bodyOf(spec: RequestSpec): Buffer {
  if (spec.bodyFile === null) return Buffer.from(spec.body ?? "");
  try {
    return readFileSync(spec.bodyFile);
  } catch (error) {
    throw new UsageError(`cannot read the body file ${spec.bodyFile}: ${(error as NodeJS.ErrnoException).code ?? error}`);
  }
}
