import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { expect, it } from "vitest";
import { UsageError } from "../profile/usage-error.ts";
import { Engine } from "./engine.ts";
import { parseSamples } from "./sample-option.ts";

/** Something that listens where an engine would. */
async function engineThat(answers: RequestListener): Promise<{ engine: Engine } & AsyncDisposable> {
  const server = createServer(answers).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    engine: new Engine(new Docker({ host: "127.0.0.1", port, protocol: "http" })),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refusalOf(engine: Engine): Promise<Error> {
  return parseSamples(["edge=docker:plimsoll-edge-1"], { engine: () => engine }).then(
    () => Promise.reject(new Error("not refused")),
    (error: Error) => error,
  );
}

it("says in one line that no engine is there", async () => {
  const dir = mkdtempSync(join(tmpdir(), "plimsoll-engine-"));
  const refusal = await refusalOf(new Engine(new Docker({ socketPath: join(dir, "docker.sock") })));
  expect(refusal).toBeInstanceOf(UsageError);
  expect(refusal.message).toBe(
    `--sample "edge=docker:plimsoll-edge-1": cannot reach the container engine (connect ENOENT ${dir}/docker.sock): start it, or set DOCKER_HOST to where it is`,
  );
  rmSync(dir, { recursive: true });
});

it("says in one line that it may not use it", async () => {
  await using refusing = await engineThat((_, response) => response.writeHead(403).end('{"message":"no\\n\\naccess"}'));
  const { message } = await refusalOf(refusing.engine);
  expect(message).toMatch(
    /no permission to use the container engine \(.*no access.*\): run as root, or as a member of its socket's group/,
  );
  expect(message).not.toContain("\n");
});

it.runIf(process.getuid?.() === 0)(
  "says so of a socket that is not its user's, too (run as root, who can become somebody else)",
  async () => {
    const dir = mkdtempSync(join(tmpdir(), "plimsoll-engine-"));
    const server = createServer().listen(join(dir, "docker.sock"));
    await once(server, "listening");
    process.seteuid?.(65_534);
    try {
      const { message } = await refusalOf(new Engine(new Docker({ socketPath: join(dir, "docker.sock") })));
      expect(message).toContain("no permission to use the container engine (connect EACCES");
    } finally {
      process.seteuid?.(0);
      server.close();
      rmSync(dir, { recursive: true });
    }
  },
);

it("says in one line what else the engine says", async () => {
  await using broken = await engineThat((_, response) => response.writeHead(500).end('{"message":"disk\\nfull"}'));
  expect((await refusalOf(broken.engine)).message).toMatch(/the container engine refuses: .*disk full/);
});

it("says in one line that there is no such container, or that it does not run", async () => {
  await using none = await engineThat((_, response) => response.writeHead(404).end('{"message":"No such container"}'));
  expect((await refusalOf(none.engine)).message).toBe(
    '--sample "edge=docker:plimsoll-edge-1": no container is named "plimsoll-edge-1"; see "docker ps -a"',
  );
  const stopped = { Id: "abc", Name: "/plimsoll-edge-1", HostConfig: {}, State: { Running: false, Status: "exited", Pid: 0 } };
  await using exited = await engineThat((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(stopped));
  });
  expect((await refusalOf(exited.engine)).message).toBe(
    '--sample "edge=docker:plimsoll-edge-1": the container plimsoll-edge-1 does not run (exited); see "docker ps -a"',
  );
});
