import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../../", import.meta.url));

it("the shipped docs/sizing.md is what `npm run sizing` makes of the evidence", () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const { status, stderr } = spawnSync("sh", ["-c", `${scripts.sizing} --check`], { cwd: root, encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
});
