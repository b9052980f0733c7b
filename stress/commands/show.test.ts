import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exampleSummary } from "../report/example-summary.ts";
import { renderJson, writeSummary } from "../report/json.ts";
import { renderText } from "../report/text.ts";

const cli = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const summary = exampleSummary({ outcome: "failed" });
let directory = "";

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "plimsoll-show-"));
  await writeSummary(join(directory, "summary.json"), summary);
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a shell command in which `stress` is the built command line, in the directory of the summary. */
async function shell(command: string, environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const script = `set -o pipefail; stress() { "${process.execPath}" "${cli}" "$@"; }; ${command}`;
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const options = { cwd: directory, env: { ...inherited, ...environment } };
  const ended = promisify(execFile)("bash", ["-c", script], options);
  return ended.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
}

test("shows the summary in the working directory as the run showed it", async () => {
  const text = renderText(summary, { width: 80, color: false, files: ["summary.json"] });
  expect(await shell("stress show")).toEqual({ code: 0, stdout: text, stderr: "" });
});

test("colours where it is asked to, and not against NO_COLOR", async () => {
  expect((await shell("stress show", { NO_COLOR: "1" })).stdout).not.toContain("\u001B");
});

describe("a reader that leaves", () => {
  test.each(["stress show | head -1", "stress show | head -c 5", "stress show | true"])("%s", async (command) => {
    const ended = await shell(command);
    expect(ended.stderr).toBe("");
    expect(ended.code).toBe(0);
  });
});

describe("what is no summary is told in one line, with exit code 104", () => {
  const hint = "give the path of a summary.json that a run wrote";
  test.each([
    ["a missing file", "stress show missing.json", `stress: cannot read missing.json: no such file; ${hint}\n`],
    ["a directory", "stress show .", `stress: cannot read .: it is a directory; ${hint}\n`],
    [
      "a path through a file",
      "stress show summary.json/x",
      `stress: cannot read summary.json/x: a part of its path is not a directory; ${hint}\n`,
    ],
  ])("%s", async (_, command, stderr) => {
    expect(await shell(command)).toEqual({ code: 104, stdout: "", stderr });
  });

  test("half a file", async () => {
    await writeFile(join(directory, "half.json"), renderJson(summary).slice(0, 1000));
    expect(await shell("stress show half.json")).toEqual({
      code: 104,
      stdout: "",
      stderr: `stress: half.json is not JSON; ${hint}\n`,
    });
  });

  test("JSON of another kind", async () => {
    await writeFile(join(directory, "other.json"), JSON.stringify({ ...summary, capacity: { averageRps: "many" } }));
    const { code, stdout, stderr } = await shell("stress show other.json");
    expect([code, stdout]).toEqual([104, ""]);
    expect(stderr).toMatch(/^stress: other\.json is not a summary of a run: capacity\.averageRps: .+\n$/);
  });
});
