import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { rate, testProfile } from "../load/test-run.ts";
import { TestServer } from "../load/test-server.ts";
import type { SearchEvent } from "../measure/search-event.ts";
import { readHostCpu } from "../resources/host.ts";
import { SearchRun } from "./search-run.ts";

const plan = { start: 20, max: 20, precision: 0.03, probeMs: 1000, confirmMs: 1000, warmUpMs: 100, coolDownMs: 0 };

test("a search whose summary cannot be written ends with it all the same", async () => {
  const directory = mkdtempSync(join(tmpdir(), "plimsoll-search-"));
  vi.stubEnv("TMPDIR", directory);
  await using server = await TestServer.listen(({ socket }) => socket.write("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"));
  const profileAt = (perSecond: number) =>
    testProfile(server.url, rate(perSecond, 1100), { workers: 1, thresholds: { http_req_failed: ["rate<0.01"] } });
  const { target } = profileAt(20);
  const run = new SearchRun(plan, join(directory, "gone", "search.json"), profileAt, async () => ({
    target,
    deployment: null,
    services: [],
  }));
  const events: SearchEvent[] = [];
  const told = (async () => {
    for await (const event of run.events) events.push(event);
  })();
  const summary = await run.go();
  await told;
  const finished = events.at(-1);
  expect(finished).toMatchObject({ type: "finished", summary });
  const [file = ""] = finished?.type === "finished" ? finished.files : [];
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(summary)));
  expect(summary?.warnings.join("\n")).toContain(`the summary is in ${file}`);
  // a machine too busy for 20 requests a second has found nothing of the target's
  expect(summary?.search?.answer.kind).toMatch(/first-load-fails|generator-first/);
  // without it nobody could say of a probe whether its host ran out
  const { hostBusy = null } = summary?.generator ?? {};
  expect([hostBusy === null, (hostBusy ?? 0) >= 0, (hostBusy ?? 0) <= 1]).toEqual([readHostCpu() === null, true, true]);
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});
