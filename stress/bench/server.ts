import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { makeCertificates } from "@plimsoll/proxy/certificate";

export interface BenchServer {
  tls: string;
  plain: string;
  caFile: string;
  /** Requests served since the start, by nginx's own count, this question left out. */
  requests(): Promise<number>;
  stop(): void;
}

/** One nginx worker pinned to `core`, answering from memory, over TLS 1.3 and in the clear, without end on a connection. */
export async function startServer(directory: string, core: number): Promise<BenchServer> {
  const { certFile, keyFile, caFile } = await makeCertificates(join(directory, "certs"));
  const [tls, plain, status] = await Promise.all([freePort(), freePort(), freePort()]);
  const config = join(directory, "nginx.conf");
  writeFileSync(
    config,
    `daemon off; user root; worker_processes 1; pid ${directory}/nginx.pid; error_log ${directory}/error.log; worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600s;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  server {
    listen 127.0.0.1:${tls} ssl backlog=8192; listen 127.0.0.1:${plain} backlog=8192;
    ssl_certificate ${certFile}; ssl_certificate_key ${keyFile}; ssl_protocols TLSv1.3;
    location / { default_type application/json; return 200 '{"status":"ok","version":"0.1.0"}'; }
  }
  server { listen 127.0.0.1:${status}; location / { stub_status; } }
}`,
  );
  const nginx: ChildProcess = spawn("taskset", ["-c", String(core), "nginx", "-p", directory, "-c", config], { stdio: "ignore" });
  let asked = 0;
  const requests = async () => {
    const text = await (await fetch(`http://127.0.0.1:${status}/`, { headers: { connection: "close" } })).text();
    asked++;
    return Number(/\n \d+ \d+ (\d+)/.exec(text)?.[1]) - asked;
  };
  for (let tries = 0; ; tries++) {
    await sleep(100);
    if (
      await requests().then(
        () => true,
        () => tries >= 50,
      )
    )
      break;
  }
  return {
    tls: `https://127.0.0.1:${tls}/health`,
    plain: `http://127.0.0.1:${plain}/health`,
    caFile,
    requests,
    stop: () => nginx.kill(),
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
