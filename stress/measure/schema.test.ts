import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { exampleSummary } from "../report/example-summary.ts";
import { schemaFile, summaryJsonSchema } from "./schema.ts";

test("the JSON Schema in the repository is the one that the types give", () => {
  expect(readFileSync(schemaFile, "utf8")).toBe(summaryJsonSchema());
});

test("a summary is valid against the JSON Schema, and one that lacks its metrics is not", () => {
  const validate = new Ajv2020({ strict: false, formats: { "date-time": true, uri: true } }).compile(
    JSON.parse(readFileSync(schemaFile, "utf8")),
  );
  const summary = JSON.parse(JSON.stringify(exampleSummary()));
  expect(validate(summary), JSON.stringify(validate.errors)).toBe(true);
  const { metrics: _, ...rest } = summary;
  expect(validate(rest)).toBe(false);
});
