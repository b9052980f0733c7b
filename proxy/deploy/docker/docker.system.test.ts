import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCertificates } from "../../certificate.ts";
import { securityHeaders } from "../../headers.ts";
import { type Answer, ContainerBundle, engineOrReason } from "../../testing/containers.ts";
import { findPortHolder } from "../port-holder.ts";
import { type Finished, ScratchDeployment } from "../scratch-deployment.ts";
import { projectOf, servicesOf } from "./project.ts";

const engine = await engineOrReason();
const reason = typeof engine === "string" ? `: ${engine}` : "";
/** Small, so that the tests see limits at work; the backend's is filled on purpose. */
const limits = { PLIMSOLL_PROXY_CPUS: "1.0", PLIMSOLL_PROXY_MEMORY: "512m", PLIMSOLL_BACKEND_MEMORY: "160m" };
const bodyLimit = 10 * 1024 ** 2;

describe.skipIf(typeof engine === "string")(`the bundle in containers${reason}`, () => {
  let own: ScratchDeployment;
  let bundle: ContainerBundle;
  // The quota decides how many workers run, not the scratch deployment.
  const run = (args: string[], env: Record<string, string> = {}): Promise<Finished> =>
    own.run(args, { EDGE_WORKERS: "", ...env });
  const deploy = (args: string[]): Promise<Finished> => run(["--docker", "--port", String(own.port), ...args], limits);

  beforeAll(async () => {
    if (typeof engine === "string") return;
    own = await ScratchDeployment.create();
    bundle = new ContainerBundle(own, engine);
  });
  afterAll(() => own?.[Symbol.asyncDispose]());

  describe.each(["node", "nginx", "chain"] as const)("edge %s", (edge) => {
    const edgeService = servicesOf[edge].at(-1) ?? "";

    test("deploys, says where, and leaves alone what runs as wished", async () => {
      const first = await deploy(["--edge", edge]);
      expect(first).toMatchObject({ code: 0, stderr: "" });
      expect(first.stdout).toContain(`URL    https://localhost:${own.port}\n`);
      expect(own.deployment).toMatchObject({ mode: "docker", topology: edge, supervisorPid: null });
      expect(own.deployment?.services.map(({ name }) => name)).toEqual(servicesOf[edge]);
      const ids = servicesOf[edge].map((service) => bundle.inspect(service, "{{.Id}}"));
      const second = await run([]);
      expect(second).toMatchObject({ code: 0, stderr: "" });
      expect(second.stdout).toContain("already running, healthy");
      expect(servicesOf[edge].map((service) => bundle.inspect(service, "{{.Id}}"))).toEqual(ids);
      const status = await run(["--status"]);
      expect(status.code).toBe(0);
      for (const service of servicesOf[edge])
        expect(status.stdout).toMatch(new RegExp(`^${service} +healthy +${bundle.container(service)} .*MiB`, "m"));
    });

    test("TLS 1.2 and 1.3 and nothing older; HTTP/2 where the edge speaks it", async () => {
      const protocol = (version: "TLSv1.1" | "TLSv1.2" | "TLSv1.3") =>
        new Promise((resolve) => {
          const socket = connect(
            {
              ...{ host: "localhost", port: own.port, ca: bundle.ca, minVersion: version, maxVersion: version },
              ...{ ALPNProtocols: ["h2", "http/1.1"], ciphers: "DEFAULT:@SECLEVEL=0" },
            },
            () => {
              resolve([socket.getProtocol(), socket.alpnProtocol]);
              socket.destroy();
            },
          );
          socket.on("error", ({ message }) => resolve(message));
        });
      const alpn = edge === "node" ? "http/1.1" : "h2";
      expect(await protocol("TLSv1.2")).toEqual(["TLSv1.2", alpn]);
      expect(await protocol("TLSv1.3")).toEqual(["TLSv1.3", alpn]);
      expect(await protocol("TLSv1.1")).toMatch(/alert|protocol/i);
      if (edge !== "node") {
        const session = bundle.http2();
        const stream = session.request({ ":path": "/health" });
        const status = await new Promise((resolve, reject) => {
          stream.on("response", (headers) => resolve(headers[":status"])).on("error", reject);
          stream.resume();
        });
        expect(status).toBe(200);
        session.close();
      }
    });

    test("answers /health with security headers; refuses an unknown path with them, too", async () => {
      expect(await bundle.request("/health")).toMatchObject({ status: 200, headers: securityHeaders });
      const refused = await bundle.request("/nothing?x=1");
      expect(refused).toMatchObject({ status: 404, headers: securityHeaders });
      expect(JSON.parse(refused.body)).toHaveProperty("error");
    });

    test("what a client says about itself does not reach the backend", async () => {
      const forged = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "gopher",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Real-IP": "6.6.6.6",
        Forwarded: "for=6.6.6.6",
        "X-Request-Id": "forged",
        "X-Client-Cert": "forged",
        "Client-Cert": ":Zm9yZ2Vk:",
        Connection: "keep-alive, X-Forwarded-For, X-Real-IP",
      };
      const { body } = await bundle.request("/echo", { headers: forged });
      expect(body).not.toMatch(/6\.6\.6\.6|gopher|evil|forged|Zm9yZ2Vk/);
      const { headers } = JSON.parse(body);
      expect(headers["x-forwarded-for"]).toMatch(/^[\d.]+(, [\d.]+)?$/);
      expect(headers).toMatchObject({ "x-forwarded-proto": "https", "x-forwarded-host": `localhost:${own.port}` });
      // behind nginx, what the first edge saw comes first
      expect(headers.forwarded).toMatch(
        new RegExp(`^for=${headers["x-real-ip"].replaceAll(".", "\\.")};host="localhost:${own.port}";proto=https`),
      );
      expect(headers).not.toHaveProperty("x-forwarded-port");
    });

    test("a body up to the limit passes whole, a larger one is refused, announced or not; so are large headers", async () => {
      const post = (bytes: number, chunked: boolean): Promise<Answer> => {
        const headers = chunked ? { "transfer-encoding": "chunked" } : { "content-length": String(bytes) };
        return bundle
          .request("/echo", { method: "POST", headers }, Buffer.alloc(bytes, "x"))
          .catch((error: NodeJS.ErrnoException) => {
            // refused before it was sent whole: the answer may have been lost with the connection
            return { status: error.code === "EPIPE" || error.code === "ECONNRESET" ? 413 : 0, headers: {}, body: "" };
          });
      };
      expect(JSON.parse((await post(1_000_000, false)).body)).toMatchObject({ bodyBytes: 1_000_000 });
      expect((await post(bodyLimit + 1, false)).status).toBe(413);
      expect((await post(bodyLimit + 100_000, true)).status).toBe(413);
      const large = await bundle.request("/health", {
        headers: { a: "x".repeat(7_000), b: "x".repeat(7_000), c: "x".repeat(7_000) },
      });
      expect(large.status).toBe(431);
      expect((await bundle.request("/health")).status).toBe(200);
    });

    test("events come one by one, and WebSockets pass", async () => {
      const { status, body } = await bundle.request("/events?intervalMs=10&count=3");
      expect(status).toBe(200);
      expect(body.match(/^data:/gm)?.length).toBe(3);
      const upgraded = await new Promise((resolve, reject) => {
        const socket = connect({ host: "localhost", port: own.port, ca: bundle.ca, ALPNProtocols: ["http/1.1"] }, () => {
          const key = Buffer.alloc(16, 1).toString("base64");
          const head = `GET /ws HTTP/1.1\r\nHost: localhost:${own.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
          socket.write(`${head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
        });
        socket.on("error", reject);
        socket.once("data", (chunk) => {
          resolve(chunk.toString("latin1").split("\r\n", 1)[0]);
          socket.destroy();
        });
      });
      expect(upgraded).toMatch(/^HTTP\/1\.1 101 /);
    });

    test("requests share a few connections to the backend", async () => {
      const before = bundle.accepted("backend");
      const agent = new Agent({ keepAlive: true, maxSockets: 8 });
      const answers = await Promise.all(Array.from({ length: 400 }, () => bundle.request("/health", { agent })));
      agent.destroy();
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(400);
      // each of the edge's workers may open as many as there are requests at a time; a health check may fall into it
      expect(bundle.accepted("backend") - before).toBeLessThan(40);
    });

    test("each container is confined: no root, no privilege, nothing to write to, no port but the edge's", () => {
      for (const service of servicesOf[edge]) {
        const user = service === "nginx" ? "101" : "1000";
        expect(bundle.exec(service, "id -u").trim()).toBe(user);
        expect(bundle.exec(service, "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/1/status").split(/\s+/)).toEqual(
          expect.arrayContaining(["CapEff:", "0000000000000000", "CapBnd:", "NoNewPrivs:", "1"]),
        );
        expect(bundle.exec(service, "touch /etc/x; touch /app/x; touch /tmp/x")).not.toMatch(/^$/);
        expect(bundle.exec(service, "touch /usr/x")).toContain("Read-only file system");
        const ports = bundle.inspect(
          service,
          "{{range $port, $to := .NetworkSettings.Ports}}{{range $to}}{{.HostPort}} {{end}}{{end}}",
        );
        expect(new Set(ports.split(/\s+/).filter(Boolean))).toEqual(new Set(service === edgeService ? [String(own.port)] : []));
        expect(bundle.exec(service, "ls /var/run/docker.sock")).toContain("No such file");
        const keyFile = "/run/plimsoll/certs/server-key.pem";
        const key = bundle.exec(service, `stat -c '%a %u' ${keyFile}`).trim();
        if (service === edgeService) expect(key).toBe(`400 ${user}`);
        else expect(key).toContain("No such file");
      }
      for (const tool of ["npm", "npx", "tsc", "gcc"])
        expect(bundle.exec("backend", `command -v ${tool} || echo none`)).toBe("none\n");
      expect(bundle.exec("backend", "ls node_modules")).not.toMatch(/^(typescript|vitest|ink|dockerode)$/m);
    });

    test("workers and heaps follow the container's limits", () => {
      const commands = (service: string) =>
        bundle.exec(service, `for p in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$p; echo; done`);
      if (edge !== "nginx") {
        const workers = commands("proxy")
          .split("\n")
          .filter((line) => line.startsWith("/usr/local/bin/node"));
        expect(workers).toHaveLength(1);
        expect(Number(/--max-old-space-size=(\d+) \S+main\.js edge/.exec(workers[0] ?? "")?.[1])).toBeLessThan(300);
      }
      if (edge !== "node") {
        const workers = commands("nginx")
          .split("\n")
          .filter((line) => line.startsWith("nginx: worker process"));
        const quota = Number(bundle.inspect("nginx", "{{.HostConfig.NanoCpus}}")) / 1e9;
        expect(workers).toHaveLength(Math.floor(quota));
      }
      expect(commands("backend")).toMatch(/--max-old-space-size=\d\d \S+main\.js backend/);
    });

    test("is measured by stress", async () => {
      const { code, summary, output } = await bundle.measure("--quick");
      expect(summary.results, output).toMatchObject({ verdict: expect.stringMatching(/pass|fail|invalid|undecided/) });
      expect([0, 99, 111], output).toContain(code);
      expect(summary.environment.deployment).toMatchObject({ topology: edge, mode: "docker" });
      expect(summary.metrics.http_reqs.values.count).toBeGreaterThan(500);
      expect(summary.metrics.http_req_failed.values.rate).toBe(0);
    });
  });

  /** Everything from here on happens to the chain. */
  const load = ["--vus", "8", "--duration", "8s", "--threshold", "http_req_failed: rate<0.01"];

  test("a service that dies is started again, and a run that saw it fails", async () => {
    const measured = bundle.measure(...load);
    await sleep(6_000);
    const pid = bundle.inspect("proxy", "{{.State.Pid}}");
    // not `docker kill`, after which the engine takes the container for stopped on purpose
    const killer = bundle.inspect("proxy", "{{.Config.Image}}");
    bundle.docker("run", "--rm", "--pid", "host", "--user", "0", "--entrypoint", "sh", killer, "-c", `kill -9 ${pid}`);
    const { code, summary, output } = await measured;
    expect(code, output).toBe(99);
    expect(summary.results.reasons.join(" ")).toMatch(/proxy.*(again|restart)/i);
    expect(Number(bundle.inspect("proxy", "{{.RestartCount}}"))).toBe(1);
    await expect.poll(async () => (await bundle.request("/health").catch(() => null))?.status, { timeout: 30_000 }).toBe(200);
    expect((await run(["--status"])).stdout).toMatch(/^proxy +healthy .* 1 /m);
  });

  test("a filled memory limit is an OOM kill, and a run that saw it says so", async () => {
    const measuring = bundle.startMeasuring("--vus", "2", "--duration", "120s", "--threshold", "http_req_failed: rate<0.5");
    await sleep(6_000);
    const since = String(Math.floor(Date.now() / 1000));
    const filters = ["--filter", "event=oom", "--filter", `container=${bundle.container("backend")}`];
    const kills = () => bundle.docker("events", "--since", since, "--until", String(Math.floor(Date.now() / 1000)), ...filters);
    for (let round = 0; round < 30 && kills() === ""; round += 1) {
      const body = Buffer.alloc(bodyLimit, "x");
      await Promise.all(Array.from({ length: 8 }, () => bundle.request("/echo", { method: "POST" }, body).catch(() => null)));
    }
    expect(kills()).toContain(bundle.container("backend"));
    await sleep(3_000);
    measuring.interrupt();
    const { summary, output } = await measuring.ended;
    expect(summary.results.reasons, output).toContain("backend was killed for memory during the run");
    await expect.poll(async () => (await bundle.request("/health").catch(() => null))?.status, { timeout: 30_000 }).toBe(200);
  });

  test("the backend restarts under load: the edge says 502 meanwhile, and carries on by itself", async () => {
    const measured = bundle.measure(...load);
    await sleep(5_000);
    bundle.docker("restart", bundle.container("backend"));
    const { code, summary, output } = await measured;
    expect(code, output).toBe(99);
    // drained, so that no request is cut off: there are only those that nobody was there to answer
    for (const failure of summary.failures) expect(failure.class, output).toBe("status-5xx");
    expect((await bundle.request("/health")).status).toBe(200);
  });

  test("--reload serves a renewed certificate, under load", async () => {
    const serial = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connect({ host: "localhost", port: own.port, ca: bundle.ca }, () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? "");
          socket.destroy();
        });
        socket.on("error", reject);
      });
    const before = await serial();
    const measuring = bundle.startMeasuring("--vus", "8", "--duration", "120s");
    await sleep(6_000);
    rmSync(join(own.dir.certsDir, "server.pem"));
    expect(await run(["--reload"])).toMatchObject({ code: 0, stderr: "" });
    const renewed = new X509Certificate(readFileSync(join(own.dir.certsDir, "server.pem"))).serialNumber;
    expect(renewed).not.toBe(before);
    expect(await serial()).toBe(renewed);
    await sleep(2_000);
    measuring.interrupt();
    const { summary, output } = await measuring.ended;
    expect(summary.metrics.http_reqs.values.count, output).toBeGreaterThan(200);
    const [, age] = /(\w+)-1\.27\.4/.exec(bundle.exec("nginx", "readlink /etc/nginx/version")) ?? [];
    if (age === "since") {
      expect(summary.failures, output).toEqual([]);
    } else {
      // Before 1.27.4 nginx closes idle connections at once, and the request that is on its way then with them.
      for (const failure of summary.failures) expect(failure.class, output).toBe("stale-connection");
      expect(summary.failures.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(8);
    }
  });

  test("what does not become healthy is replaced by what ran before, with its certificate, settings and limits", async () => {
    const [image, port] = [bundle.inspect("nginx", "{{.Config.Image}}"), own.port];
    const failed = await run(["--upgrade"], {
      PLIMSOLL_UPSTREAM_POOL: "broken",
      UPSTREAM_CONNECTIONS: "32",
      EDGE_WORKERS: "",
    });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain("! nginx does not follow UPSTREAM_CONNECTIONS");
    expect(failed.stdout).toMatch(/backed up to .*backups/);
    expect(failed.stderr).toMatch(/deploy\.sh: nginx ends again and again: .*; the deployment before runs again\n$/);
    expect(failed.stderr).toMatch(/^ {2}\| nginx: .*pool\.conf/m);
    expect(bundle.inspect("nginx", "{{.Config.Image}}")).toBe(image);
    expect(bundle.exec("backend", "cat /run/plimsoll/settings/settings.env")).not.toContain("UPSTREAM_CONNECTIONS");
    expect(own.port).toBe(port);
    expect((await bundle.request("/health")).status).toBe(200);
    expect((await run(["--status"])).code).toBe(0);
    const [backup] = readdirSync(join(own.dir.home, "backups"));
    expect(statSync(join(own.dir.home, "backups", backup ?? "", "docker", "server-key.pem")).mode & 0o777).toBe(0o600);
  });

  test("a deployment of the past is found again by its label when its record is lost; nothing is left of it", async () => {
    const project = projectOf(own.dir);
    const left = () =>
      ["ps -a", "network ls", "volume ls"].map((kind) => {
        return bundle.docker(...kind.split(" "), "-q", "--filter", `label=com.docker.compose.project=${project}`);
      });
    const images = Object.values(own.deployment?.docker?.images ?? {});
    expect(await run(["--down"])).toMatchObject({ code: 0, stdout: "✓ stopped\n", stderr: "" });
    const [containers, networks, volumes] = left();
    expect([containers, networks]).toEqual(["", ""]);
    expect(volumes?.trim().split("\n")).toHaveLength(2);
    expect(findPortHolder(own.port)).toBeNull();

    expect((await deploy(["--edge", "node"])).code).toBe(0);
    rmSync(own.dir.deploymentFile);
    expect((await run(["--down", "-v", "--docker"])).code).toBe(0);
    expect(left()).toEqual(["", "", ""]);
    expect(() => statSync(own.dir.home)).toThrow("ENOENT");
    expect(images).toHaveLength(2);
  });
});

describe.skipIf(typeof engine === "string")(`mistakes${reason}`, () => {
  test.each([
    [
      "a topology that does not exist",
      ["--docker", "--edge", "apache"],
      {},
      104,
      /--edge apache: give one of node, nginx, chain/,
    ],
    ["an edge without containers", ["--edge", "nginx"], {}, 104, /--edge goes with --docker/],
    ["--prod with the private CA", ["--docker", "--prod"], {}, 104, /--prod refuses the private CA/],
    [
      "a limit that is no amount",
      ["--docker"],
      { PLIMSOLL_PROXY_MEMORY: "lots" },
      104,
      /PLIMSOLL_PROXY_MEMORY=lots: expected an amount of memory/,
    ],
    [
      "a limit too small to start with",
      ["--docker"],
      { PLIMSOLL_BACKEND_MEMORY: "16m" },
      104,
      /PLIMSOLL_BACKEND_MEMORY=16m: backend needs 128 MiB or more/,
    ],
    ["CPUs in words", ["--docker"], { PLIMSOLL_PROXY_CPUS: "two" }, 104, /PLIMSOLL_PROXY_CPUS=two: expected a number of CPUs/],
    ["a setting out of range", ["--docker"], { EDGE_WORKERS: "none" }, 104, /environment: EDGE_WORKERS="none"/],
    ["an upgrade of nothing", ["--upgrade"], {}, 104, /--upgrade is for containers, and none are deployed/],
    ["an engine elsewhere", ["--docker"], { DOCKER_HOST: "tcp://10.0.0.1:2375" }, 1, /DOCKER_HOST=tcp.*deployed on this machine/],
    [
      "an engine that does not answer",
      ["--docker"],
      { DOCKER_HOST: "unix:///nowhere.sock" },
      1,
      /the container engine does not answer \(.*nowhere/,
    ],
    ["no engine", ["--docker"], { PATH: "/nowhere" }, 1, /no container engine: docker is not on PATH/],
  ] as const)("%s is told in one line, and nothing is deployed", async (_, args, env, code, message) => {
    await using own = await ScratchDeployment.create();
    const { code: exit, stderr, stdout } = await own.run([...args], { EDGE_WORKERS: "", ...env });
    expect([exit, stdout]).toEqual([code, ""]);
    expect(stderr).toMatch(message);
    expect(stderr.trim()).not.toContain("\n");
    expect(own.deployment).toBeNull();
  });

  test("a pair that does not match, and a port that is taken", async () => {
    await using own = await ScratchDeployment.create();
    const dir = mkdtempSync(join(tmpdir(), "plimsoll-pairs-"));
    const [one, two] = await Promise.all(["one", "two"].map((name) => makeCertificates(join(dir, name))));
    const pair = ["--cert", one?.certFile ?? "", "--key", two?.keyFile ?? ""];
    const broken = await own.run(["--docker", ...pair], { EDGE_WORKERS: "" });
    expect([broken.code, broken.stderr]).toEqual([104, expect.stringMatching(/the key does not belong to the certificate/)]);
    writeFileSync(join(dir, "holder.js"), `require("node:net").createServer().listen(${own.port}, () => console.log("ready"))`);
    const { spawn } = await import("node:child_process");
    const holder = spawn(process.execPath, [join(dir, "holder.js")], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    const taken = await own.deploy(["--docker"], { EDGE_WORKERS: "" });
    holder.kill();
    rmSync(dir, { recursive: true });
    expect(taken.code).toBe(1);
    expect(taken.stderr).toBe(
      `deploy.sh: port ${own.port} is taken by pid ${holder.pid}: ${process.execPath} ${join(dir, "holder.js")}; end that, or choose another with --port N\n`,
    );
    expect(own.leftovers).toEqual([]);
  });
});
