import { runCommand } from "./command.ts";
import type { Engine } from "./engine.ts";

/** For some ten thousand clients, with an upstream connection each, in one worker. */
export const wantedOpenFiles = 65_536;

/** Open files that a container may have: an engine cannot always raise what it was itself started with, and then refuses. */
export async function readOpenFilesLimit(engine: Engine, image: string): Promise<{ count: number; notes: string[] }> {
  const shell = ["--entrypoint", "sh", image, "-c", "ulimit -Hn"];
  const { stdout } = await runCommand([engine.docker, "run", "--rm", "--network", "none", ...shell]);
  const hard = Number.parseInt(stdout, 10);
  if (!Number.isFinite(hard) || hard >= wantedOpenFiles) return { count: wantedOpenFiles, notes: [] };
  return {
    count: hard,
    notes: [`each container: limited to ${hard} open files, all that the engine has, not ${wantedOpenFiles}`],
  };
}
