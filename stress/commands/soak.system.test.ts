import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Summary } from "../measure/summary.ts";
import { engineFound, node, TestContainer } from "../resources/test-container.ts";
import { TestCommand } from "../testing/command.ts";
import { FaultyProcess, faultyServiceFlags } from "../testing/faulty-process.ts";

/**
 * Soaks of a minute against services that are really faulty, or healthy and look it not. Growth that harms is set so high
 * that a minute can tell; the statistics have a proof of their own. All at once: they wait far more than they work.
 */
const soak = [
  ..."--minutes 1 --warm-up 5s --rest 2s --before 6s --after 15s --sample-every 500ms --harmful 60MiB/min".split(" "),
  ..."--vus 4 --think 100ms --workers 1".split(" "),
];

interface Expected {
  fault: string;
  finds: string;
  exitCodes: number[];
  /** Reasons that must be given, and what may not drift. */
  reason?: RegExp;
  drift?: string[];
}

const services: Expected[] = [
  { fault: "leak", finds: "leaks", exitCodes: [99], reason: /service: memory grows by .* MiB\/h/, drift: ["leaking"] },
  {
    fault: "descriptors",
    finds: "leaks descriptors",
    exitCodes: [99],
    reason: /service: number of descriptors \d+ after the load/,
  },
  { fault: "spin", finds: "spins after the load", exitCodes: [99], reason: /service: CPU \d\.\d\d cores after the load/ },
  { fault: "none", finds: "is healthy", exitCodes: [0, 111], drift: ["stable", "undecided"] },
  { fault: "sawtooth", finds: "is healthy, its memory a large sawtooth", exitCodes: [0, 111], drift: ["stable", "undecided"] },
];

async function judged(url: string, sample: string): Promise<{ summary: Summary; code: number | null }> {
  await using command = new TestCommand(["soak", "--base-url", url, "--sample", `service=${sample}`, ...soak]);
  const { code, stderr } = await command.ended();
  expect(stderr).toBe("");
  return { summary: command.summary("soak-summary.json"), code };
}

function expectFound({ summary, code }: Awaited<ReturnType<typeof judged>>, { exitCodes, reason, drift }: Expected): void {
  const told = JSON.stringify({ results: summary.results, drift: summary.resources[0]?.drift });
  expect(exitCodes, told).toContain(code);
  expect(summary.results.exitCode).toBe(code);
  if (reason) expect(summary.results.reasons.join("\n")).toMatch(reason);
  if (drift) expect(drift, told).toContain(summary.resources[0]?.drift?.verdict);
  // A healthy service may be undecided after a minute, but nothing of it may be called drifting.
  if (!exitCodes.includes(99)) expect(summary.stability?.checks.filter(({ verdict }) => verdict === "drifting")).toEqual([]);
}

// Side by side, processes and containers too.
describe.concurrent("a soak of", () => {
  describe("a process", () => {
    test.each(services)("that $finds is judged rightly", async (expected) => {
      await using service = await FaultyProcess.start(expected.fault);
      expectFound(await judged(service.url, `pid:${service.pid}`), expected);
    });

    test("that dies during the soak fails it, and the soak goes on to its end", async () => {
      await using service = await FaultyProcess.start("dies");
      const { summary, code } = await judged(service.url, `pid:${service.pid}`);
      expect(code).toBe(99);
      expect(summary.results.reasons).toContain("service was down at the end of the run");
      expect(summary.state.testRunDurationMs).toBeGreaterThan(59_000);
    });

    test("of which the latency grows all the time fails, though its memory is flat", async () => {
      await using service = await FaultyProcess.start("slow");
      const { summary, code } = await judged(service.url, `pid:${service.pid}`);
      expect(code).toBe(99);
      expect(summary.stability?.checks.find(({ check }) => check === "latency")?.verdict).toBe("drifting");
    });
  });

  describe.skipIf(!engineFound)("a container", () => {
    const script = readFileSync(new URL("../testing/faulty-service.ts", import.meta.url), "utf8");

    test.each(services)("that $finds is judged rightly", async (expected) => {
      await using container = await TestContainer.start({
        image: node,
        command: [
          "node",
          ...faultyServiceFlags,
          "--input-type=module-typescript",
          "-e",
          script,
          "service",
          expected.fault,
          "0.0.0.0",
          "8080",
        ],
        memoryBytes: 512 * 2 ** 20,
        port: 8080,
      });
      expectFound(await judged(await container.url(), `docker:${container.name}`), expected);
    });
  });
});
