import http from "node:http";
import net from "node:net";
import { Duplex } from "node:stream";
import { ResponseParser } from "./parser.ts";

/** What a client makes of the bytes of a connection that then ends. */
export interface Reading {
  /** `malformed`: a violation of the protocol was met. `truncated`: the connection ended first. */
  outcome: "complete" | "malformed" | "truncated";
  status: number;
  body: string;
  /** Whether the connection may carry another request. */
  reusable: boolean;
}

const none = { status: 0, body: "", reusable: false };
/** As much of a head as our parser takes; Node's default is a quarter of it. */
const maxHeaderSize = 64 * 1024;

/** What our parser makes of `pieces`, read one after the other. */
export function ourReading(pieces: readonly Uint8Array[], method = "GET"): Reading {
  const body: string[] = [];
  const parser = new ResponseParser({
    onHead() {},
    onBody: (bytes, start, end) => void body.push(Buffer.from(bytes.subarray(start, end)).toString("latin1")),
  });
  parser.reset(method === "HEAD");
  let endedIt = true;
  for (const piece of pieces) {
    parser.push(piece, piece.length);
    if (!parser.done && !parser.failed) continue;
    endedIt = false;
    break;
  }
  if (parser.failed) return { outcome: "malformed", ...none };
  if (endedIt && !parser.end()) return { outcome: "truncated", ...none };
  const { status, keepAlive } = parser.head;
  return { outcome: "complete", status, body: body.join(""), reusable: keepAlive && !endedIt };
}

/** Plays a server: answers the request with fixed bytes, then ends. */
class Script extends Duplex {
  readonly #bytes: Uint8Array;
  #answered = false;

  constructor(bytes: Uint8Array) {
    super();
    this.#bytes = bytes;
  }

  override _read(): void {}

  override _write(_chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
    if (this.#answered) return;
    this.#answered = true;
    if (this.#bytes.length > 0) this.push(this.#bytes);
    this.push(null);
  }
}

/** What node:http's client makes of `bytes`; without a socket, which is ten times as fast. */
export function nodeReading(bytes: Uint8Array, method = "GET"): Promise<Reading> {
  return read({ createConnection: () => new Script(bytes) as unknown as net.Socket }, method);
}

/** What node:http's client makes of `bytes` that come over a real socket. */
export async function nodeReadingOverSocket(bytes: Uint8Array, method = "GET"): Promise<Reading> {
  const server = net.createServer((socket) => socket.on("error", () => {}).once("data", () => socket.end(bytes)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as net.AddressInfo;
  try {
    return await read({ createConnection: () => net.connect(port, "127.0.0.1") }, method);
  } finally {
    server.close();
  }
}

function read(options: Pick<http.RequestOptions, "createConnection">, method: string): Promise<Reading> {
  return new Promise((resolve) => {
    const request = http.request({ ...options, method, maxHeaderSize, headers: { Connection: "keep-alive", Host: "h" } });
    let response: http.IncomingMessage | null = null;
    const broken = (error: NodeJS.ErrnoException) => {
      // Surplus that is no response is reported though the response before it was whole.
      if (response?.complete) return;
      resolve({ outcome: error.code?.startsWith("HPE_") === true ? "malformed" : "truncated", ...none });
    };
    request.on("error", broken);
    // An answer that changes the protocol has no body; nobody asked for it.
    request.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve({ outcome: "malformed", ...none });
    });
    request.on("response", (message) => {
      response = message;
      const body: Buffer[] = [];
      // A body that breaks off with a violation is told here first, and without its code.
      message.on("error", () => setImmediate(broken, new Error("aborted")));
      message.on("data", (chunk: Buffer) => body.push(chunk));
      message.on("end", () =>
        resolve({
          outcome: "complete",
          status: message.statusCode ?? 0,
          body: Buffer.concat(body).toString("latin1"),
          reusable: request.shouldKeepAlive,
        }),
      );
    });
    request.end();
  });
}
