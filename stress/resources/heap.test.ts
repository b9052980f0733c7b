import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { identify } from "@plimsoll/proxy/process-table";
import { expect, it, vi } from "vitest";
import { HeapProbe, parseHeap } from "./heap.ts";
import { ProcessSource } from "./process.ts";

it.each([
  [
    "one line, with a prefix",
    "# TYPE edge_nodejs_heap_size_used_bytes gauge\nedge_nodejs_heap_size_used_bytes 20543160\n",
    20_543_160,
  ],
  ["no prefix, exponents", "nodejs_heap_size_used_bytes 2.5e+7\n", 25_000_000],
  ["several workers, added up", 'nodejs_heap_size_used_bytes{worker="1"} 10\nnodejs_heap_size_used_bytes{worker="2"} 32\n', 42],
  [
    "the total size, which is another figure",
    'nodejs_heap_size_total_bytes 7\nnodejs_heap_space_size_used_bytes{space="new"} 3\n',
    null,
  ],
  ["nothing", "", null],
])("reads the used heap from %s", (_, text, bytes) => {
  expect(parseHeap(text)).toBe(bytes);
});

/** A service that publishes its heap, `heap` being what it has now; null: it does not answer. */
async function publisher(heap: () => number | null) {
  let asked = 0;
  const server = createServer((_, response) => {
    asked++;
    const bytes = heap();
    if (bytes !== null) response.end(`edge_nodejs_heap_size_used_bytes ${bytes}\n`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const identity = identify(process.pid);
  const probe = new HeapProbe(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
  const source = new ProcessSource(async () => identity && { identity, restarts: 0 }, 0, probe);
  return {
    heap: async (edge: boolean) => (await source.read({ pss: edge }))?.heapBytes,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      await source.close();
      server.closeAllConnections();
      server.close();
    },
  };
}

it("is what the service has now, at the edge of a phase", async () => {
  let bytes = 4_096;
  await using service = await publisher(() => bytes);
  expect(await service.heap(true)).toBe(4_096);
  bytes = 8_192;
  expect(await service.heap(true)).toBe(8_192);
});

it("is asked for seldom in between, and each figure given to one reading", async () => {
  await using service = await publisher(() => 4_096);
  expect(await service.heap(false)).toBeNull();
  await vi.waitFor(async () => expect(await service.heap(false)).toBe(4_096), { timeout: 10_000 });
  expect(await service.heap(false)).toBeNull();
  expect(service.asked()).toBe(1);
});

it("delays no other figure where the service does not answer, and at an edge not for ever", async () => {
  await using service = await publisher(() => null);
  expect(await service.heap(false)).toBeNull();
  await vi.waitFor(() => expect(service.asked()).toBe(1), { timeout: 10_000 });
  expect(await service.heap(false)).toBeNull();
  expect(await service.heap(true)).toBeNull();
});

it("is silent about a service that is not there", async () => {
  const probe = new HeapProbe("http://127.0.0.1:1/metrics");
  expect(await probe.read({ edge: true })).toBeNull();
  await probe.close();
});
