import http from "node:http";
import https from "node:https";
import type { RefusalFacts } from "../../judge/plan/refusal.ts";
import { type Address, tlsOptions } from "../../load/endpoint.ts";
import { type PlainRequest, plainRequest } from "../../load/request.ts";
import type { Profile, RequestSpec } from "../../profile/profile.ts";

/** Connections that are there before the load. */
const established = 20;
const everyMs = 1000;
/** Fresh connections come this often: enough to see what becomes of them, too few to be a load. */
const freshEveryMs = 500;
const mostExamples = 5;
/** The health endpoint is asked as a load balancer asks it, whatever the load sends. */
const plainGet: RequestSpec = { route: "", weight: 1, method: "GET", path: "/", headers: [], body: null, bodyFile: null };

type Outcome = { kind: "answered" | "refused" | "wrong"; tookMs: number; why: string };

/**
 * Watches a target from beside a load: users that were connected before it, clients that connect meanwhile, and its health
 * endpoint. It is a handful of requests a second, so that it measures the load and is none.
 */
export class Witness {
  readonly facts: RefusalFacts;
  readonly #profile: Profile;
  readonly #address: Address;
  readonly #host: string;
  readonly #agents: http.Agent[];
  readonly #tls: https.AgentOptions | null;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #under = new Set<Promise<void>>();
  /** The connection of each agent, to know another one. */
  readonly #known = new WeakMap<http.Agent, unknown>();
  #ended = false;

  constructor(profile: Profile, address: Address, health: string) {
    this.#profile = profile;
    this.#address = address;
    this.#host = new URL(profile.target.baseUrl).host;
    const secure = tlsOptions(profile.target);
    // Node keeps no connection whose identity is checked by a function of one's own; its own checks the same name
    this.#tls = secure && withoutIdentityCheck(secure);
    this.#agents = Array.from({ length: established }, () => this.#agent(true));
    this.facts = {
      established: { connections: established, requests: 0, answered: 0, refused: 0, wrong: 0, broken: 0, slowestMs: null },
      fresh: { requests: 0, answered: 0, refused: 0, wrong: 0, slowestMs: null },
      health: { path: health, requests: 0, answered: 0, slowestMs: null },
      examples: [],
    };
  }

  /** Opens the connections; resolves when each has been used once. */
  async start(): Promise<void> {
    await Promise.all(this.#agents.map((agent) => this.#ask(agent, this.#request())));
    for (const [i, agent] of this.#agents.entries()) {
      this.#every(everyMs, (i * everyMs) / established, () => this.#askEstablished(agent));
    }
    this.#every(freshEveryMs, 0, () => this.#askFresh());
    this.#every(everyMs, 250, () => this.#askHealth());
  }

  /** Asks no more, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#under);
    for (const agent of this.#agents) agent.destroy();
  }

  /** One at a time: whoever waits for an answer asks nothing else meanwhile. */
  #every(ms: number, firstMs: number, ask: () => Promise<void>): void {
    let isUnderWay = false;
    const step = () => {
      if (isUnderWay || this.#ended) return;
      isUnderWay = true;
      const asked = ask().finally(() => {
        isUnderWay = false;
        this.#under.delete(asked);
      });
      this.#under.add(asked);
    };
    const first = setTimeout(() => {
      step();
      this.#timers.push(setInterval(step, ms));
    }, firstMs);
    this.#timers.push(first);
  }

  async #askEstablished(agent: http.Agent): Promise<void> {
    const { established: facts } = this.facts;
    facts.requests++;
    const outcome = await this.#ask(agent, this.#request(), () => {
      facts.broken++;
      this.#tell("a connection from before the load was closed by the target");
    });
    facts[outcome.kind]++;
    facts.slowestMs = Math.max(facts.slowestMs ?? 0, outcome.tookMs);
    if (outcome.kind === "wrong") this.#tell(`over a connection from before the load: ${outcome.why}`);
  }

  async #askFresh(): Promise<void> {
    const { fresh } = this.facts;
    fresh.requests++;
    const outcome = await this.#askOnce(this.#request());
    fresh[outcome.kind]++;
    fresh.slowestMs = Math.max(fresh.slowestMs ?? 0, outcome.tookMs);
    if (outcome.kind === "wrong") this.#tell(`over a new connection: ${outcome.why}`);
  }

  async #askHealth(): Promise<void> {
    const { health } = this.facts;
    health.requests++;
    const outcome = await this.#askOnce(plainRequest({ ...plainGet, path: health.path }, this.#host));
    if (outcome.kind === "answered") health.answered++;
    else this.#tell(`${health.path}: ${outcome.why}`);
    health.slowestMs = Math.max(health.slowestMs ?? 0, outcome.tookMs);
  }

  /** As the load asks, or what it gets would be something else. */
  #request(): PlainRequest {
    return plainRequest(this.#profile.requests[0] as RequestSpec, this.#host);
  }

  async #askOnce(request: PlainRequest): Promise<Outcome> {
    const agent = this.#agent(false);
    const outcome = await this.#ask(agent, request);
    agent.destroy();
    return outcome;
  }

  #agent(keepAlive: boolean): http.Agent {
    const options = { keepAlive, maxSockets: 1, maxFreeSockets: 1 };
    return this.#tls === null ? new http.Agent(options) : new https.Agent(options);
  }

  /** `onBroken`: a connection that had carried requests before was closed under this one, or since the last. */
  #ask(agent: http.Agent, { method, path, headers, body }: PlainRequest, onBroken: () => void = () => {}): Promise<Outcome> {
    const { timeoutMs } = this.#profile;
    const startedAt = performance.now();
    const { host, port, family } = this.#address;
    const options = {
      ...this.#tls,
      host,
      port,
      family,
      method,
      path,
      agent,
      headers: headers.flat(),
    } as https.RequestOptions;
    return new Promise((settle) => {
      const end = (kind: Outcome["kind"], why = "") => {
        clearTimeout(timer);
        settle({ kind, why, tookMs: performance.now() - startedAt });
      };
      const request = (this.#tls === null ? http : https).request(options, (response) => {
        const { statusCode = 0 } = response;
        const isRefusal = (statusCode === 503 || statusCode === 429) && response.headers["retry-after"] !== undefined;
        response.resume();
        response.on("error", (error) => end("wrong", `its answer was cut off (${error.message})`));
        response.on("end", () => {
          if (statusCode < 400) end("answered");
          else if (isRefusal) end("refused", `HTTP ${statusCode} with Retry-After`);
          else end("wrong", `HTTP ${statusCode}${statusCode === 503 || statusCode === 429 ? " without Retry-After" : ""}`);
        });
      });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
      request.on("socket", (socket) => {
        if (!this.#known.has(agent)) this.#known.set(agent, socket);
        else if (this.#known.get(agent) !== socket) {
          this.#known.set(agent, socket);
          onBroken();
        }
      });
      request.on("error", (error: NodeJS.ErrnoException) => {
        end(error.code === "ECONNREFUSED" ? "refused" : "wrong", error.message);
      });
      request.end(body);
    });
  }

  #tell(example: string): void {
    const { examples } = this.facts;
    if (examples.length < mostExamples && !examples.includes(example)) examples.push(example);
  }
}

function withoutIdentityCheck({ checkServerIdentity: _, ...options }: https.AgentOptions): https.AgentOptions {
  return options;
}
