import { expect, it } from "vitest";
import { differenceIn, fuzzCase } from "./parser.fuzz.ts";
import { seededRandom } from "./random.ts";
import { ourReading } from "./test-node-client.ts";

const seed = 20261121;
const cases = 5000;

it(`reads ${cases} generated and mutated responses as node:http does, whole and in pieces`, async () => {
  const random = seededRandom(seed, -1);
  const outcomes = new Map<string, number>();
  const differences: string[] = [];
  for (let n = 0; n < cases; n++) {
    const one = fuzzCase(seed, n);
    const difference = await differenceIn(one, random);
    if (difference !== null) differences.push(`case ${n}: ${difference} of ${JSON.stringify(one.bytes.toString("latin1"))}`);
    const { outcome } = ourReading([one.bytes], one.method);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  expect(differences).toEqual([]);
  // Cases that all ended alike would compare nothing.
  for (const outcome of ["complete", "malformed", "truncated"]) expect(outcomes.get(outcome)).toBeGreaterThan(cases / 20);
});
