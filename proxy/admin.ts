import { createServer, type ServerResponse } from "node:http";
import { errorMessage } from "./errors.ts";
import { type Readiness, readinessAnswer } from "./readiness.ts";
import { listen } from "./service.ts";

export interface AdminSource {
  readonly readiness: () => Promise<Readiness>;
  /** Prometheus text; null: there is none. */
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> } | null;
}

export interface Admin {
  /** Resolves to the port as bound; rejects with BindError. */
  listen(host: string, port: number): Promise<number>;
  close(): Promise<void>;
}

/**
 * The operator's side of the edge: `/healthz`, `/readyz`, `/metrics`. It answers until it is closed: whoever asks during
 * a drain must hear "draining", not "refused". Without a framework, for the primary carries nothing else.
 */
export function createAdmin({ readiness, metrics }: AdminSource): Admin {
  const routes: Readonly<Record<string, (response: ServerResponse) => Promise<void>>> = {
    "/healthz": async (response) => json(response, 200, { status: "ok" }),
    "/readyz": async (response) => {
      const { status, body } = readinessAnswer(await readiness());
      json(response, status, body);
    },
    ...(metrics && {
      "/metrics": async (response: ServerResponse) => {
        const text = await metrics.metrics();
        response.writeHead(200, { "content-type": metrics.contentType }).end(text);
      },
    }),
  };
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, (request, response) => {
    const route = routes[(request.url ?? "").split("?", 1)[0] ?? ""];
    if (route === undefined) return json(response, 404, { error: "not found" });
    if (request.method !== "GET" && request.method !== "HEAD") return json(response, 405, { error: "GET only" });
    route(response).catch((error: unknown) => json(response, 500, { error: errorMessage(error) }));
  });
  return {
    listen: (host, port) => listen(server, { host, port, setting: "EDGE_ADMIN_PORT" }),
    async close() {
      server.closeAllConnections();
      if (server.listening) await new Promise((resolve) => server.close(resolve));
    },
  };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
