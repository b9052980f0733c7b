import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Acceptor, type Taker } from "./acceptor.ts";
import { BindError } from "./service.ts";

const address = { host: "127.0.0.1", port: 0, setting: "EDGE_PORT" };

let acceptor: Acceptor;
let port: number;
const clients: Socket[] = [];

async function listen(limits?: ConstructorParameters<typeof Acceptor>[0]): Promise<void> {
  acceptor = new Acceptor(limits);
  port = await acceptor.listen(address);
}

beforeEach(() => listen());
afterEach(() => {
  acceptor.close();
  for (const client of clients.splice(0)) client.destroy();
});

/** A client that says its name and collects what it hears. */
async function come(name: string): Promise<{ readonly heard: () => string; readonly ended: Promise<unknown> }> {
  const socket = connect(port, "127.0.0.1");
  clients.push(socket);
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  socket.on("error", () => {});
  const ended = new Promise((resolve) => socket.once("close", resolve));
  await once(socket, "connect");
  socket.write(name);
  return { heard: () => heard, ended };
}

/** Holds what it is handed until it is told what to say of it. */
class Held implements Taker {
  readonly sockets: Socket[] = [];
  readonly #decisions: ((taken: boolean) => void)[] = [];

  hand(socket: Socket): Promise<boolean> {
    this.sockets.push(socket);
    return new Promise((resolve) => this.#decisions.push(resolve));
  }

  decide(taken: boolean): void {
    this.#decisions.shift()?.(taken);
  }
}

/** Greets each by the name it said: as a worker does, on a descriptor of its own that outlives the acceptor's. */
const greeter = (greeting: string): Taker => ({
  hand: (socket) =>
    new Promise((resolve) => {
      socket.once("data", (name) => socket.end(`${greeting} ${name}`, () => resolve(true)));
      socket.resume();
    }),
});

test("who comes while nobody is free waits, and keeps what it has said", async () => {
  const client = await come("a");
  await expect.poll(() => acceptor.waiting).toBe(1);
  acceptor.add(greeter("hello"));
  await client.ended;
  expect([client.heard(), acceptor.waiting]).toEqual(["hello a", 0]);
});

test("takers get connections in turn, and none a second one before it has confirmed the first", async () => {
  const takers = [new Held(), new Held()];
  for (const taker of takers) acceptor.add(taker);
  for (const name of ["a", "b", "c"]) await come(name);
  await expect.poll(() => acceptor.waiting).toBe(1);
  expect(takers.map(({ sockets }) => sockets.length)).toEqual([1, 1]);
  takers[1]?.decide(true);
  await expect.poll(() => takers.map(({ sockets }) => sockets.length)).toEqual([1, 2]);
});

test("a connection that its taker did not take goes to another, with every byte; the first is asked no more", async () => {
  const dying = new Held();
  acceptor.add(dying);
  const clients = [await come("a"), await come("b")];
  await expect.poll(() => dying.sockets.length).toBe(1);
  acceptor.add(greeter("well come"));
  dying.decide(false);
  for (const { ended } of clients) await ended;
  expect(clients.map(({ heard }) => heard()).sort()).toEqual(["well come a", "well come b"]);
  expect(dying.sockets).toHaveLength(1);
});

test("one that is removed is handed nothing more, although it confirms what it had", async () => {
  const removed = new Held();
  acceptor.add(removed);
  await come("a");
  await expect.poll(() => removed.sockets.length).toBe(1);
  acceptor.remove(removed);
  removed.decide(true);
  await come("b");
  await expect.poll(() => acceptor.waiting).toBe(1);
  expect(removed.sockets).toHaveLength(1);
});

test("beyond the limit of those that wait, and beyond their time, connections are cut off", async () => {
  acceptor.close();
  await listen({ maxWaiting: 2, waitTimeoutMs: 60_000 });
  const first = [await come("a"), await come("b")];
  await expect.poll(() => acceptor.waiting).toBe(2);
  await (await come("c")).ended;
  expect(acceptor.waiting).toBe(2);
  acceptor.close();
  for (const { ended } of first) await ended;

  await listen({ maxWaiting: 2, waitTimeoutMs: 50 });
  await (await come("d")).ended;
  await expect.poll(() => acceptor.waiting).toBe(0);
});

test("another address replaces the first; one that is taken is refused, and the first stays", async () => {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port: taken } = holder.address() as AddressInfo;
  await expect(acceptor.listen({ ...address, port: taken })).rejects.toThrow(BindError);
  expect(await acceptor.listen(address)).toBe(port);
  await come("a");
  await new Promise((resolve) => holder.close(resolve));

  const before = port;
  port = await acceptor.listen({ ...address, port: taken });
  expect(port).toBe(taken);
  acceptor.add(greeter("here"));
  const moved = await come("b");
  await moved.ended;
  expect(moved.heard()).toBe("here b");
  const late = connect(before, "127.0.0.1");
  expect(await once(late, "error")).toMatchObject([{ code: "ECONNREFUSED" }]);
});
