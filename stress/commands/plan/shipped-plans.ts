import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { UsageError } from "../../profile/usage-error.ts";
import { type Plan, type PlannedScenario, readPlan } from "./plan-file.ts";

/** Found from the sources and from the built code alike, wherever the command runs. */
const directory = fileURLToPath(
  new URL(import.meta.url.includes("/dist/") ? "../../../plans/" : "../../plans/", import.meta.url),
);

export const defaultPlan = "gateway";

/** Plans that come with this program, the default one first. */
export async function shippedPlans(): Promise<Plan[]> {
  const files = (await readdir(directory)).filter((name) => name.endsWith(".yaml")).sort();
  const plans = await Promise.all(files.map((name) => readPlan(`${directory}${name}`, name)));
  return plans.sort((a, b) => Number(b.name === defaultPlan) - Number(a.name === defaultPlan));
}

/**
 * The scenarios that arguments name: a plan file, a plan or a scenario that comes with this program; the default plan
 * without any. Scenarios keep the order of the arguments and of their file.
 * @throws UsageError for a name that is none, and where two scenarios of one name would overwrite each other's summaries.
 */
export async function scenariosOf(names: readonly string[]): Promise<{ title: string; scenarios: PlannedScenario[] }> {
  const plans = await shippedPlans();
  const chosen: { title: string; scenarios: PlannedScenario[] }[] = [];
  for (const name of names.length === 0 ? [defaultPlan] : names) {
    const plan = plans.find((each) => each.name === name);
    const scenario = plans.flatMap(({ scenarios }) => scenarios).find((each) => each.name === name && plan === undefined);
    if (plan !== undefined) chosen.push(plan);
    else if (scenario !== undefined) chosen.push({ title: scenario.title, scenarios: [scenario] });
    else if (/[./\\]/.test(name)) chosen.push(await readPlan(name));
    else {
      const known = plans.flatMap((each) => [each.name, ...each.scenarios.map((one) => one.name)]);
      throw new UsageError(`no plan or scenario "${name}": give a YAML file, or one of ${[...new Set(known)].join(", ")}`);
    }
  }
  const scenarios = chosen.flatMap((each) => each.scenarios);
  const twice = scenarios.find(({ name }, i) => scenarios.findIndex((other) => other.name === name) !== i);
  if (twice !== undefined)
    throw new UsageError(`${twice.where}: a scenario of this name is there already: give each another name`);
  const titles = [...new Set(chosen.map(({ title }) => title))];
  return { title: titles.length > 3 ? `${titles.length} plans` : titles.join(", "), scenarios };
}
