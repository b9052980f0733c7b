import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tls from "node:tls";
import { type CertificateFiles, makeCertificates } from "@plimsoll/proxy/certificate";

/** One request as a server sees it. */
export interface Seen {
  /** From 0, over all connections. */
  n: number;
  /** From 0, on this connection. */
  nth: number;
  method: string;
  path: string;
  /** The request as it came, without its empty line. */
  text: string;
  socket: net.Socket;
}

export interface TestServerOptions {
  host?: string;
  /** Speaks TLS with these; plain otherwise. */
  certificate?: CertificateFiles;
  tls?: tls.TlsOptions;
  onConnection?(socket: net.Socket): void;
}

export const okBody = '{"status":"ok"}';
export const ok = `HTTP/1.1 200 OK\r\nContent-Length: ${okBody.length}\r\n\r\n${okBody}`;

/**
 * A server whose every byte a test decides, and which counts exactly what it was asked. Requests have no body, so the
 * empty line ends each.
 */
export class TestServer {
  requests = 0;
  connections = 0;
  readonly sockets = new Set<net.Socket>();
  readonly #server: net.Server;
  readonly #scheme: string;

  private constructor(answer: (seen: Seen) => void, options: TestServerOptions) {
    const accept = (socket: net.Socket) => this.#accept(socket, answer, options);
    const { certificate } = options;
    this.#scheme = certificate === undefined ? "http" : "https";
    this.#server =
      certificate === undefined
        ? net.createServer({ noDelay: true }, accept)
        : tls.createServer(
            { cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile), ...options.tls },
            accept,
          );
  }

  /** Listens on a free port. `answer` is called for every request; the default answers 200. */
  static async listen(
    answer: (seen: Seen) => void = ({ socket }) => socket.write(ok),
    options: TestServerOptions = {},
  ): Promise<TestServer> {
    const server = new TestServer(answer, options);
    await new Promise<void>((resolve) => server.#server.listen(0, options.host ?? "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    return (this.#server.address() as net.AddressInfo).port;
  }

  get url(): string {
    const { address, family } = this.#server.address() as net.AddressInfo;
    return `${this.#scheme}://${family === "IPv6" ? `[${address}]` : address}:${this.port}`;
  }

  /** Refuses connections from now on and resets those there are. */
  die(): void {
    this.#server.close();
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (!this.#server.listening) return;
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #accept(socket: net.Socket, answer: (seen: Seen) => void, options: TestServerOptions): void {
    this.connections++;
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => {});
    options.onConnection?.(socket);
    let nth = 0;
    let pending = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      pending += text;
      for (let end = pending.indexOf("\r\n\r\n"); end >= 0; end = pending.indexOf("\r\n\r\n")) {
        const text = pending.slice(0, end);
        const [method = "", path = ""] = text.slice(0, text.indexOf("\r\n")).split(" ");
        pending = pending.slice(end + 4);
        answer({ n: this.requests++, nth: nth++, method, path, text, socket });
      }
    });
  }
}

/** A private CA and a certificate for loopback, removed again at the end of its block. */
export async function testCertificates(): Promise<CertificateFiles & Disposable> {
  const directory = mkdtempSync(join(tmpdir(), "plimsoll-test-certs-"));
  const files = await makeCertificates(directory);
  return { ...files, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) };
}
