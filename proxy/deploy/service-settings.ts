import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { backendSettings, edgeSettings } from "../config.ts";
import { ConfigError } from "../setting.ts";
import { readSettingsFile } from "../settings-file.ts";
import { DeployUsageError } from "./deploy-error.ts";
import type { StateDir } from "./state-dir.ts";

export type ServiceSettings = Readonly<Record<string, string>>;

/** Given by `deploy.sh` itself, so that the environment has no say in them; and what has. */
export const fixedSettings: Readonly<Record<string, string>> = {
  EDGE_HOST: "the edge listens on all addresses",
  EDGE_PORT: "use --port",
  EDGE_ADMIN_HOST: "always loopback",
  EDGE_ADMIN_PORT: "two above --port, 9445 in containers",
  EDGE_TLS: "on; off only behind nginx: use --edge chain",
  EDGE_CERT_FILE: "use --cert and --key",
  EDGE_KEY_FILE: "use --cert and --key",
  UPSTREAM_URL: "always the bundle's backend",
  BACKEND_HOST: "reached by the edge alone",
  BACKEND_PORT: "one above --port, 9444 in containers",
};

/** The one fixed setting that an embedded edge takes: upstreams may stand beside the bundle's own backend, or for it. */
export const takenEmbedded: readonly string[] = ["UPSTREAM_URL"];

const knownSettings = { ...edgeSettings, ...backendSettings };

/**
 * The services' settings in the environment of this `deploy.sh`, and in the file that its SETTINGS_FILE names; of the fixed
 * ones those in `except`. Throws DeployUsageError.
 */
export function givenSettings(except: readonly string[] = []): ServiceSettings {
  const given = inEnvironment();
  return Object.fromEntries(
    Object.entries(given).filter(
      ([name]) => name !== "SETTINGS_FILE" && (fixedSettings[name] === undefined || except.includes(name)),
    ),
  );
}

/** One line that names the fixed settings given another value than their default, and what to use instead; null where none was. */
export function notTaken(except: readonly string[] = []): string | null {
  const names = Object.entries(inEnvironment()).flatMap(([name, value]) =>
    fixedSettings[name] === undefined ||
    except.includes(name) ||
    value === knownSettings[name as keyof typeof knownSettings].default
      ? []
      : `${name} (${fixedSettings[name]})`,
  );
  return names.length === 0 ? null : `not taken from the environment: ${names.join(", ")}`;
}

/** What is empty means the default, as everywhere. */
function inEnvironment(): ServiceSettings {
  const given: Record<string, string | undefined> = { ...process.env, ...settingsFromFile() };
  return Object.fromEntries(
    Object.keys(knownSettings).flatMap((name) => (given[name]?.trim() ? [[name, given[name].trim()]] : [])),
  );
}

function settingsFromFile(): ServiceSettings {
  try {
    return readSettingsFile(process.env);
  } catch (error) {
    if (error instanceof ConfigError) throw new DeployUsageError(`environment: ${error.problems.join("; ")}`);
    throw error;
  }
}

/** What the services read when they start and at each reload, for nobody can change their environment. */
export function writeServiceSettings(dir: StateDir, settings: ServiceSettings): void {
  writeFileAtomic.sync(dir.settingsFile, settingsText(settings), { mode: 0o600 });
}

/** In dotenv's form. */
export function settingsText(settings: ServiceSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${quoted(name, value)}\n`)
    .join("");
}

/** Empty when there is none. */
export function readServiceSettings(settingsFile: string): ServiceSettings {
  try {
    return parseEnv(readFileSync(settingsFile, "utf8")) as ServiceSettings;
  } catch {
    return {};
  }
}

/** Dotenv has no escape for the quote that encloses a value. */
function quoted(name: string, value: string): string {
  const quote = ["'", "`", '"'].find((mark) => !value.includes(mark));
  if (quote === undefined) throw new DeployUsageError(`environment: ${name} holds every kind of quote: leave one out`);
  return `${quote}${value}${quote}`;
}
