import { describe, expect, it } from "vitest";
import { metricsOf } from "../measure/metrics.ts";
import { cellsOf } from "../profile/routes.ts";
import { getRequest, type ProfileParts, rate, requests, runTest, type TestRun, testProfile, users } from "./test-run.ts";
import { ok, TestServer } from "./test-server.ts";

/** A server that knows from the path which class asked, and over which connection. */
async function classServer() {
  const byPath = new Map<string, number>();
  const connections = new Map<string, Set<unknown>>();
  const server = await TestServer.listen(({ path, socket }) => {
    byPath.set(path, (byPath.get(path) ?? 0) + 1);
    const name = path.split("/")[1] ?? "";
    const known = connections.get(name) ?? new Set();
    connections.set(name, known.add(socket));
    socket.write(path.endsWith("/bad") ? ok.replace("200 OK", "500 No") : ok);
  });
  return { server, byPath, usersOf: (name: string) => connections.get(name)?.size ?? 0 };
}

const request = (path: string, weight = 1) => ({
  ...getRequest,
  path,
  route: path.endsWith("/shared") ? "/shared" : path,
  class: path.split("/")[1] ?? "",
  weight,
});

const mix = {
  classes: [
    { name: "readers", weight: 3, thinkTime: null },
    { name: "writers", weight: 1, thinkTime: null },
  ],
  requests: [request("/readers/a", 3), request("/readers/shared"), request("/writers/bad"), request("/writers/shared")],
  checks: [],
} satisfies ProfileParts;

function countOf({ totals, profile }: TestRun, key: string): number {
  const range = { value: 0, min: 0, max: 0 };
  const run = { model: profile.load.model, loadMs: 1000, users: range, cells: cellsOf(profile), checks: [] };
  const metric = metricsOf(totals, run).get(key);
  if (metric?.type === "counter") return metric.count;
  return metric?.type === "rate" ? metric.passes : (metric as { histogram: { count: number } }).histogram.count;
}

describe("classes of users", () => {
  it.each([1, 2, 3])("in %d threads: users are shared out exactly, and each sends what its class sends", async (workers) => {
    const { server, byPath, usersOf } = await classServer();
    await using _ = server;
    const run = await runTest(testProfile(server.url, requests(2000, 12), { ...mix, workers }));
    expect([usersOf("readers"), usersOf("writers")]).toEqual([9, 3]);
    for (const { path, route, class: name } of mix.requests) {
      expect(countOf(run, `http_reqs{route:${route},class:${name}}`)).toBe(byPath.get(path));
    }
    const sent = (...paths: string[]) => paths.reduce((sum, path) => sum + (byPath.get(path) ?? 0), 0);
    expect(countOf(run, "http_reqs{class:readers}")).toBe(sent("/readers/a", "/readers/shared"));
    expect(countOf(run, "http_reqs{route:/shared}")).toBe(sent("/readers/shared", "/writers/shared"));
    expect(countOf(run, "http_req_failed{class:writers}")).toBe(sent("/writers/bad"));
    expect(countOf(run, "http_req_failed{class:readers}")).toBe(0);
    expect(countOf(run, "http_req_duration{class:writers}")).toBe(sent("/writers/bad", "/writers/shared"));
    expect(countOf(run, "http_reqs")).toBe(2000);
    // drawn at three to one among some 1,500: six standard deviations
    const drawn = sent("/readers/a") / sent("/readers/a", "/readers/shared");
    expect(Math.abs(drawn - 0.75)).toBeLessThan(6 * Math.sqrt((0.75 * 0.25) / sent("/readers/a", "/readers/shared")));
  });

  it("pause as their class does: who thinks for longer than the run sends once", async () => {
    const { server, byPath } = await classServer();
    await using _ = server;
    const [readers, writers] = mix.classes;
    const parts = { ...mix, classes: [readers, { ...writers, thinkTime: { minMs: 60_000, maxMs: 60_000 } }], workers: 1 };
    await runTest(testProfile(server.url, users(8, 1000), parts as ProfileParts));
    expect((byPath.get("/writers/bad") ?? 0) + (byPath.get("/writers/shared") ?? 0)).toBe(2);
    expect((byPath.get("/readers/a") ?? 0) + (byPath.get("/readers/shared") ?? 0)).toBeGreaterThan(12);
  });

  it("walk their own requests in order", async () => {
    const paths: string[] = [];
    await using server = await TestServer.listen(({ path, socket }) => {
      paths.push(path);
      socket.write(ok);
    });
    const parts = { ...mix, selection: "sequence" as const, classes: [mix.classes[0]], requests: mix.requests.slice(0, 2) };
    await runTest(testProfile(server.url, requests(6, 1), { ...parts, workers: 1 } as ProfileParts));
    expect(paths).toEqual(["/readers/a", "/readers/shared", "/readers/a", "/readers/shared", "/readers/a", "/readers/shared"]);
  });

  it("of arrivals are drawn by weight, whatever the weights of their requests", async () => {
    const { server, byPath } = await classServer();
    await using _ = server;
    const run = await runTest(testProfile(server.url, rate(1000, 2000), { ...mix, workers: 1 }));
    const readers = countOf(run, "http_reqs{class:readers}");
    expect(readers).toBe((byPath.get("/readers/a") ?? 0) + (byPath.get("/readers/shared") ?? 0));
    const all = countOf(run, "http_reqs");
    expect(all).toBeGreaterThan(500);
    expect(Math.abs(readers / all - 0.75)).toBeLessThan(6 * Math.sqrt((0.75 * 0.25) / all));
  });
});
