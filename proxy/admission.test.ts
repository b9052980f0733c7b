import { expect, test } from "vitest";
import { Admission } from "./admission.ts";

const limits = { maxInFlight: 2, maxQueued: 2, queueTimeoutMs: 60_000 };

function full(overrides: Partial<typeof limits> = {}) {
  const admission = new Admission({ ...limits, ...overrides });
  expect([admission.tryEnter(), admission.tryEnter(), admission.tryEnter()]).toEqual([true, true, false]);
  const decided: string[] = [];
  const wait = (name: string) => admission.wait((admitted) => decided.push(`${name} ${admitted ? "in" : "out"}`));
  return { admission, decided, wait };
}

test("those who wait get the free places in order of arrival", () => {
  const { admission, decided, wait } = full();
  wait("a");
  wait("b");
  admission.leave();
  expect(decided).toEqual(["a in"]);
  admission.leave();
  expect(decided).toEqual(["a in", "b in"]);
  expect(admission.stats()).toMatchObject({ inFlight: 2, queued: 0 });
});

test("a full queue refuses at once", () => {
  const { admission, decided, wait } = full();
  wait("a");
  wait("b");
  expect(wait("c")).toBeNull();
  expect(decided).toEqual([]);
  expect(admission.stats()).toMatchObject({ inFlight: 2, queued: 2, refused: 1 });
});

test("who gave up waiting is passed over and never called", () => {
  const { admission, decided, wait } = full();
  wait("a")?.();
  wait("b");
  admission.leave();
  expect(decided).toEqual(["b in"]);
});

test("nobody overtakes the queue, and places come back when it is empty", () => {
  const { admission, wait } = full();
  wait("a");
  admission.leave();
  expect(admission.tryEnter()).toBe(false);
  admission.leave();
  admission.leave();
  expect(admission.stats().inFlight).toBe(0);
  expect(admission.tryEnter()).toBe(true);
});

test("who waits longer than the limit is sent away, one after the other", async () => {
  const { admission, decided, wait } = full({ queueTimeoutMs: 20 });
  wait("a");
  await new Promise((resolve) => setTimeout(resolve, 10));
  wait("b");
  await expect.poll(() => decided, { interval: 5, timeout: 10_000 }).toEqual(["a out", "b out"]);
  expect(admission.stats()).toMatchObject({ inFlight: 2, queued: 0, timedOut: 2 });
  admission.leave();
  expect(decided).toHaveLength(2);
});

test("without a queue the refusal is immediate", () => {
  const { wait } = full({ maxQueued: 0 });
  expect(wait("a")).toBeNull();
});

test("a place given back later is free once the loop has turned, and not before", async () => {
  const admission = new Admission({ maxInFlight: 2, maxQueued: 1, queueTimeoutMs: 1_000 });
  admission.tryEnter();
  admission.tryEnter();
  const admitted: boolean[] = [];
  admission.wait((isAdmitted) => admitted.push(isAdmitted));
  admission.leaveLater();
  admission.leaveLater();
  // As undici frees a connection: in the same turn, by a callback that comes after ours.
  let isFreed = false;
  setImmediate(() => {
    isFreed = true;
    expect(admitted).toEqual([]);
    expect(admission.stats().inFlight).toBe(2);
  });
  while (admitted.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(isFreed).toBe(true);
  expect(admitted).toEqual([true]);
  expect(admission.stats()).toMatchObject({ inFlight: 1, queued: 0 });
});
