import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseSamples } from "../../resources/sample-option.ts";
import { plainTarget } from "../target-flags.ts";
import { readPlan } from "./plan-file.ts";
import { scenarioFrom } from "./scenario.ts";
import { scenariosOf, shippedPlans } from "./shipped-plans.ts";
import { type PlanPace, smokeMs } from "./shorten.ts";

const directory = mkdtempSync(join(tmpdir(), "plimsoll-plan-"));
afterAll(() => rmSync(directory, { recursive: true }));
const measured = { target: plainTarget("http://localhost:1"), deployment: null, services: [] };
const full = { mode: "full", factor: 1 } as const;

function fileOf(text: string): string {
  const file = join(directory, "plan.yaml");
  writeFileSync(file, text);
  return file;
}

async function readAll(text: string) {
  const plan = await readPlan(fileOf(text), "plan.yaml");
  return plan.scenarios.map((each) => scenarioFrom(each, full, measured));
}

describe("a plan file", () => {
  it("holds a constant load where drift is judged", async () => {
    const [service] = await parseSamples([`self=pid:${process.pid}`]);
    const sampled = { ...measured, services: service === undefined ? [] : [service] };
    const scenarios = async (stage: string, pace: PlanPace = full, words = "") => {
      const { scenarios } = await readPlan(fileOf(`scenarios: { a: { stage: [${stage}], drift: true${words} } }`), "plan.yaml");
      return scenarios.map((each) => scenarioFrom(each, pace, sampled));
    };
    await expect(scenarios('"30m:50"')).rejects.toThrow(
      /^plan\.yaml: a: drift is judged at a constant load, and no stage holds one/,
    );
    expect((await scenarios('"1m:50", "30m:50"'))[0]?.profile.drift).toEqual({ harmfulBytesPerHour: null });
    const hour = (sampleEvery: string, pace?: PlanPace) => scenarios('"1m:50", "1h:50"', pace, `, sample-every: ${sampleEvery}`);
    await expect(hour("5m")).rejects.toThrow(
      /^plan\.yaml: a: --sample-every "5m" makes 12 readings of a load that is held for 1h/,
    );
    expect((await hour("2m30s"))[0]?.profile.sampleMs).toBe(150_000);
    // of a shortened load nobody chose how often it is read
    for (const pace of [{ mode: "smoke", factor: 1 } as const, { mode: "shortened", factor: 0.01 } as const]) {
      expect((await hour("1m", pace))[0]?.profile.sampleMs).toBe(60_000);
    }
  });

  it("speaks the flags' language", async () => {
    const [scenario] = await readAll(`
defaults: { timeout: 5s, header: "X-Tenant: a" }
scenarios:
  one:
    title: The first
    rate: 500/s
    duration: 1m
    path: /a
    max-vus: 70
    when-busy: drop
    resumption: true
    threshold: [p(95)<200, "http_req_failed: rate<0.01"]
`);
    expect(scenario).toMatchObject({ name: "one", title: "The first", plan: "plan" });
    expect(scenario?.profile).toMatchObject({
      scenario: "one",
      timeoutMs: 5000,
      requests: [{ path: "/a", headers: [["X-Tenant", "a"]] }],
      load: { model: "open", whenBusy: "drop", maxConnections: 70, stages: [{ durationMs: 60_000, from: 500, to: 500 }] },
      session: { resumption: true },
      thresholds: { response_time: ["p(95)<200"], http_req_failed: ["rate<0.01"] },
    });
  });

  it("has classes of users with what each sends; bodies lie beside it", async () => {
    const [scenario] = await readAll(`
scenarios:
  mix:
    vus: 10
    classes:
      reader: { weight: 3, think: 1s-2s, request: [GET /a, GET /b weight=2] }
      writer: { request: "POST /c body=@body.json" }
`);
    expect(scenario?.profile.classes).toEqual([
      { name: "reader", weight: 3, thinkTime: { minMs: 1000, maxMs: 2000 } },
      { name: "writer", weight: 1, thinkTime: null },
    ]);
    expect(scenario?.profile.requests.map(({ path, class: name, bodyFile }) => [path, name, bodyFile])).toEqual([
      ["/a", "reader", null],
      ["/b", "reader", null],
      ["/c", "writer", join(directory, "body.json")],
    ]);
  });

  it.each([
    ["no YAML", "scenarios: [", /^plan\.yaml: not YAML: /],
    ["nothing", "", /^plan\.yaml: the file: expected object/],
    ["no scenario", "scenarios: {}", /^plan\.yaml: there is none|^plan\.yaml: .*there is none/],
    ["an unknown word", "scenarios: { a: { rat: 1/s } }", /^plan\.yaml: a: rat: unknown; a scenario has the flags/],
    ["a plural", "scenarios: { a: { thresholds: [x] } }", /^plan\.yaml: a: thresholds: unknown; did you mean threshold\?$/],
    [
      "an unknown word of a class",
      "scenarios: { a: { classes: { b: { wait: 1s, request: GET / } } } }",
      /a: classes: b: wait: unknown; a class has/,
    ],
    [
      "a list where one is meant",
      "scenarios: { a: { rate: [1/s, 2/s] } }",
      /^plan\.yaml: a: rate: \["1\/s","2\/s"\] is not a text/,
    ],
    ["a value that is none", "scenarios: { a: { rate: fast } }", /^plan\.yaml: a: --rate "fast" is not a rate/],
    ["no load", "scenarios: { a: { path: /x } }", /^plan\.yaml: a: it has no load: give rate, vus, stage or requests/],
    ["two loads", "scenarios: { a: { rate: 1/s, stage: 1s:5 } }", /^plan\.yaml: a: --stage and --rate contradict/],
    ["a spike that is none", "scenarios: { a: { rate: 1/s, recovery: 30s } }", /^plan\.yaml: a: recovery needs a level/],
    [
      "a level too short for its load",
      'scenarios: { a: { stage: [1s:100/s, 10s:100/s, 1s:500/s, 2h:500/s], level-threshold: "p(99)<500" } }',
      /^plan\.yaml: a: level-threshold: a level held for 10s cannot be told apart in a load of 2h12s: hold each for 1m2s at least/,
    ],
    ["drift of nothing", "scenarios: { a: { rate: 1/s, drift: true } }", /^plan\.yaml: a: drift judges the memory of services/],
    ["a health path that is none", "scenarios: { a: { vus: 1, refusal: { health: x } } }", /^plan\.yaml: a: refusal: health: /],
  ])("with %s is refused in a line that names the place", async (_, text, message) => {
    await expect(readAll(text)).rejects.toThrow(message);
    await readAll(text).catch((error: Error) => expect(error.message).not.toContain("\n"));
  });

  it("that is not there is refused", async () => {
    await expect(readPlan(join(directory, "none.yaml"))).rejects.toThrow(/cannot read the plan .*none\.yaml \(ENOENT\)/);
  });
});

describe("the plans that come along", () => {
  const services = [{ name: "proxy", limits: { cpus: null, memoryBytes: null, enforced: false }, source: null as never }];

  it.each(["full", "smoke"] as const)("are valid, every scenario of them, in %s", async (mode) => {
    const plans = await shippedPlans();
    expect(plans.map(({ name }) => name)).toEqual(["gateway", "mix"]);
    expect(plans[0]?.scenarios.map(({ name }) => name)).toEqual([
      ...[1, 2, 3, 4, 5, 6, 7].map((n) => `perf-0${n}`),
      "sse",
      "websocket",
    ]);
    for (const planned of plans.flatMap(({ scenarios }) => scenarios)) {
      const { profile } = scenarioFrom(planned, { mode, factor: 1 }, { ...measured, services });
      if (profile.load.model === "requests") throw new Error("a scenario lasts for a time");
      const lastsMs = profile.load.stages.reduce((sum, { durationMs }) => sum + durationMs, 0);
      if (mode === "smoke") expect(lastsMs).toBeLessThanOrEqual(60_000);
      expect(lastsMs).toBeGreaterThanOrEqual(smokeMs);
    }
  });

  it("are named by themselves or by a scenario; the gateway's is the default", async () => {
    const names = async (...args: string[]) => (await scenariosOf(args)).scenarios.map(({ name }) => name);
    expect(await names()).toEqual(await names("gateway"));
    expect(await names("mix")).toEqual(["mix"]);
    expect(await names("perf-04", "sse")).toEqual(["perf-04", "sse"]);
    await expect(names("perf-99")).rejects.toThrow('no plan or scenario "perf-99": give a YAML file, or one of gateway, perf-01');
    await expect(names("perf-01", "gateway")).rejects.toThrow("a scenario of this name is there already");
  });
});
