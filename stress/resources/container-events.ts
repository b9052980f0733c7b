import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type Docker from "dockerode";

const reconnectMs = 1_000;

/** Of `GET /events`. */
interface EngineEvent {
  Action?: string;
  Actor?: { Attributes?: { name?: string } };
  timeNano?: number;
}

/**
 * What the engine tells of the containers that bear a name, one after the other: how often one was started or ended, and
 * how often it ran out of memory. A stream that breaks is taken up where it ended; the engine keeps the latest events.
 */
export class ContainerEvents {
  starts = 0;
  ends = 0;
  oomKills = 0;
  readonly #docker: Docker;
  readonly #name: string;
  #stream: Readable | null = null;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #lastNano = 0;

  constructor(docker: Docker, name: string) {
    this.#docker = docker;
    this.#name = name;
  }

  /** Settles when the engine tells, or has failed to; it is asked again by itself then. */
  async open(): Promise<void> {
    const options: Docker.GetEventsOptions = { filters: { type: ["container"], event: ["start", "die", "oom"] } };
    if (this.#lastNano > 0) options.since = Math.floor(this.#lastNano / 1e9);
    try {
      const stream = (await this.#docker.getEvents(options)) as unknown as Readable;
      if (this.#closed) {
        stream.destroy();
        return;
      }
      this.#stream = stream;
      stream.on("error", () => {});
      stream.once("close", () => this.#reopenLater());
      createInterface(stream)
        .on("line", (line) => this.#tell(line))
        .on("error", () => {});
    } catch {
      this.#reopenLater();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#stream?.destroy();
  }

  #reopenLater(): void {
    if (this.#closed) return;
    this.#retry = setTimeout(() => void this.open(), reconnectMs);
    this.#retry.unref();
  }

  #tell(line: string): void {
    const event = parse(line);
    // after a reconnection those of that second come again
    if (event?.timeNano === undefined || event.timeNano <= this.#lastNano) return;
    this.#lastNano = event.timeNano;
    if (event.Actor?.Attributes?.name !== this.#name) return;
    if (event.Action === "start") this.starts++;
    if (event.Action === "die") this.ends++;
    if (event.Action === "oom") this.oomKills++;
  }
}

function parse(line: string): EngineEvent | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
