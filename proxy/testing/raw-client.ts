import { connect as connectTcp, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from "node:tls";

export interface RawResponse {
  /** Status line and header lines as they came, without the empty line. */
  readonly head: string;
  readonly status: number;
  /** Values by lower-case name, in order. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: Buffer;
  /** False when the connection ended before the message did. */
  readonly complete: boolean;
}

/** An HTTP client that writes what it is told and shows what it got, for tests about bytes. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #ended = false;
  #wake: (() => void) | null = null;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake?.();
    });
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.#ended = true;
        this.#wake?.();
        resolve();
      };
      socket.once("end", end);
      socket.once("close", end);
    });
    socket.on("error", () => {});
  }

  /** TLS with the CA verified when `tls` is given, else plain TCP. */
  static async open(port: number, tls?: ConnectionOptions): Promise<RawClient> {
    const socket = tls === undefined ? connectTcp(port, "127.0.0.1") : connectTls({ host: "localhost", port, ...tls });
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  get tls(): TLSSocket {
    return this.socket as TLSSocket;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a whole request and waits for its answer. */
  async request(bytes: string | Buffer): Promise<RawResponse> {
    this.send(bytes);
    return this.response(String(bytes).startsWith("HEAD "));
  }

  get(path: string, ...headers: string[]): Promise<RawResponse> {
    return this.request(`GET ${path} HTTP/1.1\r\nHost: edge.test\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`);
  }

  /** The next message on the connection; an interim answer (1xx) is one of its own. */
  async response(withoutBody = false): Promise<RawResponse> {
    const headEnd = await this.#find("\r\n\r\n");
    if (headEnd < 0) throw new Error(`connection ended within headers: ${JSON.stringify(this.#received.toString("latin1"))}`);
    const head = this.#received.subarray(0, headEnd).toString("latin1");
    this.#received = this.#received.subarray(headEnd + 4);
    const status = Number(head.split(" ")[1]);
    const headers: Record<string, string[]> = {};
    for (const line of head.split("\r\n").slice(1)) {
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      headers[name] = [...(headers[name] ?? []), line.slice(colon + 1).trim()];
    }
    const { body, complete } =
      withoutBody || status < 200 || status === 204 || status === 304
        ? { body: Buffer.alloc(0), complete: true }
        : await this.#body(headers);
    return { head, status, headers, body, complete };
  }

  /** Everything until the peer closes. */
  async rest(): Promise<Buffer> {
    await this.closed;
    return this.#received;
  }

  end(): void {
    this.socket.destroy();
  }

  async #body(headers: Readonly<Record<string, readonly string[]>>): Promise<{ body: Buffer; complete: boolean }> {
    const length = headers["content-length"]?.[0];
    if (length !== undefined) return this.#take(Number(length));
    if (headers["transfer-encoding"]?.[0] !== "chunked") return { body: await this.rest(), complete: true };
    const chunks: Buffer[] = [];
    for (;;) {
      const lineEnd = await this.#find("\r\n");
      if (lineEnd < 0) return { body: Buffer.concat(chunks), complete: false };
      const size = Number.parseInt(this.#received.subarray(0, lineEnd).toString("latin1"), 16);
      this.#received = this.#received.subarray(lineEnd + 2);
      const chunk = await this.#take(size);
      chunks.push(chunk.body);
      const end = await this.#take(2);
      if (size === 0 || !end.complete) return { body: Buffer.concat(chunks), complete: end.complete };
    }
  }

  async #take(bytes: number): Promise<{ body: Buffer; complete: boolean }> {
    while (this.#received.length < bytes && !this.#ended) await this.#more();
    const body = this.#received.subarray(0, bytes);
    this.#received = this.#received.subarray(body.length);
    return { body, complete: body.length === bytes };
  }

  async #find(mark: string): Promise<number> {
    for (;;) {
      const index = this.#received.indexOf(mark);
      if (index >= 0 || this.#ended) return index;
      await this.#more();
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
    });
  }
}
