import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { exampleSummary } from "../report/example-summary.ts";
import { saveSummary } from "./save-summary.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "plimsoll-save-"));
  mkdirSync(join(directory, "temporary"));
  vi.stubEnv("TMPDIR", join(directory, "temporary"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

/** Saves a summary that tells its warnings, as runs do. */
async function save(path: string) {
  const warnings: string[] = [];
  const saved = await saveSummary(
    path,
    () => ({ ...exampleSummary(), warnings: [...warnings] }),
    (message) => warnings.push(message),
  );
  return { ...saved, warnings };
}

test("a summary goes where it is told, without a word", async () => {
  const path = join(directory, "summary.json");
  const { files, warnings } = await save(path);
  expect([files, warnings]).toEqual([[path], []]);
  expect(JSON.parse(readFileSync(path, "utf8")).warnings).toEqual([]);
});

test("where it cannot be written it goes to temporary files, and says so in itself", async () => {
  const path = join(directory, "gone", "summary.json");
  const { files, warnings, summary } = await save(path);
  const [file = ""] = files;
  expect(dirname(dirname(file))).toBe(join(directory, "temporary"));
  expect(warnings).toEqual([expect.stringMatching(/^cannot write .*gone\/summary\.json: ENOENT.*; the summary is in /)]);
  expect(JSON.parse(readFileSync(file, "utf8")).warnings).toEqual(warnings);
  expect(summary.warnings).toEqual(warnings);
});

test("where there is no room for temporary files either, it is still there to be shown", async () => {
  rmSync(join(directory, "temporary"), { recursive: true });
  const { files, warnings, summary } = await save(join(directory, "gone", "summary.json"));
  expect([files, summary.warnings]).toEqual([[], warnings]);
  expect(warnings).toEqual([expect.stringMatching(/^cannot write .*gone\/summary\.json: ENOENT.*; nor .*: ENOENT/)]);
});
