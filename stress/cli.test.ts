import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type Summary, summarySchema } from "./measure/summary.ts";

const bin = new URL("./bin.js", import.meta.url).pathname;

let directory = "";
let server: Server;
let url = "";
let served = 0;
let running: ChildProcess | null = null;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "plimsoll-cli-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
beforeEach(async () => {
  served = 0;
  server = createServer((_request, response) => {
    served++;
    response.end('{"status":"ok"}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  running?.kill("SIGKILL");
  server.closeAllConnections();
  server.close();
  rmSync(join(directory, "summary.json"), { force: true });
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the command as a user would, in a directory of its own. */
function start(...args: string[]): { child: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(bin, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
  running = child;
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk) => {
    stderr += chunk;
  });
  return { child, ended: new Promise((resolve) => child.on("close", (code) => resolve({ code, stdout, stderr }))) };
}

function summary(): Summary {
  return summarySchema.parse(JSON.parse(readFileSync(join(directory, "summary.json"), "utf8")));
}

describe("bad input is met with one line and 104, and nothing is sent", () => {
  test.each([
    ["an unknown command", ["soar"], /unknown command 'soar'/],
    ["an unknown flag", ["throughput", "--base-url", "URL", "--fast"], /unknown option '--fast'/],
    ["no target at all", ["throughput"], /nothing to measure: give --base-url/],
    ["a scheme that is not HTTP", ["throughput", "--base-url", "ftp://x"], /scheme ftp: accepted are https and http/],
    ["something that is no URL", ["throughput", "--base-url", "local host"], /is not a URL: accepted is/],
    ["a path in the base URL", ["throughput", "--base-url", "URL/health"], /give the path with --path/],
    ["a bad duration", ["throughput", "--base-url", "URL", "--duration", "5x"], /--duration.*5x/],
    ["a bad stage", ["throughput", "--base-url", "URL", "--stage", "30s"], /--stage "30s" is not a stage: accepted is/],
    ["an empty profile", ["throughput", "--base-url", "URL", "--stage", "5s:0"], /nothing would be sent/],
    [
      "users and a rate mixed",
      ["throughput", "--base-url", "URL", "--stage", "1s:5", "--stage", "1s:5/s"],
      /mixes users and rates/,
    ],
    ["two ways to load", ["throughput", "--base-url", "URL", "-n", "5", "--rate", "5/s"], /contradict/],
    [
      "a threshold on nothing",
      ["throughput", "--base-url", "URL", "--threshold", "latency: p(95)<3"],
      /unknown metric "latency"/,
    ],
    ["a bad check", ["throughput", "--base-url", "URL", "--check", "teapot"], /check "teapot" is not one: accepted are/],
    ["a header without a colon", ["throughput", "--base-url", "URL", "-H", "x"], /accepted is -H 'Name: value'/],
    ["a body file that is not there", ["throughput", "--base-url", "URL", "-d", "@/nope"], /\/nope: cannot be read/],
    ["a CA that cannot be read", ["throughput", "--base-url", "URL", "--ca", "/nope.pem"], /--ca \/nope.pem: cannot be read/],
    ["a summary that cannot be written", ["throughput", "--base-url", "URL", "--out", "/nope/s.json"], /\/nope does not exist/],
    ["a host that nobody knows", ["throughput", "--base-url", "http://nosuch.invalid"], /unknown host nosuch.invalid/],
    ["a port where nobody listens", ["throughput", "--base-url", "http://127.0.0.1:1"], /connection refused by 127.0.0.1:1/],
    [
      "https asked of a plain server",
      ["throughput", "--base-url", "SECURE", "--insecure"],
      /TLS handshake .* failed|closed the connection/,
    ],
  ] as [string, string[], RegExp][])("%s", async (_, args, expected) => {
    const given = args.map((arg) => arg.replace("URL", url).replace("SECURE", url.replace("http", "https")));
    const { code, stdout, stderr } = await start(...given).ended;
    expect(stderr).toMatch(expected);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at |node:internal/);
    expect([code, stdout, served]).toEqual([104, "", 0]);
    expect(existsSync(join(directory, "summary.json"))).toBe(false);
  });
});

test("--help lists every exit code, and which it is where several apply", async () => {
  const { code, stdout } = await start("--help").ended;
  expect(code).toBe(0);
  for (const each of ["0", "99", "104", "105", "109", "111", "112", "113"])
    expect(stdout).toMatch(new RegExp(`^ +${each}  \\w`, "m"));
  expect(stdout).toMatch(/^Where several apply, the first of 109, 104, 105, 111, 99, 113, 112\.$/m);
});

describe("a run that ends early", () => {
  test("the first Ctrl-C drains and writes the summary: every request that was served is in it, exit 105", async () => {
    const { child, ended } = start("throughput", "--base-url", url, "--vus", "5", "--duration", "60s", "--think", "10ms");
    await vi.waitFor(() => expect(served).toBeGreaterThan(50), 20_000);
    child.kill("SIGTERM");
    const { code } = await ended;
    expect(code).toBe(105);
    const { results, metrics } = summary();
    expect(results.verdict).toBe("interrupted");
    expect(metrics.http_reqs?.type === "counter" && metrics.http_reqs.values.count).toBe(served);
  });

  test("the second exits at once, though a request hangs", async () => {
    server.removeAllListeners("request");
    server.on("request", () => {
      served++;
    });
    const { child, ended } = start("throughput", "--base-url", url, "--vus", "5", "--duration", "60s");
    await vi.waitFor(() => expect(served).toBe(5), 20_000);
    child.kill("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, 300));
    child.kill("SIGTERM");
    expect((await ended).code).toBe(105);
  });

  test("a target that dies half way: the run ends, fails with 99, and names what happened", async () => {
    const { ended } = start("throughput", "--base-url", url, "--vus", "5", "--duration", "4s", "--think", "5ms");
    await vi.waitFor(() => expect(served).toBeGreaterThan(50), 20_000);
    server.close();
    server.closeAllConnections();
    const { code, stdout } = await ended;
    expect(code).toBe(99);
    expect(stdout).toMatch(/refused/);
    const { results, failures } = summary();
    expect(results.verdict).toBe("fail");
    expect(failures.map((failure) => failure.class)).toContain("refused");
  });

  test("no abort rule fires on what is over: a healthy run has no answers after its load, and passes", async () => {
    // fires on a round without an answer: on the empty one after the load, before
    const rules = ["--abort-on", "http_reqs: rate<0.5", "--threshold", "http_req_failed: rate<0.5"];
    const { code, stdout } = await start("throughput", "--base-url", url, "--rate", "50/s", "--duration", "2s", ...rules).ended;
    expect(stdout).not.toMatch(/aborted/i);
    // a crowded machine may send late
    expect([0, 111], stdout).toContain(code);
    expect(served).toBe(100);
  });

  test("an abort rule that fires ends it with 99", async () => {
    server.removeAllListeners("request");
    server.on("request", (_request, response) => {
      response.writeHead(500).end();
    });
    const rule = "http_req_failed: rate>0.5 for 1s";
    const { ended } = start(
      "throughput",
      "--base-url",
      url,
      "--vus",
      "2",
      "--duration",
      "60s",
      "--think",
      "20ms",
      "--abort-on",
      rule,
    );
    expect((await ended).code).toBe(99);
    expect(summary().results.verdict).toBe("aborted");
  });
});

test("secrets in headers, command line and query reach neither screen nor summary", async () => {
  const secrets = ["Bearer s3cretA", "s3cretB", "s3cretC"];
  const headers = ["-H", `Authorization: ${secrets[0]}`, "-H", `Cookie: session=${secrets[1]}`];
  const { ended } = start("throughput", "--base-url", url, "-n", "20", ...headers, "--path", `/health?token=${secrets[2]}`);
  const { code, stdout, stderr } = await ended;
  expect([code, served]).toEqual([0, 20]);
  const everything = stdout + stderr + readFileSync(join(directory, "summary.json"), "utf8");
  for (const secret of ["s3cretA", "s3cretB", "s3cretC"]) expect(everything).not.toContain(secret);
});
