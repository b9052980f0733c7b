import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { endProcesses, findByEnvironment, identify, isAlive, readFromPs, readProcess } from "./process-table.ts";

/** A process that says when it is ready; killed when the test ends. */
async function startNode(script: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["-e", `${script}; setInterval(() => {}, 1000); console.log("ready")`], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error("the child is not in the process table");
  return { child, identity };
}

test("reads command, memory and a start time that stays the same", () => {
  const entry = readProcess(process.pid);
  expect(entry?.command).toContain("node");
  expect(entry?.rssBytes).toBeGreaterThan(10 * 1024 ** 2);
  expect(readProcess(process.pid)?.start).toBe(entry?.start);
});

test("reads the same process from ps, for systems without /proc", () => {
  const [fromPs, own] = [readFromPs(process.pid), readProcess(process.pid)];
  expect(fromPs?.pid).toBe(process.pid);
  expect(fromPs?.command).toContain("node");
  expect(fromPs?.start).toMatch(/\d{4}$/);
  expect((fromPs?.rssBytes ?? 0) / (own?.rssBytes ?? 1)).toBeGreaterThan(0.5);
  expect(readFromPs(2 ** 30)).toBeNull();
});

test("takes a pid with another start time for another process, and leaves it alone", async () => {
  const { identity } = await startNode("");
  const recycled = { pid: identity.pid, start: "1@somewhere" };
  expect(isAlive(recycled)).toBe(false);
  expect(await endProcesses([recycled], 100)).toEqual([]);
  expect(isAlive(identity)).toBe(true);
});

test("takes a zombie for dead", async () => {
  // the second `sleep` takes the place of the shell, which could still reap a child that ended at once, and never reaps the first
  const parent = spawn("sh", ["-c", "sleep 0.5 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [pid] = await once(parent.stdout, "data");
  await expect.poll(() => readProcess(Number(pid)), { timeout: 10_000 }).toBeNull();
  expect(readFileSync(`/proc/${Number(pid)}/stat`, "utf8")).toContain(" Z ");
});

test("finds processes by what their environment said when they were started", async () => {
  const value = `test-${process.pid}-${performance.now()}`;
  const { identity } = await startNode("", { PLIMSOLL_TEST_MARK: value });
  expect(findByEnvironment("PLIMSOLL_TEST_MARK", value)).toEqual([identity]);
  expect(findByEnvironment("PLIMSOLL_TEST_MARK", "another")).toEqual([]);
});

test("ends a process politely, and by force when it does not listen", async () => {
  const polite = await startNode(`process.on("SIGTERM", () => process.exit(7))`);
  const stubborn = await startNode(`process.on("SIGTERM", () => {})`);
  const exits = [once(polite.child, "exit"), once(stubborn.child, "exit")];
  expect(await endProcesses([polite.identity, stubborn.identity], 2_000)).toEqual([]);
  expect(await Promise.all(exits)).toEqual([
    [7, null],
    [null, "SIGKILL"],
  ]);
});
