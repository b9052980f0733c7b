import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeCertificates } from "@plimsoll/proxy/certificate";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type Summary, summarySchema } from "../measure/summary.ts";

const bin = new URL("../bin.js", import.meta.url).pathname;
const found = (() => {
  try {
    execFileSync("nginx", ["-v"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
if (!found && process.env.CI) throw new Error("CI must provide nginx");

describe.skipIf(!found)("against a real nginx (skipped where nginx is not installed)", () => {
  let directory = "";
  let nginx: ChildProcess;
  let ports: { tls: number; status: number };
  let caFile = "";

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), "plimsoll-nginx-"));
    ports = { tls: await freePort(), status: await freePort() };
    const made = await makeCertificates(join(directory, "certs"));
    caFile = made.caFile;
    const config = join(directory, "nginx.conf");
    writeFileSync(config, nginxConfig(directory, ports, made));
    nginx = spawn("nginx", ["-p", directory, "-c", config], { stdio: "ignore" });
    await vi.waitFor(() => requestsSeen(ports.status), { timeout: 10_000 });
  });

  afterAll(() => {
    nginx.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  function measure(...flags: string[]): { code: number | null; summary: Summary } {
    const out = join(directory, "summary.json");
    const base = ["throughput", "--base-url", `https://localhost:${ports.tls}`, "--ca", caFile, "--no-tui", "--out", out];
    let code: number | null = 0;
    try {
      execFileSync(bin, [...base, ...flags], { cwd: directory, stdio: "ignore" });
    } catch (error) {
      code = (error as { status: number | null }).status;
    }
    return { code, summary: summarySchema.parse(JSON.parse(readFileSync(out, "utf8"))) };
  }

  test.each([
    ["users", ["--vus", "20", "--duration", "3s", "--workers", "2"]],
    ["stages of users", ["--stage", "1s:10", "--stage", "1s:0"]],
    ["a rate", ["--rate", "500/s", "--duration", "3s"]],
    ["stages of a rate", ["--stage", "1s:200/s", "--stage", "1s:200/s", "--stage", "1s:0/s"]],
    ["a fixed number of requests", ["-n", "5000", "-c", "20"]],
  ])("%s: our count of requests is nginx's own", async (_, flags) => {
    const before = await requestsSeen(ports.status);
    const { summary } = measure(...flags);
    const seen = (await requestsSeen(ports.status)) - before - 1;
    const requests = summary.metrics.http_reqs;
    expect(requests?.type === "counter" && requests.values.count).toBe(seen);
    expect(seen).toBeGreaterThan(100);
    expect(summary.failures).toEqual([]);
  });
});

/** Requests nginx has served since it started, the asking one included. */
function requestsSeen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path: "/", agent: false }, (response) => {
      response.setEncoding("utf8");
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(Number(/\n \d+ \d+ (\d+)/.exec(text)?.[1])));
    })
      .on("error", reject)
      .end();
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function nginxConfig(
  directory: string,
  ports: { tls: number; status: number },
  made: { certFile: string; keyFile: string },
): string {
  return `
daemon off; user root; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server {
    listen 127.0.0.1:${ports.tls} ssl; listen [::1]:${ports.tls} ssl;
    ssl_certificate ${made.certFile}; ssl_certificate_key ${made.keyFile};
    location / { default_type application/json; return 200 '{"status":"ok"}'; }
  }
  server { listen 127.0.0.1:${ports.status}; location / { stub_status; } }
}`;
}
