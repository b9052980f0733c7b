import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { UsageError } from "../profile/usage-error.ts";
import { asTyped, targetFrom } from "./target-flags.ts";

test.for<[string | null, string | null]>([
  ["/home/me/plimsoll/.plimsoll/ca.pem", ".plimsoll/ca.pem"],
  ["/home/me/other/ca.pem", "/home/me/other/ca.pem"],
  ["/etc/plimsoll/ca.pem", "/etc/plimsoll/ca.pem"],
  [null, null],
])("a CA's file %s is %s in a summary", ([file, typed]) => {
  expect(asTyped(file, "/home/me/plimsoll")).toBe(typed);
});

test("a service of the deployment and one beside it have a series each, so no name is had twice", async () => {
  const directory = mkdtempSync(join(tmpdir(), "plimsoll-target-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const limits = { cpus: null, memoryBytes: null, enforced: false };
  const file = join(directory, "deployment.json");
  writeFileSync(
    file,
    JSON.stringify({
      ...{ schemaVersion: 1, baseUrl: "https://localhost:9443", caFile: "/ca.pem", topology: "node", mode: "embedded" },
      ...{ version: "0.1.0", startedAt: "2026-11-02T10:00:00.000Z", supervisorPid: process.pid },
      services: [{ name: "backend", pid: process.pid, container: null, restarts: 0, limits }],
    }),
  );
  const sampled = (name: string) => targetFrom({ deployment: file, sample: [`${name}=pid:${process.pid}`] });
  await expect(sampled("backend")).rejects.toThrow(UsageError);
  await expect(sampled("backend")).rejects.toThrow('"backend", which a service of the deployment has');
  expect((await sampled("other")).services.map(({ name }) => name)).toEqual(["backend", "other"]);
});
