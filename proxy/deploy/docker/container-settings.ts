import type { ServiceSettings } from "../service-settings.ts";
import type { Topology } from "./project.ts";

/** What the compose files say to the edge by environment; enough to check the user's settings together with it. */
export function containerUpstream(topology: Topology): ServiceSettings {
  return topology === "node"
    ? { EDGE_TLS: "on", EDGE_CERT_FILE: "/run/plimsoll/certs/server.pem", EDGE_KEY_FILE: "/run/plimsoll/certs/server-key.pem" }
    : { EDGE_TLS: "off" };
}
