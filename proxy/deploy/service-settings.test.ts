import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { backendSettings, edgeSettings } from "../config.ts";
import { fixedSettings, givenSettings, notTaken, takenEmbedded } from "./service-settings.ts";

beforeEach(() => {
  for (const name of Object.keys({ ...edgeSettings, ...backendSettings })) vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

function give(settings: Record<string, string>): void {
  for (const [name, value] of Object.entries(settings)) vi.stubEnv(name, value);
}

describe("settings that deploy.sh gives itself", () => {
  test("are not taken from the environment, and told with what to use instead", () => {
    give({ EDGE_PORT: "8443", EDGE_CERT_FILE: "mine.pem", EDGE_LOG_SAMPLE: "0.5" });
    expect(givenSettings()).toEqual({ EDGE_LOG_SAMPLE: "0.5" });
    expect(notTaken()).toBe("not taken from the environment: EDGE_PORT (use --port), EDGE_CERT_FILE (use --cert and --key)");
  });

  test("are nothing to tell of where they are empty or what they would be anyway", () => {
    give({ EDGE_PORT: "9443", EDGE_HOST: " ", BACKEND_PORT: "", EDGE_LOG_SAMPLE: "0.5" });
    expect(notTaken()).toBeNull();
  });

  test("may stand in the file that SETTINGS_FILE names, which is read and no setting to tell of", async () => {
    const directory = mkdtempSync(join(tmpdir(), "plimsoll-settings-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, "settings.env");
    writeFileSync(file, "EDGE_TLS=off\nEDGE_LOG_SAMPLE=0.5\n");
    give({ SETTINGS_FILE: file });
    expect(givenSettings()).toEqual({ EDGE_LOG_SAMPLE: "0.5" });
    expect(notTaken()).toMatch(/^not taken from the environment: EDGE_TLS \(.*\)$/);
  });

  test("upstreams are taken by an embedded edge, and told in containers", () => {
    give({ UPSTREAM_URL: "http://127.0.0.1:9500" });
    expect(givenSettings(takenEmbedded)).toEqual({ UPSTREAM_URL: "http://127.0.0.1:9500" });
    expect(notTaken(takenEmbedded)).toBeNull();
    expect(notTaken()).toMatch(/UPSTREAM_URL \(always the bundle's backend\)$/);
  });

  test("are settings of the edge or the backend", () => {
    expect(Object.keys({ ...edgeSettings, ...backendSettings })).toEqual(expect.arrayContaining(Object.keys(fixedSettings)));
  });
});
