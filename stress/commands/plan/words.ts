import { Command, type Option } from "commander";
import * as z from "zod";
import { addLoadFlags, type LoadFlags } from "../load-flags.ts";

/**
 * What a scenario of a plan may say: the flags of a load by their long names without dashes, so that there is one
 * vocabulary, and the words that only a plan has.
 */

/** A flag whose value is left to the flags' own parser; YAML reads `50` and `true` as what they are. */
const word = z.union([z.string(), z.number()]).transform(String);
const words = z.union([word, z.array(word)]).transform((given) => (Array.isArray(given) ? given : [given]));

/** `--quick` is a form of the default profile, which a plan has not; classes have a form of their own. */
const notInPlans = new Set(["quick", "class"]);

function loadOptions(): readonly Option[] {
  return addLoadFlags(new Command()).options.filter((option) => !notInPlans.has(option.attributeName()));
}

const longName = (option: Option) => (option.long ?? "").replace(/^--/, "");

/** A flag that may be given several times has a function that collects; one of choices has the choices. */
const isRepeatable = (option: Option) => option.parseArg !== undefined && option.argChoices === undefined;

function loadShape(): Record<string, z.ZodType> {
  return Object.fromEntries(
    loadOptions().map((option) => {
      const takesValue = option.required || option.optional;
      return [longName(option), (takesValue ? (isRepeatable(option) ? words : word) : z.boolean()).optional()];
    }),
  );
}

const classSchema = z.strictObject({
  weight: z.number().positive().optional(),
  think: z.string().optional(),
  request: words,
});

/** What only a plan says. Times are written as those of flags are. */
const planShape = {
  title: z.string().optional(),
  /** Classes of users by name, with what they send. */
  classes: z.record(z.string().regex(/^[\w.-]+$/, "a name holds letters, digits, dots and dashes"), classSchema).optional(),
  /** After a spike the target has to be as before it within this time. */
  recovery: z.string().optional(),
  /** Each level that is held is held to these rules; the first that breaks one is the breaking point. */
  "level-threshold": words.optional(),
  /** What cannot be taken has to be refused gracefully; `health` is the path that has to answer throughout. */
  refusal: z.strictObject({ health: z.string().startsWith("/") }).optional(),
  /** Nothing may grow, as in `stress soak`, whose words these are. */
  drift: z.boolean().optional(),
  "warm-up": z.string().optional(),
  rest: z.string().optional(),
  before: z.string().optional(),
  after: z.string().optional(),
  "sample-every": z.string().optional(),
  harmful: z.string().optional(),
};

const scenarioShape = { ...loadShape(), ...planShape };

/** A scenario as it stands in a file; `smoke` replaces what it names when the plan is run as a smoke test. */
const scenarioSchema = z.strictObject({ ...scenarioShape, smoke: z.strictObject(scenarioShape).optional() });

export const planFileSchema = z.strictObject({
  title: z.string().optional(),
  /** For every scenario that does not say otherwise. */
  defaults: z.strictObject(scenarioShape).optional(),
  scenarios: z
    .record(z.string().regex(/^[\w.-]+$/, "a name holds letters, digits, dots and dashes"), scenarioSchema)
    .refine((all) => Object.keys(all).length > 0, "there is none"),
});

export type PlanWords = z.infer<z.ZodObject<typeof planShape>> & Record<string, unknown>;
export type PlanFile = z.infer<typeof planFileSchema>;

/** Every key that a scenario may have, for whoever wrote another. */
export const acceptedWords: readonly string[] = [...Object.keys(scenarioShape), "smoke"];

/** The flags that a scenario stands for. */
export function flagsOf(scenario: PlanWords): LoadFlags {
  const flags: Record<string, unknown> = {};
  for (const option of loadOptions()) {
    const value = scenario[longName(option)];
    if (value !== undefined && value !== false) flags[option.attributeName()] = value;
  }
  if (scenario.classes !== undefined) {
    const classes = Object.entries(scenario.classes);
    flags.class = classes.map(([name, { weight = 1, think }]) => `${name} weight=${weight}${think ? ` think=${think}` : ""}`);
    flags.request = classes.flatMap(([name, { request }]) => request.map((text) => withClass(text, name)));
  }
  return flags;
}

/** Before the body, which is the last of a request's settings. */
function withClass(request: string, name: string): string {
  const body = request.search(/\sbody=/);
  return body === -1 ? `${request} class=${name}` : `${request.slice(0, body)} class=${name}${request.slice(body)}`;
}
