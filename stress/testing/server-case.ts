import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { TestServer } from "../load/test-server.ts";

/** What `serverForEachTest` makes for each test. */
export interface ServerCase {
  server: TestServer;
  /** Empty at first; temporary files of the test go there, too. */
  directory: string;
}

/** Registers the hooks that start and end a server, and make and remove a directory, for each test of the file. */
export function serverForEachTest(): ServerCase {
  const made = {} as ServerCase;
  beforeEach(async () => {
    made.directory = mkdtempSync(join(tmpdir(), "plimsoll-test-"));
    vi.stubEnv("TMPDIR", made.directory);
    made.server = await TestServer.listen();
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    rmSync(made.directory, { recursive: true });
    await made.server[Symbol.asyncDispose]();
  });
  return made;
}
