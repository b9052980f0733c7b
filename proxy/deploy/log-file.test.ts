import { closeSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { lastLines, openLog, readSince, rotateLog } from "./log-file.ts";

let file = "";

beforeEach(() => {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-log-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  file = join(dir, "proxy.log");
});

test("a rotated log starts again at its beginning, under a writer that still has it open", () => {
  const fd = openLog(file);
  writeSync(fd, "old\n".repeat(100));
  rotateLog(file, 300);
  writeSync(fd, "new\n");
  closeSync(fd);
  expect(readFileSync(file, "utf8")).toBe("new\n");
  expect(statSync(`${file}.1`).size).toBe(400);
});

test("a log within its limit is left alone, and so is a missing one", () => {
  rotateLog(file, 10);
  writeFileSync(file, "0123456789");
  rotateLog(file, 10);
  expect(readFileSync(file, "utf8")).toBe("0123456789");
});

test("the last lines, of those after an earlier run's", () => {
  writeFileSync(file, "a\nb\nc\nd\n");
  expect(lastLines(file, 2)).toEqual(["c", "d"]);
  expect(lastLines(file, 9, 6)).toEqual(["d"]);
  expect(lastLines(file, 9, 8)).toEqual([]);
  expect(lastLines(`${file}.none`, 9)).toEqual([]);
});

test("a log that was rotated since is read from its beginning", () => {
  writeFileSync(file, "a\nb\n");
  expect(lastLines(file, 9, 4_000)).toEqual(["a", "b"]);
  expect(readSince(file, 2)).toEqual({ text: "b\n", next: 4 });
  expect(readSince(file, 4)).toEqual({ text: "", next: 4 });
  expect(readSince(file, 4_000)).toEqual({ text: "a\nb\n", next: 4 });
});
