import { expect, test } from "vitest";
import { backendSettings, edgeSettings, parseBackendConfig, parseEdgeConfig } from "./config.ts";
import { containerVariables } from "./deploy/docker/container-variables.ts";
import { fixedSettings, takenEmbedded } from "./deploy/service-settings.ts";
import { ConfigError, type Settings } from "./setting.ts";

const required = { EDGE_CERT_FILE: "cert.pem", EDGE_KEY_FILE: "key.pem" };

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test("the defaults are the bundle's ports, pool and loopback addresses", () => {
  const edge = parseEdgeConfig(required);
  expect(edge).toMatchObject({ host: "::", port: 9443, admin: { host: "127.0.0.1", port: 9445 }, logSample: 0 });
  expect(edge.upstream).toMatchObject({
    origins: ["http://127.0.0.1:9444"],
    connections: 64,
    requestsPerConnection: 1000,
    idleTimeoutMs: 60_000,
  });
  expect(parseBackendConfig({})).toMatchObject({ host: "127.0.0.1", port: 9444 });
});

test("an idle upstream connection is let go by the edge before the backend lets go of it", () => {
  expect(parseEdgeConfig(required).upstream.idleTimeoutMs).toBeLessThan(parseBackendConfig({}).keepAliveTimeoutMs);
});

test("every timeout is finite: 0, which means none to Node, is refused everywhere", () => {
  const timeouts = Object.keys({ ...edgeSettings, ...backendSettings }).filter((name) => name.endsWith("TIMEOUT_MS"));
  expect(timeouts.length).toBeGreaterThan(12);
  for (const name of timeouts) {
    const parse = name.startsWith("BACKEND_") ? parseBackendConfig : parseEdgeConfig;
    expect(problemsOf(() => parse({ ...required, [name]: "0" }))).toContainEqual(
      expect.stringContaining(`${name}="0": expected`),
    );
  }
});

test("all errors come at once, one line each with the variable, what was given and what is accepted", () => {
  const problems = problemsOf(() =>
    parseEdgeConfig({
      EDGE_PORT: "99999",
      EDGE_TLS: "yes",
      UPSTREAM_URL: "localhost:9444",
      EDGE_LOG_SAMPLE: "2",
      UPSTREAM_CONNECTIONS: "1e3",
    }),
  );
  expect(problems).toEqual([
    'EDGE_PORT="99999": expected a whole number from 0 to 65535 (0: the system chooses)',
    'EDGE_TLS="yes": expected one of on, off',
    'UPSTREAM_URL="localhost:9444": expected http:// or https:// origins separated by commas, without path, query or credentials',
    'UPSTREAM_CONNECTIONS="1e3": expected a whole number from 1 to 10000',
    'EDGE_LOG_SAMPLE="2": expected a share from 0 to 1, such as 0.01',
  ]);
});

test("certificate and key are required with TLS, and not without", () => {
  expect(problemsOf(() => parseEdgeConfig({}))).toEqual([
    "EDGE_CERT_FILE is not set: expected the path of a PEM file (or EDGE_TLS=off)",
    "EDGE_KEY_FILE is not set: expected the path of a PEM file (or EDGE_TLS=off)",
  ]);
  expect(parseEdgeConfig({ EDGE_TLS: "off" }).tls).toBeNull();
});

test("a password in an upstream's URL is refused without being shown", () => {
  const [problem] = problemsOf(() => parseEdgeConfig({ ...required, UPSTREAM_URL: "http://user:hunter2@host" }));
  expect(problem).toContain('UPSTREAM_URL="http://***@host"');
  expect(problem).not.toContain("hunter2");
});

test.each([
  ["http://a", ["http://a"]],
  ["http://a:80, https://b:443/", ["http://a", "https://b"]],
  ["http://[::1]:9444", ["http://[::1]:9444"]],
])("upstreams %s", (given, origins) => {
  expect(parseEdgeConfig({ ...required, UPSTREAM_URL: given }).upstream.origins).toEqual(origins);
});

test.each(["http://a,http://a:80", "http://a/path", "http://a?x", "ftp://a", "http://a,", "//a"])(
  "upstreams %s are refused",
  (given) => {
    expect(problemsOf(() => parseEdgeConfig({ ...required, UPSTREAM_URL: given }))).toHaveLength(1);
  },
);

test("trusted proxies are addresses and blocks of both families", () => {
  const { trustedProxies } = parseEdgeConfig({ ...required, EDGE_TRUSTED_PROXIES: "10.0.0.0/8, 192.0.2.7, fd00::/8" });
  const trusted = (address: string, family: "ipv4" | "ipv6") => trustedProxies.check(address, family);
  expect([trusted("10.9.9.9", "ipv4"), trusted("192.0.2.7", "ipv4"), trusted("fd12::1", "ipv6")]).toEqual([true, true, true]);
  expect([trusted("11.0.0.1", "ipv4"), trusted("192.0.2.8", "ipv4"), trusted("::1", "ipv6")]).toEqual([false, false, false]);
});

test.each(["10.0.0.0/33", "nginx", "10.0.0.0/8/8", "::1/129", "10.0.0.0/"])("trusted proxy %s is refused", (given) => {
  expect(problemsOf(() => parseEdgeConfig({ ...required, EDGE_TRUSTED_PROXIES: given }))).toHaveLength(1);
});

test("an empty value means the default", () => {
  expect(parseBackendConfig({ BACKEND_PORT: "", BACKEND_HOST: " " })).toMatchObject({ port: 9444, host: "127.0.0.1" });
});

test("a socket timeout that would cut a client off before its 504 is refused", () => {
  const [problem] = problemsOf(() => parseEdgeConfig({ ...required, UPSTREAM_HEADERS_TIMEOUT_MS: "120000" }));
  expect(problem).toMatch(/^EDGE_SOCKET_TIMEOUT_MS=120000: expected more than .* \(125000\)$/);
});

test(".env.example lists every variable with its default and reason", async () => {
  const fixedBy = (name: string) => `fixed by deploy.sh${takenEmbedded.includes(name) ? " in containers" : ""}`;
  const lines = (settings: Settings) =>
    Object.entries(settings).flatMap(([name, { default: value, reason }]) => [
      `# ${reason}`,
      ...(fixedSettings[name] === undefined ? [] : [`# ${fixedBy(name)}: ${fixedSettings[name]}`]),
      `${name}=${value ?? ""}`,
    ]);
  const { LOG_LEVEL, SETTINGS_FILE, ...edge } = edgeSettings;
  const { LOG_LEVEL: _level, SETTINGS_FILE: _file, ...backend } = backendSettings;
  const text = [
    "# Configuration of the bundle's processes, by environment. Every value here is the default;",
    "# an unset or empty variable means it. proxy/config.ts is the source of this list.",
    "",
    "# The edge",
    ...lines(edge),
    "",
    "# The backend",
    ...lines(backend),
    "",
    "# Both",
    ...lines({ LOG_LEVEL, SETTINGS_FILE }),
    "",
    "# Containers: read by deploy.sh --docker, not by the processes",
    ...Object.entries(containerVariables).flatMap(([name, { default: value, reason }]) => [`# ${reason}`, `${name}=${value}`]),
    "",
  ].join("\n");
  await expect(text).toMatchFileSnapshot("../.env.example");
});
