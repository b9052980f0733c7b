import { expect, test } from "vitest";
import { patience, signal, useWorkers } from "./testing/workers-case.ts";

const running = useWorkers();
const { start, metric, workerPids, eventsNamed, reload, holdSlow, stop, startTwo, resume } = running;

test("a TLS session resumes on whichever worker the client reaches, those of a reload included", async () => {
  await start({ EDGE_WORKERS: "3" });
  const { reused, ticket } = await resume();
  expect(reused).toBe(false);
  for (let i = 0; i < 3; i++) expect((await resume(ticket)).reused).toBe(true);
  await reload();
  for (let i = 0; i < 3; i++) expect((await resume(ticket)).reused).toBe(true);
  expect(await metric("edge_tls_resumptions_total")).toBe(6);
});

test("ticket keys are changed: an old ticket costs a full handshake, a new one resumes", async () => {
  await start({ EDGE_WORKERS: "2", EDGE_TICKET_KEY_LIFE_MS: "1500" });
  const { ticket } = await resume();
  await expect.poll(async () => (await resume(ticket)).reused, patience).toBe(false);
  await expect
    .poll(async () => {
      const renewed = await resume();
      return (await resume(renewed.ticket)).reused;
    }, patience)
    .toBe(true);
});

test("a key that is changed while a worker starts reaches it", async () => {
  const lifeMs = 4_000;
  await start({ EDGE_WORKERS: "2", EDGE_TICKET_KEY_LIFE_MS: String(lifeMs) });
  const changed = new Promise((resolve) => setTimeout(resolve, lifeMs + 100));
  const { ticket } = await resume();
  expect((await resume(ticket)).reused).toBe(true);
  const old = workerPids();
  stop(old);
  running.edge.child.kill("SIGHUP");
  const { client, second } = await startTwo(old, holdSlow());
  await changed;
  signal([second], "SIGCONT");
  await expect.poll(() => eventsNamed("reloaded").length, patience).toBe(1);
  // The other has begun with the new key.
  signal([second], "SIGSTOP");
  expect((await resume(ticket)).reused).toBe(false);
  client.end();
  signal([second, ...old], "SIGCONT");
});
