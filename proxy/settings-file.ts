import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { errorCode } from "./errors.ts";
import { ConfigError } from "./setting.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the file that SETTINGS_FILE names says at this moment, in dotenv's form: a process cannot be given another
 * environment, but it can be told to read a file again. Throws ConfigError.
 */
export function readSettingsFile(env: Environment): Record<string, string> {
  const file = env.SETTINGS_FILE?.trim();
  if (!file) return {};
  try {
    const settings = parseEnv(readFileSync(file, "utf8"));
    return Object.fromEntries(Object.entries(settings).filter((entry): entry is [string, string] => entry[1] !== undefined));
  } catch (error) {
    throw new ConfigError([`SETTINGS_FILE=${JSON.stringify(file)}: ${errorCode(error)}: expected a readable dotenv file`]);
  }
}
