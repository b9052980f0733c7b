import { describe, expect, it } from "vitest";
import { engineFound, node, TestContainer } from "../resources/test-container.ts";
import { TestCommand } from "../testing/command.ts";

const mib = 2 ** 20;
/** Answers everything; `/eat` also keeps 16 MiB for ever. Ends like a crash at `/crash`. */
const server = `
  const kept = [];
  require("node:http").createServer((request, response) => {
    if (request.url === "/crash") process.exit(1);
    if (request.url === "/eat") kept.push(Buffer.alloc(16 * 2 ** 20, 1));
    response.end('{"status":"ok"}');
  }).listen(8080);
`;

function start(options: { memoryBytes?: number; restart?: "always" } = {}): Promise<TestContainer> {
  return TestContainer.start({ image: node, command: ["node", "-e", server], port: 8080, ...options });
}

/** A short run against the container, which is sampled; `then` happens in the middle of its load. */
async function measure(container: TestContainer, then: (url: string) => Promise<unknown>) {
  const url = await container.url();
  await expect
    .poll(
      () =>
        fetch(url).then(
          (response) => response.ok,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true);
  const flags = [
    "--vus",
    "2",
    "--duration",
    "6s",
    "--sample",
    `edge=docker:${container.name}`,
    "--threshold",
    "http_reqs:count>0",
  ];
  await using run = new TestCommand(["throughput", "--base-url", url, "--no-tui", "--out", "summary.json", ...flags]);
  await expect.poll(() => run.stdout, { timeout: 20_000 }).toMatch(/hold/);
  await then(url);
  const { code } = await run.ended();
  const summary = run.summary();
  const [edge] = summary.resources;
  if (edge === undefined) throw new Error("the container was not sampled");
  return { code, edge, reasons: summary.results.reasons.join("\n"), columns: summary.timeseries.columns };
}

describe.skipIf(!engineFound)("a run that samples a container (skipped where no engine answers)", () => {
  it.concurrent("has its figures, named for what they are", async () => {
    await using container = await start({ memoryBytes: 256 * mib });
    const { edge, reasons, columns } = await measure(container, async () => {});
    expect(edge).toMatchObject({
      source: "container",
      rss: null,
      restarts: 0,
      oomKills: 0,
      running: true,
      limits: { cpus: null, memoryBytes: 256 * mib, enforced: true },
    });
    expect(edge.anon?.steadyBytes).toBeGreaterThan(5 * mib);
    expect(edge.workingSet?.steadyBytes).toBeGreaterThan(edge.anon?.steadyBytes ?? 0);
    expect(edge.cpu.steadyCores).toBeGreaterThan(0);
    expect(edge.sockets.max).toBeGreaterThan(0);
    expect(columns).toContain("anon:edge");
    expect(reasons).not.toContain("edge");
  });

  it.concurrent("fails when it was killed and came back", async () => {
    await using container = await start({ restart: "always" });
    const { code, edge, reasons } = await measure(container, (url) => fetch(`${url}/crash`).catch(() => {}));
    expect(code).toBe(99);
    expect(edge).toMatchObject({ restarts: 1, oomKills: 0, running: true });
    expect(reasons).toContain("edge restarted 1 time during the run");
  });

  it.concurrent("fails when it was killed and stayed away", async () => {
    await using container = await start();
    const { edge, reasons } = await measure(container, () => container.kill());
    expect(edge).toMatchObject({ restarts: 0, running: false });
    expect(reasons).toContain("edge was down at the end of the run");
  });

  it.concurrent("fails when the kernel killed it for want of memory", async () => {
    await using container = await start({ memoryBytes: 128 * mib, restart: "always" });
    const { code, edge, reasons } = await measure(container, async (url) => {
      for (let i = 0; i < 12; i++) await fetch(`${url}/eat`).catch(() => {});
    });
    expect(code).toBe(99);
    expect(edge.oomKills).toBeGreaterThanOrEqual(1);
    expect(reasons).toContain("edge was killed for memory during the run");
  });
});
