import { writeFileSync } from "node:fs";
import * as z from "zod";
import { summarySchema } from "./summary.ts";

/** Where the JSON Schema of `summary.json` is kept, for users of other languages. */
export const schemaFile = new URL("./summary.schema.json", import.meta.url);

/** The JSON Schema of a summary, as text. */
export function summaryJsonSchema(): string {
  const schema = z.toJSONSchema(summarySchema, { target: "draft-2020-12", io: "output" });
  return `${JSON.stringify({ title: "Summary of a plimsoll run", ...schema }, null, 2)}\n`;
}

// `npm run schema` runs this file by itself.
if (import.meta.main) writeFileSync(schemaFile, summaryJsonSchema());
