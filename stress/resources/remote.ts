import { readFileSync } from "node:fs";
import { TLSSocket } from "node:tls";
import { buildConnector, Pool } from "undici";
import type * as z from "zod";
import { UsageError } from "../profile/usage-error.ts";
import { Counter } from "./counter.ts";
import { type ReadingAnswer, readingAnswerSchema, type ServicesAnswer, servicesAnswerSchema } from "./sampler-protocol.ts";
import type { Reading, SampleSource } from "./source.ts";
import { readToken } from "./token-file.ts";

/** How samplers on other machines are trusted, and how they trust us. */
export interface RemoteFlags {
  tokenFile?: string;
  ca?: string;
  /** SHA-256 of the certificate in hexadecimal, with or without colons. */
  fingerprint?: string;
}

/** A sampler that does not answer in this time has lost the sample. */
const answerWithinMs = 5_000;
const mostConnections = 4;

/** A `stress sampler` on another machine. */
export class RemoteSampler {
  readonly #pool: Pool;
  readonly #headers: { authorization: string };
  readonly #tokenFile: string;
  #closed = false;

  private constructor(pool: Pool, token: string, tokenFile: string) {
    this.#pool = pool;
    this.#headers = { authorization: `Bearer ${token}` };
    this.#tokenFile = tokenFile;
  }

  /** Connects to nothing yet. @throws UsageError where a flag is missing or of no use. */
  static async open(origin: string, { tokenFile, ca, fingerprint }: RemoteFlags): Promise<RemoteSampler> {
    if (tokenFile === undefined) throw new UsageError("give --sample-token-file, a copy of the sampler's token file");
    const token = await readToken("--sample-token-file", tokenFile);
    const pinned = fingerprint === undefined ? null : parseFingerprint(fingerprint);
    const pool = new Pool(origin, {
      connections: mostConnections,
      headersTimeout: answerWithinMs,
      bodyTimeout: answerWithinMs,
      connect: connectorFor(ca === undefined ? null : readCa(ca), pinned),
    });
    return new RemoteSampler(pool, token, tokenFile);
  }

  /** @throws UsageError in one line where it cannot be reached or trusted, or does not trust us. */
  async services(): Promise<ServicesAnswer["services"]> {
    try {
      return (await this.#ask("/v1/services", servicesAnswerSchema)).services;
    } catch (error) {
      await this.close();
      throw new UsageError(this.#problem(error as NodeJS.ErrnoException));
    }
  }

  reading(name: string, pss: boolean): Promise<ReadingAnswer> {
    return this.#ask(`/v1/services/${encodeURIComponent(name)}${pss ? "?pss=true" : ""}`, readingAnswerSchema);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.destroy();
  }

  async #ask<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const { statusCode, body } = await this.#pool.request({ method: "GET", path, headers: this.#headers });
    if (statusCode !== 200) {
      await body.dump();
      throw Object.assign(new Error(`answered ${statusCode}`), { code: `STATUS_${statusCode}` });
    }
    const parsed = schema.safeParse(await body.json().catch(() => null));
    if (!parsed.success) throw Object.assign(new Error("answered something else"), { code: "STATUS_200" });
    return parsed.data;
  }

  #problem({ code = "", message }: NodeJS.ErrnoException): string {
    if (code === "STATUS_401") return `the sampler refuses the token in ${this.#tokenFile}: copy the token file of its machine`;
    if (code.startsWith("STATUS_")) return `what answers there is no sampler of this version (it ${message})`;
    if (code === "ERR_FINGERPRINT") return message;
    if (/CERT|SIGNATURE|ALTNAME|SELF_SIGNED/.test(code)) {
      return `the sampler's certificate is not trusted (${code}): give --sample-ca, or the --sample-fingerprint that it printed`;
    }
    return `cannot reach the sampler (${code || message}): start "stress sampler" there, and see that its port is open`;
  }
}

/** The token is sent after the connector has said yes, and not before: a stranger with another certificate never sees it. */
function connectorFor(ca: string | null, pinned: string | null): buildConnector.connector {
  const connect = buildConnector({
    timeout: answerWithinMs,
    // a resumed session need not show the certificate again
    maxCachedSessions: 0,
    ...(ca === null ? {} : { ca }),
    ...(pinned === null ? {} : { rejectUnauthorized: false }),
  });
  if (pinned === null) return connect;
  return (options, callback) =>
    connect(options, (...args) => {
      const [error, socket] = args;
      if (error !== null) return callback(error, null);
      const shown = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : undefined;
      if (shown !== undefined && normalised(shown) === pinned) return callback(null, socket);
      socket.destroy();
      const message = `the sampler's certificate has the fingerprint ${shown}, which is not the one that --sample-fingerprint gives`;
      callback(Object.assign(new Error(message), { code: "ERR_FINGERPRINT" }), null);
    });
}

function readCa(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(
      `--sample-ca ${file}: cannot be read (${(error as NodeJS.ErrnoException).code}); give a readable PEM file`,
    );
  }
}

const normalised = (fingerprint: string) => fingerprint.replaceAll(":", "").toLowerCase();

function parseFingerprint(text: string): string {
  if (/^[0-9a-f]{64}$/.test(normalised(text))) return normalised(text);
  throw new UsageError(`--sample-fingerprint "${text}": accepted is a SHA-256 in hexadecimal, as "stress sampler" prints it`);
}

/**
 * A service on another machine. What counts up there counts from our first reading, and goes on through a restart of the
 * sampler; of that machine's clock only differences are used.
 */
export class RemoteSource implements SampleSource {
  readonly kind: SampleSource["kind"];
  readonly #sampler: RemoteSampler;
  readonly #name: string;
  readonly #counters = {
    cpuMs: new Counter(),
    throttledMs: new Counter(),
    throttledPeriods: new Counter(),
    restarts: new Counter(),
    oomKills: new Counter(),
  };
  #instance: string | null = null;
  /** From that machine's clock to ours, as of the first reading of this life of the sampler. */
  #offsetMs = 0;

  constructor(sampler: RemoteSampler, name: string, kind: SampleSource["kind"]) {
    this.#sampler = sampler;
    this.#name = name;
    this.kind = kind;
  }

  async read({ pss }: { pss: boolean }): Promise<Reading | null> {
    const { instance, reading } = await this.#sampler.reading(this.#name, pss);
    if (reading === null) return null;
    const counters = this.#counters;
    if (instance !== this.#instance) {
      for (const counter of Object.values(counters)) counter.beginAgain();
      this.#instance = instance;
      this.#offsetMs = performance.now() - reading.cpuAtMs;
    }
    return {
      ...reading,
      cpuMs: counters.cpuMs.see(reading.cpuMs),
      cpuAtMs: reading.cpuAtMs + this.#offsetMs,
      throttledMs: counters.throttledMs.see(reading.throttledMs),
      throttledPeriods: counters.throttledPeriods.see(reading.throttledPeriods),
      restarts: counters.restarts.see(reading.restarts) ?? 0,
      oomKills: counters.oomKills.see(reading.oomKills),
    };
  }

  close(): Promise<void> {
    return this.#sampler.close();
  }
}
