import { describe, expect, it } from "vitest";
import { exampleSummary } from "../report/example-summary.ts";
import { renderJson } from "../report/json.ts";
import { TestCommand } from "../testing/command.ts";

/** Runs `stress sizing …` in a directory with the files given by name. */
async function sizing(args: readonly string[], files: Record<string, string> = {}) {
  await using command = new TestCommand(["sizing", ...args], { files });
  const ended = await command.ended();
  const written = args.includes("--out") && ended.code === 0 ? command.text("sizing.md") : null;
  return { ...ended, written };
}

const summary = { "a.json": renderJson(exampleSummary()) };

describe("the sizing document", () => {
  it("goes to standard output, or where it is told", async () => {
    const { code, stdout, stderr } = await sizing(["a.json"], summary);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^# Sizing\n/);
    expect((await sizing(["a.json", "--out", "sizing.md"], summary)).written).toBe(stdout);
  });

  it("links to notes on its evidence", async () => {
    const { stdout } = await sizing(["a.json", "--notes", "n.md"], { ...summary, "n.md": "one machine, at rest\n" });
    expect(stdout).toContain("[`n.md`](n.md)");
  });

  it("is checked against its evidence: the same passes, anything else fails", async () => {
    const { stdout } = await sizing(["a.json"], summary);
    const check = ["a.json", "--check", "--out", "sizing.md"];
    expect((await sizing(check, { ...summary, "sizing.md": stdout })).code).toBe(0);
    const { code, stderr } = await sizing(check, { ...summary, "sizing.md": stdout.replace("Sizing", "Size") });
    expect([code, stderr]).toEqual([
      99,
      "stress: sizing.md is not what its evidence gives: run the same command without --check\n",
    ]);
  });

  it.each<[string, string[], Record<string, string>, RegExp]>([
    ["a file that is not there", ["b.json"], {}, /cannot read b.json: no such file/],
    ["a file that is no summary", ["b.json"], { "b.json": "{}" }, /b.json is not a summary of a run/],
    [
      "a checkpoint",
      ["b.json"],
      { "b.json": renderJson({ ...exampleSummary(), partial: true }) },
      /checkpoint of a run that did not end/,
    ],
    ["no headroom", ["a.json", "--headroom", "much"], summary, /--headroom "much": accepted is a percentage/],
    ["all headroom", ["a.json", "--headroom", "100"], summary, /--headroom "100"/],
    [
      "a place that is not there",
      ["a.json", "--out", "no/where.md"],
      summary,
      /cannot write the document to no\/where\.md: .*no does not exist; give another place/,
    ],
    ["a check against nothing", ["a.json", "--check"], summary, /name it with --out FILE/],
    ["a compose file that is not there", ["a.json", "--compose", "c.yaml"], summary, /cannot read the compose file c.yaml/],
    [
      "a compose file that is none",
      ["a.json", "--compose", "c.yaml"],
      { ...summary, "c.yaml": "a: [" },
      /c.yaml is not a compose file/,
    ],
    ["notes that are not there", ["a.json", "--notes", "n.md"], summary, /cannot read the notes n.md/],
    [
      "a comparison that is none",
      ["a.json", "--keepalive", "k.json"],
      { ...summary, "k.json": "[]" },
      /no comparison of the upstream pool/,
    ],
  ])("refuses %s in one line", async (_, args, files, message) => {
    const { code, stderr, stdout } = await sizing(args, files);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect([code, stdout]).toEqual([104, ""]);
  });
});
