import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { backendSettings, edgeSettings } from "../config.ts";
import { ConfigError } from "../setting.ts";
import { readSettingsFile } from "../settings-file.ts";
import { DeployUsageError } from "./deploy-error.ts";
import type { StateDir } from "./state-dir.ts";

export type ServiceSettings = Readonly<Record<string, string>>;

/** Given by `deploy.sh` itself; the environment has no say in them. */
export const fixedSettings: ReadonlySet<string> = new Set([
  ...["BACKEND_HOST", "BACKEND_PORT", "EDGE_HOST", "EDGE_PORT", "EDGE_ADMIN_HOST", "EDGE_ADMIN_PORT"],
  ...["EDGE_TLS", "EDGE_CERT_FILE", "EDGE_KEY_FILE", "UPSTREAM_URL", "SETTINGS_FILE"],
]);

/**
 * The services' settings in the environment of this `deploy.sh`, and in the file that its SETTINGS_FILE names; of the fixed
 * ones those in `except`. Throws DeployUsageError.
 */
export function givenSettings(except: readonly string[] = []): ServiceSettings {
  const given: Record<string, string | undefined> = { ...process.env, ...settingsFromFile() };
  const names = Object.keys({ ...edgeSettings, ...backendSettings }).filter(
    (name) => !fixedSettings.has(name) || except.includes(name),
  );
  return Object.fromEntries(names.flatMap((name) => (given[name]?.trim() ? [[name, given[name].trim()]] : [])));
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
