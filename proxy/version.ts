import { createRequire } from "node:module";
import * as z from "zod";

// By the package's own name: the path to package.json differs between the source and dist.
const packageJson: unknown = createRequire(import.meta.url)("@plimsoll/proxy/package.json");

/** The bundle's version, as in package.json. */
export const version = z.object({ version: z.string() }).parse(packageJson).version;
