import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { requests, testProfile } from "../../load/test-run.ts";
import { serverForEachTest } from "../../testing/server-case.ts";
import type { MeasuredTarget } from "../target-flags.ts";
import { type MatrixOptions, MatrixRun } from "./matrix-run.ts";
import type { Stand, Topology } from "./topology.ts";

const made = serverForEachTest();

const quiet: Stand = { key: "given", up: async () => {}, down: async () => {} };
const measured = async (): Promise<MeasuredTarget> => ({
  target: testProfile(made.server.url, requests(1, 1)).target,
  deployment: null,
  services: [],
});

/** Measures topologies at 20/s and at 40/s, and what was told meanwhile. */
async function run(topologies: Topology[], options: Partial<MatrixOptions> = {}) {
  const told: string[] = [];
  const matrix = new MatrixRun(topologies, {
    rates: [20, 40],
    durationMs: 300,
    runs: 1,
    coolDownMs: 0,
    directory: made.directory,
    against: null,
    // a number of requests: a rate would be invalid where this machine has no time to send on time
    profileAt: () => testProfile(made.server.url, requests(6, 1), { workers: 1 }),
    checkProfile: () => testProfile(made.server.url, requests(2, 1), { workers: 1 }),
    show: async () => {},
    tell: (text) => told.push(text),
    ...options,
  });
  return { ...(await matrix.go()), told: told.join("") };
}

test("an error in one cell, or where its stand is put up or taken down, ends no other", async () => {
  let asked = 0;
  // the functional check, then 20/s
  const failsOnce = async () => {
    if (++asked === 2) throw new Error("EMFILE: too many open files");
    return measured();
  };
  const broken: Stand = {
    key: "broken",
    up: async () => {
      throw new Error("ENOSPC: no space left");
    },
    down: async () => {
      throw new Error("it does not end");
    },
  };
  const { report, isWritten, told } = await run([
    { name: "none", stand: broken, target: measured },
    { name: "some", stand: quiet, target: failsOnce },
  ]);
  expect(report.rows.map(({ topology, targetRate, files }) => [topology, targetRate, files.length])).toEqual([
    ["none", 20, 0],
    ["none", 40, 0],
    ["some", 20, 0],
    ["some", 40, 1],
  ]);
  expect(report.failedTopologies).toEqual([
    { topology: "none", reason: "ENOSPC: no space left" },
    { topology: "some", reason: "at 20/s: EMFILE: too many open files" },
  ]);
  expect([report.results.exitCode, isWritten]).toEqual([99, true]);
  expect(told).toContain("warning: none may still stand: it does not end");
  expect(readdirSync(made.directory)).toContain("matrix.json");
});

test("a report that cannot be written ends nothing: it is told once, and the report is there to be shown", async () => {
  const gone = join(made.directory, "gone");
  const { report, isWritten, told } = await run([{ name: "some", stand: quiet, target: measured }], {
    directory: gone,
    // a cell makes its directory when it begins
    show: async () => rmSync(gone, { recursive: true, force: true }),
  });
  expect(report.rows.every(({ files }) => files.length === 1)).toBe(true);
  expect(isWritten).toBe(false);
  expect(told.match(/warning: cannot write .*gone\/matrix\.json: ENOENT/g)).toHaveLength(1);
});
