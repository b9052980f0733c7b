import { readFileSync } from "node:fs";

/** Found from the sources and from the built code alike. */
const file = new URL(import.meta.url.includes("/dist/") ? "../package.json" : "./package.json", import.meta.url);

/** The version of this program. */
export const version: string = (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
