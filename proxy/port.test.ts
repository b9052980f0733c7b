import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Port } from "./port.ts";
import { BindError } from "./service.ts";

const address = { host: "127.0.0.1", port: 0, setting: "EDGE_PORT" };

const ports: Port[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

function bind(at = address): Port {
  const port = new Port(at);
  ports.push(port);
  return port;
}

/** A process that inherits the port and says "listening"; it greets who connects, or accepts nobody. */
async function inherit(port: Port, accepts: boolean): Promise<{ end: () => Promise<unknown> }> {
  const code = `require("node:net").createServer((socket) => socket.end("hello")).listen({ fd: 3 }, () => {
    require("node:fs").writeSync(1, "listening");
    if (!${accepts}) process.kill(process.pid, "SIGSTOP");
  })`;
  const child = spawn(process.execPath, ["-e", code], { stdio: ["ignore", "pipe", "inherit", port.fd] });
  if (child.stdout !== null) await once(child.stdout, "data");
  return {
    end: () => {
      child.kill("SIGKILL");
      return once(child, "exit");
    },
  };
}

function come(port: number): { readonly heard: Promise<string>; readonly connected: Promise<unknown> } {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk) => {
    text += chunk;
  });
  const heard = new Promise<string>((resolve) => {
    socket.on("error", (error) => resolve(String(error)));
    socket.on("close", () => resolve(text));
  });
  return { heard, connected: once(socket, "connect") };
}

test("its number is known before anybody listens; until then who comes is refused", async () => {
  const port = bind();
  expect(port.number).toBeGreaterThan(0);
  await expect(come(port.number).connected).rejects.toThrow(/ECONNREFUSED/);
});

test("connections that nobody has accepted outlive the process that listened, and are the next one's", async () => {
  const port = bind();
  const first = await inherit(port, false);
  const clients = [come(port.number), come(port.number)];
  for (const { connected } of clients) await connected;
  await first.end();
  const late = come(port.number);
  await late.connected;
  const second = await inherit(port, true);
  expect(await Promise.all([...clients, late].map(({ heard }) => heard))).toEqual(["hello", "hello", "hello"]);
  await second.end();
});

test("closed, it leaves the port to those that have inherited it, and with the last of them it is free", async () => {
  const port = bind();
  const worker = await inherit(port, true);
  port.close();
  expect(await come(port.number).heard).toBe("hello");
  await worker.end();
  await expect(come(port.number).connected).rejects.toThrow(/ECONNREFUSED/);
});

test("a port that is taken is a BindError with its setting, and can be had once it is free", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  const problem = `EADDRINUSE: port ${port} on 127.0.0.1 is taken; free it or set EDGE_PORT`;
  expect(() => bind({ ...address, port })).toThrow(new BindError(problem));
  await new Promise((resolve) => holder.close(resolve));
  expect(bind({ ...address, port }).number).toBe(port);
});

test("it is for what it was asked for: port 0 stays the one that the system chose", () => {
  const port = bind();
  expect([port.isFor(address), port.isFor({ ...address, port: port.number }), port.isFor({ ...address, host: "::1" })]).toEqual([
    true,
    false,
    false,
  ]);
});
