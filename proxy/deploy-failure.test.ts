import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { generate } from "selfsigned";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificates } from "./certificate.ts";
import { ScratchDeployment } from "./deploy/scratch-deployment.ts";

const patience = { timeout: 30_000, interval: 20 };
const wholeLife = { timeout: 120_000 };
/** So that a hung service is killed soon. */
const shortDrain = { BACKEND_DRAIN_TIMEOUT_MS: "100", EDGE_DRAIN_TIMEOUT_MS: "100" };

async function scratch(): Promise<ScratchDeployment> {
  const deployment = await ScratchDeployment.create();
  onTestFinished(() => deployment[Symbol.asyncDispose]());
  return deployment;
}

/** A chain of another CA than Plimsoll's, for `host`; the CA is not in the chain file. */
async function makeForeignChain(dir: string, host: string) {
  const validity = { notBeforeDate: new Date(Date.now() - 60_000), notAfterDate: new Date(Date.now() + 3_600_000) };
  const options = { keyType: "ec", curve: "P-256", algorithm: "sha256", ...validity } as const;
  const ca = await generate([{ name: "commonName", value: "Example Root" }], {
    ...options,
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: "commonName", value: host }], {
    ...options,
    ca: { cert: ca.cert, key: ca.private },
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  mkdirSync(dir, { recursive: true });
  const [certFile, keyFile] = [join(dir, "chain.pem"), join(dir, "key.pem")];
  writeFileSync(certFile, leaf.cert);
  writeFileSync(keyFile, leaf.private);
  return { certFile, keyFile, caPem: ca.cert, chainPem: leaf.cert };
}

test.each([
  ["edge", 0, "0.0.0.0"],
  ["backend", 1, "127.0.0.1"],
  ["admin endpoint", 2, "127.0.0.1"],
])("a taken port of the %s is refused, and its holder named", wholeLife, async (role, offset, host) => {
  const own = await scratch();
  const holder = createServer().listen(own.port + offset, host);
  onTestFinished(() => void holder.close());
  await once(holder, "listening");
  const result = await own.deploy();
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(
    new RegExp(`^deploy.sh: port ${own.port + offset} .*is taken by pid ${process.pid}: .*node.*--port N\\n$`),
  );
  if (offset > 0) expect(result.stderr).toContain(role);
  expect([own.pids, own.leftovers]).toEqual([[], []]);
});

test("a service that ends at once fails the deployment, with its last words, and nothing stays", wholeLife, async () => {
  const own = await scratch();
  const result = await own.deploy([], { UPSTREAM_CA_FILE: "/nowhere/ca.pem" });
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/^ {2}\| UPSTREAM_CA_FILE.*\/nowhere\/ca.pem/m);
  expect(result.stderr).toMatch(/\ndeploy.sh: proxy exited with code 104 while it started\n$/);
  expect([own.pids, own.leftovers]).toEqual([[], []]);
});

test.each([
  ["SIGINT", 105],
  ["SIGKILL", null],
] as const)("%s while it waits for health leaves nothing half-started", wholeLife, async (signal, code) => {
  const own = await scratch();
  const { child, finished } = own.launch(["--port", String(own.port)], shortDrain);
  // with its backend stopped the edge cannot become healthy
  await expect.poll(() => own.pidOf("backend"), patience).toBeGreaterThan(0);
  process.kill(own.pidOf("backend"), "SIGSTOP");
  expect(own.pids.length).toBeGreaterThan(1);
  child.kill(signal);
  expect(await finished).toMatchObject({ code, stdout: "" });
  await expect.poll(() => own.pids, patience).toEqual([]);
  expect((await own.run(["--down"])).code).toBe(0);
  expect(own.leftovers).toEqual([]);
});

test("bad settings in the environment are told before anything is touched", wholeLife, async () => {
  const own = await scratch();
  const result = await own.deploy([], { EDGE_MAX_QUEUED: "many", BACKEND_WORK_LIMIT_US: "-1" });
  expect(result).toMatchObject({ code: 104, stdout: "" });
  expect(result.stderr).toMatch(/^deploy.sh: environment: .*\n$/);
  expect(existsSync(own.dir.certsDir)).toBe(false);
});

test("refuses files that are no pair, before anything is touched", wholeLife, async () => {
  const own = await scratch();
  const [one, other] = await Promise.all([
    makeForeignChain(join(own.dir.home, "1"), "a"),
    makeForeignChain(join(own.dir.home, "2"), "a"),
  ]);
  for (const [cert, key, cause] of [
    [one.certFile, other.keyFile, "does not belong"],
    ["/nowhere/cert.pem", one.keyFile, "/nowhere/cert.pem"],
    [one.keyFile, one.keyFile, "no PEM certificate"],
  ] as const) {
    const result = await own.deploy(["--cert", cert, "--key", key]);
    expect(result).toMatchObject({ code: 104, stdout: "" });
    expect(result.stderr).toContain(cause);
    expect(result.stderr.trim()).not.toContain("\n");
  }
  expect(existsSync(own.dir.certsDir)).toBe(false);
});

test("--prod refuses the private CA, whoever made it, and serves the chain of another", wholeLife, async () => {
  const own = await scratch();
  const none = await own.deploy(["--prod"]);
  expect(none).toMatchObject({ code: 104, stdout: "" });
  expect(none.stderr).toContain("--cert FILE and --key FILE");
  const { certFile, keyFile } = await makeCertificates(join(own.dir.home, "elsewhere"));
  const renamed = await own.deploy(["--prod", "--cert", certFile, "--key", keyFile]);
  expect(renamed).toMatchObject({ code: 104, stdout: "" });
  expect(renamed.stderr).toContain("private CA of Plimsoll");

  // the chain brings its root along, which clients are told to trust
  const foreign = await makeForeignChain(join(own.dir.home, "foreign"), "edge.example.com");
  writeFileSync(foreign.certFile, `${foreign.chainPem}\n${foreign.caPem}`);
  const served = await own.deploy(["--prod", "--cert", foreign.certFile, "--key", foreign.keyFile]);
  expect(served).toMatchObject({ code: 0, stderr: "" });
  expect(served.stdout).toContain(`URL    https://edge.example.com:${own.port}\n`);
  expect(served.stdout).toContain("--resolve edge.example.com:127.0.0.1\n");
  expect(readFileSync(own.dir.caFile, "utf8").trim()).toBe(foreign.caPem.trim());
  expect(existsSync(own.dir.certsDir)).toBe(false);
  // left out, both stay; and so does the refusal
  expect((await own.run([])).stdout).toContain("already running");
  expect((await own.run(["--cert", certFile, "--key", keyFile])).code).toBe(104);
});

test("a chain that nobody here trusts fails at once, saying how to have it trusted", wholeLife, async () => {
  const own = await scratch();
  const foreign = await makeForeignChain(join(own.dir.home, "foreign"), "localhost");
  const pair = ["--cert", foreign.certFile, "--key", foreign.keyFile];
  const result = await own.deploy(pair);
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(/does not verify.*--cert file.*NODE_EXTRA_CA_CERTS/);
  expect(own.pids).toEqual([]);

  const caFile = join(own.dir.home, "root.pem");
  writeFileSync(caFile, foreign.caPem);
  const trusted = await own.deploy(pair, { NODE_EXTRA_CA_CERTS: caFile });
  expect(trusted).toMatchObject({ code: 0, stderr: "" });
  expect(trusted.stdout).toContain("CA     the system's\n");
  expect(own.deployment?.caFile).toBeNull();
  expect(existsSync(own.dir.caFile)).toBe(false);
});
