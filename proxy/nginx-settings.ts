import { edgeSettings } from "./config.ts";

/** A setting that nginx has a directive for, and how the directive writes the setting's value. */
export interface NginxSetting {
  readonly setting: keyof typeof edgeSettings;
  readonly directive: string;
  /** Where the directive stands more than once, the file that is meant. */
  readonly file: string;
  readonly write: (value: string) => string;
}

const seconds = (ms: string): string => `${Number(ms) / 1000}s`;
const same = (value: string): string => value;
const on = (setting: keyof typeof edgeSettings, file: string, directive: string, write: NginxSetting["write"]): NginxSetting => {
  return { setting, directive, file, write };
};

/**
 * The settings that the edges share. config.ts is their one place: nginx's files repeat the defaults, and a test fails where
 * they differ. A value that a user gives reaches the proxy alone.
 */
export const nginxSettings: readonly NginxSetting[] = [
  on("UPSTREAM_CONNECTIONS", "pool/on.conf", "keepalive", same),
  on("UPSTREAM_REQUESTS_PER_CONNECTION", "pool/on.conf", "keepalive_requests", same),
  on("UPSTREAM_IDLE_TIMEOUT_MS", "pool/on.conf", "keepalive_timeout", seconds),
  on("UPSTREAM_CONNECT_TIMEOUT_MS", "parts/proxy.conf", "proxy_connect_timeout", seconds),
  on("UPSTREAM_HEADERS_TIMEOUT_MS", "parts/proxy.conf", "proxy_read_timeout", seconds),
  on("UPSTREAM_BODY_TIMEOUT_MS", "parts/proxy.conf", "proxy_read_timeout", seconds),
  on("EDGE_HANDSHAKE_TIMEOUT_MS", "parts/limits.conf", "client_header_timeout", seconds),
  on("EDGE_HEADERS_TIMEOUT_MS", "parts/limits.conf", "client_header_timeout", seconds),
  on("EDGE_REQUEST_TIMEOUT_MS", "parts/limits.conf", "client_body_timeout", seconds),
  on("EDGE_SOCKET_TIMEOUT_MS", "parts/limits.conf", "send_timeout", seconds),
  on("EDGE_KEEP_ALIVE_TIMEOUT_MS", "parts/limits.conf", "keepalive_timeout", seconds),
  on("EDGE_BODY_LIMIT_BYTES", "parts/limits.conf", "client_max_body_size", (bytes) => `${Number(bytes) / 1024 ** 2}m`),
  on("EDGE_HEADER_LIMIT_BYTES", "parts/limits.conf", "large_client_header_buffers", (bytes) => `2 ${Number(bytes) / 2048}k`),
  on("EDGE_DRAIN_TIMEOUT_MS", "nginx.conf", "worker_shutdown_timeout", seconds),
  on("EDGE_DRAIN_IDLE_MS", "since-1.27.4/http.conf", "keepalive_min_timeout", seconds),
  on("EDGE_LOG_SAMPLE", "nginx.conf", "access_log", (share) => (share === "0" ? "off" : "stderr")),
];

/** One line for each setting that was given and that nginx goes on having its own value for. */
export function notFollowedByNginx(given: Readonly<Record<string, string>>): string[] {
  const others = nginxSettings.filter(
    ({ setting }) => given[setting] !== undefined && given[setting] !== edgeSettings[setting].default,
  );
  return others.map(
    ({ setting, directive, file }) => `nginx does not follow ${setting}: ${directive} in nginx/${file} does the same there`,
  );
}
