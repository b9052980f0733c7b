import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { simulatedRun, steadyTarget } from "../bench/simulated-run.ts";
import { comparisonSchema } from "../judge/compare/comparison.ts";
import type { Summary } from "../measure/summary.ts";
import { TestCommand } from "../testing/command.ts";

/** Runs of a and b, and others beside them, as summaries in a directory. */
let place: TestCommand;

beforeAll(() => {
  place = new TestCommand(["--version"]);
  const runs = (directory: string, count: number, from: number, slowdown: number, change = (summary: Summary) => summary) => {
    mkdirSync(join(place.directory, directory));
    for (let i = 1; i <= count; i++) {
      const summary = change(simulatedRun({ ...steadyTarget, slowdown }, from + i));
      writeFileSync(join(place.directory, directory, `run-${i}.json`), JSON.stringify(summary));
    }
  };
  runs("a", 10, 0, 1);
  runs("b", 10, 100, 1.2);
  runs("shorter", 2, 200, 1, (summary) => ({
    ...summary,
    profile: { ...summary.profile, load: { model: "closed", thinkTime: null, stages: [{ durationMs: 5000, from: 9, to: 9 }] } },
  }));
  runs("aborted", 3, 400, 1, (summary) => ({
    ...summary,
    results: { verdict: "aborted", exitCode: 99, reasons: ["aborted: http_req_failed: rate>0.5 for 10 s"] },
  }));
  runs("partial", 2, 300, 1, (summary) => ({ ...summary, partial: true }));
  writeFileSync(join(place.directory, "a", "notes.json"), '{"not": "a run"}');
  mkdirSync(join(place.directory, "empty"));
});
afterAll(() => place[Symbol.asyncDispose]());

async function compare(...args: string[]) {
  await using command = new TestCommand(["compare", ...args], { prefix: ["env", "-C", place.directory] });
  return await command.ended();
}

describe("stress compare", () => {
  test("two directories: a table with both values, change, interval and verdict; exit 0", async () => {
    const { code, stdout, stderr } = await compare("a", "b");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/b against a: WORSE/);
    expect(stdout).toMatch(
      /^ http_req_duration p\(95\) +15\.\d ms ±\d % +1[89]\.\d ms ±\d % +\+\d\d\.\d % +\[\+\d+\.\d, \+\d+\.\d\] +✗ WORSE$/m,
    );
    expect(stdout).toMatch(/10 and 10 runs, Welch's t/);
  });

  test("--fail-on-regression exits 112, and 0 the other way round", async () => {
    expect((await compare("a", "b", "--fail-on-regression")).code).toBe(112);
    expect((await compare("b", "a", "--fail-on-regression")).code).toBe(0);
  });

  test.each([
    [["--a", "a/run-*.json", "--b", "b/run-*.json"], 10],
    [["--a", "a/run-1.json", "a/run-2.json", "--b", "b/run-1.json", "b/run-2.json"], 2],
    [["a/run-{1,2,3}.json", "b/run-{1,2,3}.json"], 3],
  ])("%j", async (args, runs) => {
    const { stdout } = await compare(...args, "--format", "json");
    const comparison = comparisonSchema.parse(JSON.parse(stdout));
    expect(comparison.groups.map((group) => group.runs.length)).toEqual([runs, runs]);
    expect(comparison.groups[0]?.runs.map(({ file }) => file).join()).toMatch(/^a\/run-1\.json,a\/run-2\.json/);
  });

  test("--format markdown is a table with the verdict first", async () => {
    const { stdout } = await compare("a", "b", "--format", "markdown", "--metric", "http_req_duration p(95)");
    expect(stdout.split("\n")[0]).toBe("**b against a: WORSE. Worse in http\\_req\\_duration p(95).**");
    expect(stdout).toMatch(/^\| `http_req_duration p\(95\)` \| 15\.\d ms ±\d % \| .* \| \*\*WORSE\*\* \|$/m);
  });

  test("three and more are a trend", async () => {
    const { stdout } = await compare("a", "b", "a/run-1.json");
    expect(stdout).toMatch(/^ trend from a to a\/run-1\.json:/);
  });

  test("runs of another load are refused in one line, and compared with a warning when that is wanted", async () => {
    const refused = await compare("a", "shorter");
    expect([refused.code, refused.stdout]).toEqual([104, ""]);
    expect(refused.stderr).toMatch(
      /^stress: these are runs of different things, in load \("closed model, 50 users for 60 s.*give --allow-different .*\n$/,
    );
    const { code, stdout } = await compare("a", "shorter", "--allow-different");
    expect(code).toBe(0);
    expect(stdout).toMatch(/! they differ in load: a: closed model, 50 users for 60 s/);
  });

  test.each<[string, string[], number]>([
    ["B is no worse by its other runs", ["--a", "a", "--b", "a/run-{1,2,3}.json", "aborted"], 111],
    ["B is worse by its other runs", ["--a", "a", "--b", "b", "aborted"], 112],
    ["of A, no regression is told against its other runs", ["--a", "a", "aborted", "--b", "b"], 111],
  ])("runs that were aborted: %s", async (_, args, expected) => {
    const { code, stdout } = await compare(...args, "--fail-on-regression");
    expect(code).toBe(expected);
    expect(stdout).toMatch(/had 3 runs aborted/);
    expect((await compare(...args)).code).toBe(0);
  });

  test("a side without a sound run: 111, whatever else", async () => {
    const { code, stdout } = await compare("a", "partial", "--fail-on-regression");
    expect(code).toBe(111);
    expect(stdout).toMatch(/partial\/run-1\.json is left out: it did not end in order/);
    expect(stdout).toMatch(/partial has no run that can be compared/);
  });

  test.each([
    ["one place only", ["a"], /nothing to compare with: give two summaries or more/],
    ["one side only", ["--a", "a"], /--a and --b go together/],
    ["a place beside the sides", ["a", "--a", "a", "--b", "b"], /belongs to no side|a belongs/],
    ["a directory without runs", ["a", "empty"], /empty holds no summary of a run/],
    ["a pattern that nothing matches", ["a", "nope-*.json"], /no file matches nope-\*\.json/],
    ["a file that is none", ["a", "nope.json"], /cannot read nope\.json: no such file/],
    ["a file of another kind", ["a", "a/notes.json"], /is not a summary of a run/],
    [
      "an unknown figure",
      ["a", "b", "--metric", "latency"],
      /--metric "latency" is in none of the runs: they have sustained_rps, /,
    ],
    ["a margin that is none", ["a", "b", "--margin", "wide"], /accepted is a percentage/],
    ["an unknown format", ["a", "b", "--format", "pdf"], /Allowed choices are text, json, markdown/],
  ])("%s: one line and 104", async (_, args, expected) => {
    const { code, stdout, stderr } = await compare(...args);
    expect([code, stdout]).toEqual([104, ""]);
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
  });
});
