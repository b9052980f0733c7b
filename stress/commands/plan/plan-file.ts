import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { parse, YAMLParseError } from "yaml";
import type { $ZodIssue } from "zod/v4/core";
import { UsageError } from "../../profile/usage-error.ts";
import { acceptedWords, type PlanWords, planFileSchema } from "./words.ts";

/** One scenario of a plan, checked as far as it can be without a target. */
export interface PlannedScenario {
  name: string;
  title: string;
  /** Name of the plan, and the place that errors name. */
  plan: string;
  where: string;
  words: PlanWords;
  smoke: PlanWords;
}

export interface Plan {
  name: string;
  title: string;
  file: string;
  scenarios: PlannedScenario[];
}

/** Reads a plan. @throws UsageError that names file, scenario and key. */
export async function readPlan(file: string, shown = file): Promise<Plan> {
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`cannot read the plan ${shown} (${error.code}): give the path of a YAML file, or a name of --list`);
  });
  const parsed = planFileSchema.safeParse(contentOf(text, shown), { reportInput: true });
  if (!parsed.success) throw new UsageError(`${shown}: ${explain(parsed.error.issues[0] as $ZodIssue)}`);
  const name = basename(file).replace(/\.ya?ml$/, "");
  const { title = name, defaults = {}, scenarios } = parsed.data;
  return {
    name,
    title,
    file,
    scenarios: Object.entries(scenarios).map(([scenario, { smoke = {}, ...words }]) => ({
      name: scenario,
      title: String(words.title ?? scenario),
      plan: name,
      where: `${shown}: ${scenario}`,
      words: withFiles({ ...defaults, ...words } as PlanWords, dirname(resolve(file))),
      smoke: withFiles(smoke as PlanWords, dirname(resolve(file))),
    })),
  };
}

function contentOf(text: string, shown: string): unknown {
  try {
    return parse(text, { prettyErrors: true });
  } catch (error) {
    const message = error instanceof YAMLParseError ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new UsageError(`${shown}: not YAML: ${message.replace(/:$/, "")}`);
  }
}

/** `perf-01: rat: unknown; did you mean rate?` */
function explain(issue: $ZodIssue): string {
  const path = issue.path.map(String);
  const [top, ...rest] = path;
  const place = top === "scenarios" ? rest : path;
  const at = (...more: string[]) => [...place, ...more].join(": ");
  switch (issue.code) {
    case "unrecognized_keys": {
      const [key = ""] = issue.keys;
      if (path.length === 0) return `${key}: unknown; a plan has title, defaults and scenarios`;
      if (path.at(-2) === "classes") return `${at(key)}: unknown; a class has weight, think and request`;
      const near = acceptedWords.find((word) => word === key.replace(/s$/, "") || word.replaceAll("-", "") === key.toLowerCase());
      const hint = near === undefined ? "a scenario has the flags of stress throughput --help" : `did you mean ${near}?`;
      return `${at(key)}: unknown; ${hint}`;
    }
    case "invalid_union": {
      return `${at()}: ${shownValue(issue.input)} is not a text, a number or a list of them`;
    }
    default:
      return `${at() || "the file"}: ${issue.message.replace(/^Invalid input: /, "")}`;
  }
}

function shownValue(input: unknown): string {
  return JSON.stringify(input) ?? String(input);
}

/** Files of bodies lie beside the plan. */
function withFiles(words: PlanWords, directory: string): PlanWords {
  const beside = (text: string) => text.replace(/^@(.+)$/, (_, file: string) => `@${resolve(directory, file)}`);
  const inRequest = (text: string) =>
    text.replace(/(\sbody=)(@.+)$/, (_, key: string, file: string) => `${key}${beside(file.trim())}`);
  const { data, request, classes } = words;
  return {
    ...words,
    ...(typeof data === "string" && { data: beside(data) }),
    ...(Array.isArray(request) && { request: request.map((text) => inRequest(String(text))) }),
    ...(classes !== undefined && {
      classes: Object.fromEntries(
        Object.entries(classes).map(([name, each]) => [name, { ...each, request: each.request.map(inRequest) }]),
      ),
    }),
  };
}
