import { isDeepStrictEqual } from "node:util";
import type { Check } from "../profile/profile.ts";
import { text } from "./head.ts";
import type { ResponseSink } from "./parser.ts";

/** Longest body kept for a JSON check; a longer one fails it. */
const maxJsonBytes = 1024 * 1024;

/** Finds a substring in a body that comes in pieces, in constant memory (Knuth, Morris and Pratt 1977). */
class SubstringSearch {
  found = false;
  readonly #needle: Uint8Array;
  readonly #failure: Int32Array;
  #matched = 0;

  constructor(needle: string) {
    this.#needle = Buffer.from(needle);
    this.#failure = new Int32Array(this.#needle.length);
    for (let i = 1, k = 0; i < this.#needle.length; i++) {
      while (k > 0 && this.#needle[k] !== this.#needle[i]) k = this.#failure[k - 1] as number;
      if (this.#needle[k] === this.#needle[i]) k++;
      this.#failure[i] = k;
    }
  }

  begin(): void {
    this.#matched = 0;
    this.found = this.#needle.length === 0;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const needle = this.#needle;
    let matched = this.#matched;
    for (let i = start; i < end && !this.found; i++) {
      const byte = bytes[i];
      while (matched > 0 && needle[matched] !== byte) matched = this.#failure[matched - 1] as number;
      if (needle[matched] === byte && ++matched === needle.length) this.found = true;
    }
    this.#matched = matched;
  }
}

/** The value at a path such as `data.items[0].id`, undefined where there is none. */
export function valueAtPath(value: unknown, path: string): unknown {
  let at = value;
  for (const key of path.split(/[.[\]]+/).filter((part) => part !== "" && part !== "$")) {
    if (at === null || typeof at !== "object" || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** The checks of one connection, applied to each response as it comes. */
export class ResponseChecks implements ResponseSink {
  readonly #checks: readonly Check[];
  readonly #searches: (SubstringSearch | null)[];
  readonly #keepsHead: boolean;
  readonly #keepsBody: boolean;
  #head = "";
  #body: Buffer[] = [];
  #bodyBytes = 0;

  constructor(checks: readonly Check[]) {
    this.#checks = checks;
    this.#searches = checks.map((check) => (check.kind === "body" ? new SubstringSearch(check.contains) : null));
    this.#keepsHead = checks.some(({ kind }) => kind === "header" || kind === "graceful");
    this.#keepsBody = checks.some((check) => check.kind === "json");
  }

  /** Whether a parser must hand over the response's parts at all. */
  get watches(): boolean {
    return this.#keepsHead || this.#keepsBody || this.#searches.some((search) => search !== null);
  }

  begin(): void {
    for (const search of this.#searches) search?.begin();
    if (this.#keepsHead) this.#head = "";
    if (this.#keepsBody) {
      this.#body = [];
      this.#bodyBytes = 0;
    }
  }

  onHead(bytes: Uint8Array, start: number, end: number): void {
    if (this.#keepsHead) this.#head = text(bytes, start, end);
  }

  onBody(bytes: Uint8Array, start: number, end: number): void {
    for (const search of this.#searches) search?.push(bytes, start, end);
    if (!this.#keepsBody) return;
    this.#bodyBytes += end - start;
    if (this.#bodyBytes <= maxJsonBytes) this.#body.push(Buffer.from(bytes.subarray(start, end)));
  }

  /** Adds each check's outcome to `passes` or `fails`; `status` is 0 for a request without a complete response. */
  finish(status: number, passes: number[], fails: number[]): void {
    for (let i = 0; i < this.#checks.length; i++) {
      const counts = status !== 0 && this.#holds(i, status) ? passes : fails;
      counts[i] = (counts[i] as number) + 1;
    }
  }

  #holds(index: number, status: number): boolean {
    const check = this.#checks[index] as Check;
    switch (check.kind) {
      case "status":
        return status === check.status;
      case "body":
        return this.#searches[index]?.found === true;
      case "header":
        return this.#headerHolds(check.header, check.contains);
      case "graceful":
        return status < 400 || ((status === 503 || status === 429) && this.#headerHolds("retry-after", ""));
      case "json":
        return this.#jsonHolds(check.path, check.equals);
    }
  }

  #headerHolds(name: string, contains: string): boolean {
    const wanted = `${name.toLowerCase()}:`;
    return this.#head
      .split("\r\n")
      .some((line) => line.toLowerCase().startsWith(wanted) && line.slice(wanted.length).includes(contains));
  }

  #jsonHolds(path: string, equals: unknown): boolean {
    if (this.#bodyBytes > maxJsonBytes) return false;
    try {
      const value = valueAtPath(JSON.parse(Buffer.concat(this.#body).toString()), path);
      // The order of an object's members means nothing (RFC 8259 section 4).
      return isDeepStrictEqual(value, equals);
    } catch {
      return false;
    }
  }
}
