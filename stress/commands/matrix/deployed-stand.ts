import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../profile/usage-error.ts";
import { type MeasuredTarget, targetFrom } from "../target-flags.ts";
import type { Stand } from "./topology.ts";

/** Beside this package, from the sources and from the built code alike. */
const script = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../../../../deploy.sh" : "../../../deploy.sh", import.meta.url),
);

/** A bundle of deploy.sh with a state directory and a port of its own, so that whatever else is deployed here stays as it is. */
export class DeployedStand implements Stand {
  readonly key: string;
  readonly #edge: string | null;
  readonly #port: number;
  #home: string | null = null;

  /** `edge`: in containers, with that edge; null for processes. */
  constructor(edge: string | null, port: number) {
    this.key = `deploy ${edge ?? "embedded"}`;
    this.#edge = edge;
    this.#port = port;
  }

  async up(): Promise<void> {
    if (!existsSync(script)) {
      throw new UsageError(
        `topologies are deployed by ${script}, which is not there: give NAME=https://HOST:PORT in their place`,
      );
    }
    this.#home = mkdtempSync(join(tmpdir(), "plimsoll-matrix-"));
    const { code, output } = await this.#deploy(
      "--port",
      String(this.#port),
      ...(this.#edge === null ? [] : ["--docker", "--edge", this.#edge]),
    );
    if (code === 0) return;
    await this.down();
    throw new UsageError(`deploying failed with exit status ${code}: ${output.trim().split("\n").slice(-3).join(" | ")}`);
  }

  async down(): Promise<void> {
    if (this.#home === null) return;
    await this.#deploy("--down", "-v");
    rmSync(this.#home, { recursive: true, force: true });
    this.#home = null;
  }

  edge(): Promise<MeasuredTarget> {
    return targetFrom({ deployment: join(this.#home ?? "", "deployment.json") });
  }

  /** The backend behind the edge, where it listens on loopback: one port above. */
  async backend(): Promise<MeasuredTarget> {
    const { target, deployment, services } = await this.edge();
    const others = services.filter(({ name }) => name !== "backend");
    await Promise.all(others.map(({ source }) => source.close()));
    return {
      target: { ...target, baseUrl: `http://127.0.0.1:${this.#port + 1}`, caFile: null },
      deployment: deployment && {
        ...deployment,
        topology: "direct",
        baseUrl: `http://127.0.0.1:${this.#port + 1}`,
        caFile: null,
      },
      services: services.filter(({ name }) => name === "backend"),
    };
  }

  /** In a process group of its own: a Ctrl-C at the terminal is ours to act on, and what stands is taken down after it. */
  #deploy(...args: string[]): Promise<{ code: number; output: string }> {
    const child = spawn(script, args, {
      env: { ...process.env, PLIMSOLL_HOME: this.#home ?? "" },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    return new Promise((settle) => {
      child.once("error", (error) => settle({ code: 1, output: error.message }));
      child.once("close", (code) => settle({ code: code ?? 1, output }));
    });
  }
}
