import { describe, expect, it } from "vitest";
import { TestServer } from "../load/test-server.ts";
import { TestCommand } from "../testing/command.ts";

describe("reports of a run", () => {
  it("stand beside its summary when it is over, each in its form", async () => {
    await using server = await TestServer.listen();
    const wanted = ["html=run.html", "junit=run.xml", "markdown=run.md"].flatMap((report) => ["--report", report]);
    await using command = new TestCommand(["throughput", "--base-url", server.url, "-n", "50", "-c", "2", ...wanted]);
    expect(await command.ended()).toMatchObject({ code: 0, stderr: "" });
    expect(command.text("run.html")).toMatch(/^<!doctype html>/);
    expect(command.text("run.xml")).toMatch(/<testsuites/);
    expect(command.text("run.md")).toMatch(/^### ✅/);
  });

  it.each([
    ["of a form that is none", "pdf=run.pdf", /--report "pdf=run.pdf": accepted is FORMAT=FILE, FORMAT one of html/],
    ["without a place", "html", /--report "html": accepted is FORMAT=FILE/],
    ["in a place that is not there", "html=missing/run.html", /cannot write the report to missing\/run.html: .*does not exist/],
  ])("%s are refused before anything is sent", async (_, given, message) => {
    await using server = await TestServer.listen();
    await using command = new TestCommand(["throughput", "--base-url", server.url, "-n", "5", "--report", given]);
    const { code, stderr } = await command.ended();
    expect(stderr).toMatch(message);
    expect([code, server.requests]).toEqual([104, 0]);
  });
});
