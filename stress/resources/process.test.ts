import { identify, type ProcessIdentity } from "@plimsoll/proxy/process-table";
import { describe, expect, it } from "vitest";
import { type Locate, ProcessSource } from "./process.ts";
import type { Reading } from "./source.ts";
import { TestProcess } from "./test-process.ts";

const mib = 2 ** 20;

function identityOf({ pid }: TestProcess): ProcessIdentity {
  const identity = identify(pid);
  if (identity === null) throw new Error(`process ${pid} does not run`);
  return identity;
}

function sourceOf(process: TestProcess): ProcessSource {
  const identity = identityOf(process);
  return new ProcessSource(async () => ({ identity, restarts: 0 }));
}

async function read(source: ProcessSource, pss = false): Promise<Reading> {
  const reading = await source.read({ pss });
  if (reading === null) throw new Error("no reading");
  return reading;
}

describe("memory", () => {
  it("sees what a process eats", async () => {
    await using eater = await TestProcess.start();
    const source = sourceOf(eater);
    const before = await read(source);
    await eater.order("eat 64");
    const grown = ((await read(source)).rssBytes ?? 0) - (before.rssBytes ?? 0);
    expect(grown).toBeGreaterThan(48 * mib);
    expect(grown).toBeLessThan(96 * mib);
  });

  it("adds the tree up, and PSS counts shared pages once", async () => {
    await using root = await TestProcess.start();
    const source = sourceOf(root);
    const alone = await read(source, true);
    await root.order("fork");
    const both = await read(source, true);
    expect(both.rssBytes).toBeGreaterThan((alone.rssBytes ?? 0) * 1.5);
    if (process.platform !== "linux") return;
    expect(both.threads).toBeGreaterThan(alone.threads ?? 0);
    expect(both.fds).toBeGreaterThan(alone.fds ?? 0);
    expect(both.pssBytes).toBeLessThan(both.rssBytes ?? 0);
  });

  it("reads PSS only when it is asked to", async () => {
    await using child = await TestProcess.start();
    expect((await read(sourceOf(child))).pssBytes).toBeNull();
  });

  it("leaves out what processes do not have, rather than telling zero", async () => {
    await using child = await TestProcess.start();
    const reading = await read(sourceOf(child));
    expect(reading.workingSetBytes).toBeNull();
    expect(reading.oomKills).toBeNull();
  });
});

describe("CPU", () => {
  it("begins at zero, whatever the process used before", async () => {
    await using child = await TestProcess.start();
    await child.order("burn 200");
    expect((await read(sourceOf(child))).cpuMs).toBe(0);
  });

  it("counts what a process burns", async () => {
    await using child = await TestProcess.start();
    const source = sourceOf(child);
    await read(source);
    await child.order("burn 300");
    const { cpuMs } = await read(source);
    expect(cpuMs).toBeGreaterThan(250);
    expect(cpuMs).toBeLessThan(600);
  });

  it("counts what a child burns that was there before, and one that was born since", async () => {
    await using root = await TestProcess.start();
    const source = sourceOf(root);
    await root.order("fork");
    await read(source);
    await root.order("child burn 300");
    const old = (await read(source)).cpuMs ?? 0;
    expect(old).toBeGreaterThan(250);
    await root.order("child fork");
    await root.order("child child burn 300");
    expect((await read(source)).cpuMs).toBeGreaterThan(old + 250);
  });

  it("never falls, though a child takes its share with it", async () => {
    await using root = await TestProcess.start();
    const source = sourceOf(root);
    await root.order("fork");
    await read(source);
    await root.order("child burn 200");
    const before = (await read(source)).cpuMs ?? 0;
    await root.order("killChild");
    expect((await read(source)).cpuMs).toBeGreaterThanOrEqual(before);
  });
});

describe("identity", () => {
  it("has no reading once the process has died, and no restart either", async () => {
    await using child = await TestProcess.start();
    const source = sourceOf(child);
    await read(source);
    await child.kill();
    expect(await source.read({ pss: false })).toBeNull();
  });

  it("never takes another process for ours that has got its pid", async () => {
    await using child = await TestProcess.start();
    const { pid, start } = identityOf(child);
    const source = new ProcessSource(async () => ({ identity: { pid, start: `earlier ${start}` }, restarts: 0 }));
    expect(await source.read({ pss: true })).toBeNull();
  });

  it("follows a service to its next process, and counts the restart", async () => {
    await using first = await TestProcess.start();
    let located: Awaited<ReturnType<Locate>> = { identity: identityOf(first), restarts: 4 };
    const source = new ProcessSource(async () => located, 4);
    await first.order("burn 100");
    expect((await read(source)).restarts).toBe(0);
    await first.order("burn 100");
    const before = (await read(source)).cpuMs ?? 0;
    await first.kill();
    located = null;
    expect(await source.read({ pss: false })).toBeNull();

    await using second = await TestProcess.start();
    await second.order("burn 100");
    located = { identity: identityOf(second), restarts: 5 };
    const after = await read(source);
    expect(after.restarts).toBe(1);
    // the new process was born since the last reading: all that it used is new
    expect(after.cpuMs).toBeGreaterThanOrEqual(before + 80);
  });

  it("counts a restart that the supervisor does not admit, as after a deployment anew", async () => {
    await using first = await TestProcess.start();
    await using second = await TestProcess.start();
    let identity = identityOf(first);
    const source = new ProcessSource(async () => ({ identity, restarts: 0 }), 3);
    await read(source);
    identity = identityOf(second);
    expect((await read(source)).restarts).toBe(1);
  });

  it("counts restarts that came and went between two readings", async () => {
    await using child = await TestProcess.start();
    const identity = identityOf(child);
    let restarts = 0;
    const source = new ProcessSource(async () => ({ identity, restarts }), 0);
    await read(source);
    restarts = 3;
    expect((await read(source)).restarts).toBe(3);
  });
});
