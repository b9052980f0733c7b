import type { ConnectionOptions } from "node:tls";
import { afterAll, afterEach, beforeEach, expect } from "vitest";
import { makeTestCertificate, startEdge, type TestCertificate, type TestEdge } from "./edge.ts";
import { RawClient, type RawResponse } from "./raw-client.ts";
import { type RawUpstream, startUpstream } from "./raw-upstream.ts";

/** An edge between a raw client and a raw upstream, new for each test of the file that calls `useEdge`. */
export class EdgeCase {
  readonly #env: Record<string, string>;
  readonly #clients: RawClient[] = [];
  #certificate: TestCertificate | null = null;
  #upstream: RawUpstream | null = null;
  #edge: TestEdge | null = null;

  constructor(env: Record<string, string>) {
    this.#env = env;
  }

  get certificate(): TestCertificate {
    return started(this.#certificate);
  }

  get upstream(): RawUpstream {
    return started(this.#upstream);
  }

  get edge(): TestEdge {
    return started(this.#edge);
  }

  /** Request lines that the upstream has received, in order. */
  get requestLines(): string[] {
    return this.upstream.requests.map(({ head }) => head.split("\r\n", 1)[0] ?? "");
  }

  /** Header lines of the last request that the upstream has received, as they came. */
  get sentHeaders(): string[] {
    return this.upstream.requests.at(-1)?.head.split("\r\n").slice(1) ?? [];
  }

  async open(): Promise<RawClient> {
    const client = await this.edge.open();
    this.#clients.push(client);
    return client;
  }

  /** Sends bytes on a connection of their own and returns the answer to them. */
  async send(bytes: string): Promise<RawResponse> {
    // As the bytes stand: a test's characters above 0x7f are one byte each.
    return (await this.open()).request(Buffer.from(bytes, "latin1"));
  }

  /** A client that shows a certificate of its own, or leaves its side open when the edge ends the other. */
  async openWith(tls: ConnectionOptions & { readonly allowHalfOpen?: boolean }): Promise<RawClient> {
    const client = await RawClient.open(this.edge.port, {
      ca: this.certificate.ca,
      host: "127.0.0.1",
      servername: "localhost",
      ...tls,
    });
    this.#clients.push(client);
    return client;
  }

  async get(path: string, ...headers: string[]): Promise<RawResponse> {
    return this.send(`GET ${path} HTTP/1.1\r\nHost: edge.test\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n`);
  }

  /** The refusal of bytes after which nothing can be trusted: an answer, the end of the connection, nothing forwarded. */
  async expectRefused(bytes: string, status: number): Promise<void> {
    const client = await this.open();
    const response = await client.request(Buffer.from(bytes, "latin1"));
    expect([response.status, response.headers.connection]).toEqual([status, ["close"]]);
    expect((await client.rest()).toString("latin1")).toBe("");
    expect(this.requestLines).toEqual([]);
  }

  /** Replaces the edge by one with other settings; one with the ticket key of another resumes its sessions. */
  async restart(env: Record<string, string>, ticketKey?: Buffer): Promise<void> {
    await this.#edge?.drain();
    this.#edge = await this.#start(env);
    if (ticketKey !== undefined) this.#edge.setTicketKey(ticketKey);
  }

  async metric(name: string): Promise<number> {
    const { text } = await this.edge.admin("/metrics");
    return Number(
      text
        .split("\n")
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1),
    );
  }

  async before(): Promise<void> {
    this.#certificate ??= await makeTestCertificate();
    this.#upstream = await startUpstream();
    this.#edge = await this.#start({});
  }

  async after(): Promise<void> {
    for (const client of this.#clients.splice(0)) client.end();
    await this.#edge?.drain();
    await this.#upstream?.close();
  }

  remove(): void {
    this.#certificate?.remove();
  }

  #start(env: Record<string, string>): Promise<TestEdge> {
    return startEdge(this.certificate, {
      UPSTREAM_URL: this.upstream.origin,
      EDGE_DRAIN_TIMEOUT_MS: "300",
      ...this.#env,
      ...env,
    });
  }
}

/** Registers the hooks that start and end everything, and returns what the tests talk to. */
export function useEdge(env: Record<string, string> = {}): EdgeCase {
  const edgeCase = new EdgeCase(env);
  beforeEach(() => edgeCase.before());
  afterEach(() => edgeCase.after());
  afterAll(() => edgeCase.remove());
  return edgeCase;
}

function started<T>(value: T | null): T {
  if (value === null) throw new Error("used outside of a test");
  return value;
}
