import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DeployUsageError } from "./deploy-error.ts";
import { deployCommand, parseDeployCall } from "./options.ts";

const asItRuns = { port: null, certificate: null, prod: false, docker: false, edge: null };

test.each([
  ["nothing deploys", [], { command: "deploy", wish: asItRuns }],
  ["a port, either way of writing it", ["--port=9543"], { command: "deploy", wish: { ...asItRuns, port: 9543 } }],
  [
    "certificate files are found from the working directory",
    ["--cert", "c.pem", "--key", "k.pem", "--prod"],
    {
      command: "deploy",
      wish: { ...asItRuns, certificate: { certFile: resolve("c.pem"), keyFile: resolve("k.pem") }, prod: true },
    },
  ],
  [
    "what follows -- is for stress, whatever it is",
    ["--measure", "--port", "1", "--", "--quick", "--port", "x", "--"],
    { command: "measure", wish: { ...asItRuns, port: 1 }, stressArguments: ["--quick", "--port", "x", "--"] },
  ],
  ["measure without arguments", ["--measure"], { command: "measure", wish: asItRuns, stressArguments: [] }],
  [
    "containers, and which edge",
    ["--docker", "--edge", "chain"],
    { command: "deploy", wish: { ...asItRuns, docker: true, edge: "chain" } },
  ],
  ["reload", ["--reload"], { command: "reload" }],
  ["upgrade", ["--upgrade"], { command: "upgrade" }],
  ["status", ["--status"], { command: "status" }],
  ["logs", ["--logs", "--follow"], { command: "logs", follow: true }],
  ["down", ["--down"], { command: "down", purge: false, docker: false }],
  ["down and remove", ["--down", "-v"], { command: "down", purge: true, docker: false }],
  ["down of containers without a record", ["--down", "--docker"], { command: "down", purge: false, docker: true }],
])("%s", (_, args, call) => {
  expect(parseDeployCall(args)).toEqual(call);
});

test.each([
  ["a word for a port", ["--port", "abc"], /--port abc: give a whole number from 1 to 65533/],
  ["a port above all ports", ["--port", "70000"], /--port 70000: .*65533/],
  ["a port that leaves no room for the other two", ["--port", "65534"], /65533/],
  ["port 0", ["--port", "0"], /--port 0/],
  ["a port in another notation", ["--port", "0x1F90"], /whole number/],
  ["a port left out", ["--port"], /--port.*missing/],
  ["a certificate alone", ["--cert", "c.pem"], /--cert without --key/],
  ["a key alone", ["--key", "k.pem"], /--key without --cert/],
  ["an unknown option", ["--prot", "9443"], /unknown option '--prot'.*accepted: --measure .*--help/],
  ["an option of stress in the wrong place", ["--measure", "--quick"], /--quick.*after --measure --/],
  ["an argument", ["9443"], /unexpected argument "9443"/],
  ["arguments for stress without measuring", ["--", "--quick"], /--measure/],
  ["an option of deploying with --reload", ["--reload", "--port", "9443"], /--port is for deploying/],
  ["an edge with --upgrade", ["--upgrade", "--edge", "nginx"], /--edge is for deploying/],
  ["two commands", ["--status", "--down"], /--status and --down/],
  ["-v without --down", ["-v"], /--down/],
  ["--follow without --logs", ["--follow"], /--logs/],
  ["a deploying option with another command", ["--down", "--port", "9443"], /--port is for deploying/],
])("refuses %s in one line", (_, args, message) => {
  expect(() => parseDeployCall(args)).toThrow(DeployUsageError);
  expect(() => parseDeployCall(args)).toThrow(message);
  try {
    parseDeployCall(args);
  } catch (error) {
    expect(String(error)).not.toContain("\n");
  }
});

test("the help text, which needs neither Node.js nor anything installed, tells every option and no other", () => {
  const script = fileURLToPath(new URL("../../deploy.sh", import.meta.url));
  const help = execFileSync("/bin/bash", [script, "--port", "x", "--help"], { encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });
  const told = [...new Set(help.match(/(?<![\w.])--?[a-z]+/g))].filter((option) => option !== "--help");
  const accepted = deployCommand().options.flatMap(({ long, short }) =>
    [long, short].filter((name) => name !== undefined && name !== null),
  );
  expect(told.sort()).toEqual(accepted.sort());
  for (const line of help.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
});
