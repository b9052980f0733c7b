import { BlockList, isIP, isIPv4 } from "node:net";
import * as z from "zod";

/** One environment variable: how its text becomes a value, what it is when unset, and why. */
export interface Setting<T> {
  /** Text used when the variable is unset or empty; null when it must be given. */
  readonly default: string | null;
  readonly reason: string;
  readonly schema: z.ZodType<T, string>;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

export type Values<S extends Settings> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export function setting<T>(defaultText: string | null, schema: z.ZodType<T, string>, reason: string): Setting<T> {
  return { default: defaultText, reason, schema };
}

/** Decimal digits only: `1e3`, `0x10` and `10s` are refused rather than guessed at. */
export function integer(min: number, max: number, unit = ""): z.ZodType<number, string> {
  const accepted = `a whole number from ${min} to ${max}${unit === "" ? "" : ` (${unit})`}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, accepted)
    .transform(Number)
    .refine((value) => value >= min && value <= max, accepted);
}

/** As `integer`; null when it is not given. */
export function optionalInteger(min: number, max: number): z.ZodType<number | null, string> {
  const given = integer(min, max);
  return z.union([z.literal("").transform(() => null), given], `a whole number from ${min} to ${max}`);
}

export const port = integer(0, 65_535, "0: the system chooses");

/** Never 0, which means "no limit" to Node: every wait ends. */
export const milliseconds = (max = 3_600_000): z.ZodType<number, string> => integer(1, max, "milliseconds");

export const share: z.ZodType<number, string> = z
  .string()
  .regex(/^(0|1|0?\.\d+|1\.0+|0\.0+)$/, "a share from 0 to 1, such as 0.01")
  .transform(Number);

export function choice<const T extends string>(...words: readonly [T, ...T[]]): z.ZodType<T, string> {
  return z.enum(words as unknown as [T, ...T[]], `one of ${words.join(", ")}`) as unknown as z.ZodType<T, string>;
}

export const path: z.ZodType<string, string> = z.string().regex(/^\/[\x21-\x7e]*$/, "a path that starts with /, such as /readyz");

export const optionalText: z.ZodType<string | null, string> = z.string().transform((value) => (value === "" ? null : value));

export const address: z.ZodType<string, string> = z
  .string()
  .refine((value) => isIP(value) !== 0, "an IP address to listen on, such as :: or 127.0.0.1");

const originsAccepted = "http:// or https:// origins separated by commas, without path, query or credentials";

/** Origins as `new URL` spells them, in the order given; a repetition is refused because it would count twice. */
export const origins: z.ZodType<readonly string[], string> = z.string().transform((value, context) => {
  const found: string[] = [];
  for (const item of value.split(",")) {
    const url = URL.canParse(item.trim()) ? new URL(item.trim()) : null;
    const plain = url !== null && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === "";
    if (url === null || !plain || url.pathname !== "/" || found.includes(url.origin)) {
      context.addIssue({ code: "custom", message: originsAccepted });
      return z.NEVER;
    }
    found.push(url.origin);
  }
  return found;
});

/** Addresses and CIDR blocks separated by commas. */
export const networks: z.ZodType<BlockList, string> = z.string().transform((value, context) => {
  const list = new BlockList();
  for (const item of value.split(",").map((part) => part.trim())) {
    if (item === "") continue;
    const [host = "", prefix, ...rest] = item.split("/");
    const family = isIPv4(host) ? "ipv4" : "ipv6";
    const bits = prefix === undefined ? (family === "ipv4" ? 32 : 128) : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (isIP(host) === 0 || rest.length > 0 || bits < 0 || bits > (family === "ipv4" ? 32 : 128)) {
      context.addIssue({ code: "custom", message: "IP addresses or CIDR blocks separated by commas, such as 10.0.0.0/8" });
      return z.NEVER;
    }
    list.addSubnet(host, bits, family);
  }
  return list;
});

/** The configuration cannot be used. `problems` holds one line a variable, ready to print. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** What a user gave, without the password a URL may hold. */
function shown(value: string): string {
  return JSON.stringify(value.replace(/\/\/[^/@\s]*@/g, "//***@"));
}

/**
 * Reads all settings from `env`; surrounding space is ignored and an empty value means unset.
 * `problems` is empty exactly when `values` is whole.
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Readonly<Record<string, string | undefined>>,
): { values: Values<S>; problems: string[] } {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { default: defaultText, schema }] of Object.entries(settings)) {
    const given = env[name]?.trim() || defaultText;
    if (given === null) {
      const accepted = schema.safeParse("").error?.issues[0]?.message ?? "a value";
      problems.push(`${name} is not set: expected ${accepted}`);
      continue;
    }
    const parsed = schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else problems.push(`${name}=${shown(given)}: expected ${parsed.error.issues[0]?.message ?? "another value"}`);
  }
  return { values: values as Values<S>, problems };
}
