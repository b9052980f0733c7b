import { randomBytes } from "node:crypto";
import Docker from "dockerode";

export const docker = new Docker();

/** For `skipIf`: whether a container engine is there to test on. */
export const engineFound = await docker.ping().then(
  () => true,
  () => false,
);
if (!engineFound && process.env.CI) throw new Error("CI must provide a container engine");

export const debian = "debian:bookworm-slim";
export const node = "node:26-bookworm-slim";

export interface ContainerOptions {
  image?: string;
  name?: string;
  command: string[];
  memoryBytes?: number;
  cpus?: number;
  /** As with `docker run --restart`. */
  restart?: "no" | "always" | "on-failure";
  /** TCP port of the container that is published on a free port of the loopback. */
  port?: number;
}

/** A real container, removed at the end of its block. */
export class TestContainer {
  readonly name: string;
  readonly #container: Docker.Container;
  readonly #port: number | undefined;

  private constructor(name: string, container: Docker.Container, port: number | undefined) {
    this.name = name;
    this.#container = container;
    this.#port = port;
  }

  static async start(options: ContainerOptions): Promise<TestContainer> {
    const { image = debian, command, memoryBytes = 0, cpus = 0, restart = "no", port } = options;
    const name = options.name ?? `plimsoll-test-${randomBytes(4).toString("hex")}`;
    await pullMissing(image);
    const container = await docker.createContainer({
      name,
      Image: image,
      Cmd: command,
      ExposedPorts: port === undefined ? {} : { [`${port}/tcp`]: {} },
      HostConfig: {
        Memory: memoryBytes,
        MemorySwap: memoryBytes,
        NanoCpus: Math.round(cpus * 1e9),
        RestartPolicy: { Name: restart },
        PortBindings: port === undefined ? {} : { [`${port}/tcp`]: [{ HostIp: "127.0.0.1", HostPort: "" }] },
        Init: false,
      },
    });
    await container.start();
    return new TestContainer(name, container, port);
  }

  /** Where the published port is. */
  async url(): Promise<string> {
    const { NetworkSettings } = await this.#container.inspect();
    return `http://127.0.0.1:${NetworkSettings.Ports[`${this.#port}/tcp`]?.[0]?.HostPort}`;
  }

  async kill(): Promise<void> {
    await this.#container.kill();
    await this.#container.wait();
  }

  async startAgain(): Promise<void> {
    await this.#container.start();
  }

  /** As `docker restart` does. */
  async restart(): Promise<void> {
    await this.#container.restart({ t: 0 });
  }

  /** Runs a command in the container, and waits until it has ended. */
  async exec(...command: string[]): Promise<void> {
    const exec = await this.#container.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    await new Promise((resolve) => stream.on("end", resolve).resume());
  }

  async remove(): Promise<void> {
    await this.#container.remove({ force: true }).catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

async function pullMissing(image: string): Promise<void> {
  const present = await docker
    .getImage(image)
    .inspect()
    .catch(() => null);
  if (present !== null) return;
  const stream = await docker.pull(image);
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve())),
  );
}
