import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { sweepLock, takeLock } from "./lock.ts";
import { identify } from "./process-table.ts";

const { signal } = new AbortController();
const deadHolder = JSON.stringify({ pid: 1, start: "0@another-boot" });
let dir = "";
let file = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "plimsoll-lock-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  file = join(dir, "lock");
});

test("is there while it is held, and nothing is left afterwards", async () => {
  const release = await takeLock(file, { waitMs: 0, onWait: () => {}, signal });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(identify(process.pid));
  release();
  expect(readdirSync(dir)).toEqual([]);
});

test("waits for a live holder and says whom it waits for", async () => {
  const release = await takeLock(file, { waitMs: 0, onWait: () => {}, signal });
  let waitingFor = 0;
  const second = takeLock(file, {
    waitMs: 20_000,
    onWait: ({ pid }) => {
      waitingFor = pid;
      release();
    },
    signal,
  });
  (await second)();
  expect(waitingFor).toBe(process.pid);
});

test("gives up when the wait is over, and names the holder", async () => {
  const release = await takeLock(file, { waitMs: 0, onWait: () => {}, signal });
  await expect(takeLock(file, { waitMs: 0, onWait: () => {}, signal })).rejects.toThrow(`pid ${process.pid}`);
  release();
});

test.each([
  ["a dead holder", deadHolder],
  ["a holder whose pid belongs to another process now", JSON.stringify({ pid: process.pid, start: "0@another-boot" })],
  ["a damaged file", "{"],
])("takes over from %s", async (_, content) => {
  writeFileSync(file, content);
  const release = await takeLock(file, { waitMs: 0, onWait: () => expect.unreachable(), signal });
  release();
  expect(readdirSync(dir)).toEqual([]);
});

test("takes over although another process was killed while taking over", async () => {
  writeFileSync(file, deadHolder);
  mkdirSync(`${file}.takeover`);
  const longAgo = Date.now() / 1000 - 60;
  utimesSync(`${file}.takeover`, longAgo, longAgo);
  (await takeLock(file, { waitMs: 0, onWait: () => {}, signal }))();
  expect(readdirSync(dir)).toEqual([]);
});

test("an interrupted wait ends", async () => {
  const release = await takeLock(file, { waitMs: 0, onWait: () => {}, signal });
  const interrupted = new AbortController();
  const second = takeLock(file, { waitMs: 20_000, onWait: () => interrupted.abort(), signal: interrupted.signal });
  await expect(second).rejects.toThrow();
  release();
});

test("sweeping removes what killed processes left, and nothing else", () => {
  writeFileSync(file, "");
  writeFileSync(`${file}.${process.pid}`, "");
  writeFileSync(`${file}.${2 ** 30}`, "");
  writeFileSync(`${file}smith`, "");
  mkdirSync(`${file}.takeover`);
  sweepLock(file);
  expect(readdirSync(dir).sort()).toEqual(["lock", `lock.${process.pid}`, "locksmith"]);
});

test("of many processes that find a dead holder only one at a time goes on", async () => {
  writeFileSync(file, deadHolder);
  const inside = join(dir, "inside");
  const script = `
    import { takeLock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
    import { mkdirSync, rmdirSync } from "node:fs";
    for (let round = 0; round < 3; round += 1) {
      const release = await takeLock(${JSON.stringify(file)}, { waitMs: 25_000, onWait() {}, signal: new AbortController().signal });
      mkdirSync(${JSON.stringify(inside)});
      await new Promise((resolve) => setTimeout(resolve, 5));
      rmdirSync(${JSON.stringify(inside)});
      release();
    }`;
  const children = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "ignore", "inherit"] }),
  );
  onTestFinished(() => children.forEach((child) => void child.kill("SIGKILL")));
  expect(await Promise.all(children.map((child) => once(child, "exit")))).toEqual(children.map(() => [0, null]));
  expect(existsSync(file)).toBe(false);
});
