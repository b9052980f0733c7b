import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders, RequestOptions } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { Agent, request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Engine, findEngine } from "../deploy/docker/engine.ts";
import type { ScratchDeployment } from "../deploy/scratch-deployment.ts";

const stressBin = fileURLToPath(new URL("../../stress/bin.js", import.meta.url));

/** The engine, or the reason why there is none: in CI an error. */
export async function engineOrReason(): Promise<Engine | string> {
  try {
    return await findEngine();
  } catch (error) {
    if (process.env.CI) throw error;
    return String(error);
  }
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** For tests: a deployment in containers as its clients and its operator see it. */
export class ContainerBundle {
  readonly #deployment: ScratchDeployment;
  readonly #docker: string;

  constructor(deployment: ScratchDeployment, engine: Engine) {
    this.#deployment = deployment;
    this.#docker = engine.docker;
  }

  container(service: string): string {
    const found = this.#deployment.deployment?.services.find(({ name }) => name === service)?.container;
    if (!found) throw new Error(`the deployment has no container for ${service}`);
    return found;
  }

  docker(...args: string[]): string {
    return execFileSync(this.#docker, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  inspect(service: string, format: string): string {
    return this.docker("inspect", "--format", format, this.container(service)).trim();
  }

  /** What a shell in the container says, errors included. */
  exec(service: string, script: string): string {
    return this.docker("exec", this.container(service), "sh", "-c", `(${script}) 2>&1; true`);
  }

  get ca(): Buffer {
    return readFileSync(this.#deployment.dir.caFile);
  }

  /** Over TLS with the exported CA, on a connection of its own unless an agent is given. */
  request(path: string, options: RequestOptions & { agent?: Agent } = {}, body?: Buffer): Promise<Answer> {
    const { port } = this.#deployment;
    return new Promise((resolve, reject) => {
      const sent = request({ host: "localhost", port, path, ca: this.ca, agent: new Agent(), ...options }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("error", reject);
        response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }

  http2(): ClientHttp2Session {
    return connectHttp2(`https://localhost:${this.#deployment.port}`, { ca: this.ca });
  }

  /** Connections that a container's processes accepted since it started, its health checks included. */
  accepted(service: string): number {
    const lines = this.exec(service, "grep ^Tcp: /proc/net/snmp")
      .split("\n")
      .map((line) => line.split(" "));
    return Number(lines[1]?.[lines[0]?.indexOf("PassiveOpens") ?? -1]);
  }

  /** Runs `stress throughput` against this deployment: its summary, and how it ended. */
  measure(...flags: string[]): Promise<Measured> {
    return this.startMeasuring(...flags).ended;
  }

  /** As `measure`, and a way to end it before its time; then its exit code is 105. */
  startMeasuring(...flags: string[]): { ended: Promise<Measured>; interrupt: () => void } {
    const { deploymentFile } = this.#deployment.dir;
    // not in the deployment's home, of which a test wants to see nothing left
    const out = join(tmpdir(), `plimsoll-summary-${process.pid}.json`);
    const args = [stressBin, "throughput", "--deployment", deploymentFile, "--no-tui", "--out", out, ...flags];
    rmSync(out, { force: true });
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk) => {
        output += chunk;
      });
    }
    const ended = once(child, "close").then(([code]) => {
      if (!existsSync(out)) throw new Error(`stress wrote no summary (exit code ${code}): ${output}`);
      const summary: Summary = JSON.parse(readFileSync(out, "utf8"));
      rmSync(out);
      return { code, output, summary };
    });
    return { ended, interrupt: () => void child.kill("SIGINT") };
  }
}

export interface Measured {
  code: number | null;
  summary: Summary;
  output: string;
}

/** Of summary.json, what the tests of containers look at. */
export interface Summary {
  metrics: { http_reqs: { values: { count: number; rate: number } }; http_req_failed: { values: { rate: number } } };
  failures: { class: string; count: number }[];
  results: { verdict: string; exitCode: number; reasons: string[] };
  resources: { name: string }[];
  environment: { deployment: { topology: string; mode: string } };
}
