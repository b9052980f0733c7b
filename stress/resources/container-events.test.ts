import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Docker from "dockerode";
import { expect, it, vi } from "vitest";
import { ContainerEvents } from "./container-events.ts";

const second = 1_795_956_098;
const event = (Action: string, millisecond: number, name = "edge") =>
  `${JSON.stringify({ Type: "container", Action, Actor: { Attributes: { name } }, time: second, timeNano: second * 1e9 + millisecond * 1e6 })}\n`;

it("takes a broken stream up where it ended, and counts nothing twice and nobody else's", async () => {
  const asked: (string | null)[] = [];
  const server = createServer((request, response) => {
    asked.push(new URL(request.url ?? "", "http://engine").searchParams.get("since"));
    if (asked.length === 1) {
      response.write(event("start", 1) + event("oom", 2) + event("start", 3, "backend"));
      // the engine ends in the middle of a line
      response.end('{"Type":"contai');
      return;
    }
    // from the second on that was asked for, so what was told comes again
    response.write(event("start", 1) + event("oom", 2) + event("start", 3, "backend") + event("die", 400) + event("start", 700));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const events = new ContainerEvents(new Docker({ host: "127.0.0.1", port, protocol: "http" }), "edge");
  await events.open();
  await vi.waitFor(() => expect(events.starts).toBe(2), { timeout: 15_000, interval: 50 });
  expect(events).toMatchObject({ ends: 1, oomKills: 1 });
  expect(asked).toEqual([null, String(second)]);
  events.close();
  server.closeAllConnections();
  server.close();
});

it("asks again where the engine is away for a while, and ends when it is closed", async () => {
  let there = false;
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    if (there) response.write(event("start", 1));
    else response.writeHead(500).end("{}");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const events = new ContainerEvents(new Docker({ host: "127.0.0.1", port, protocol: "http" }), "edge");
  await events.open();
  expect(events.starts).toBe(0);
  there = true;
  await vi.waitFor(() => expect(events.starts).toBe(1), { timeout: 15_000, interval: 50 });
  events.close();
  const before = asked;
  server.closeAllConnections();
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(asked).toBe(before);
  server.close();
});
