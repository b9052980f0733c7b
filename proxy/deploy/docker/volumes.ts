import { commandOutput } from "./command.ts";
import type { Engine } from "./engine.ts";

/** What a container finds in a volume: readable by the service's user, and by nobody else. */
export interface VolumeFile {
  name: string;
  text: string;
}

/** Users of the images; see compose/Dockerfile. */
export const nodeUser = 1000;
export const nginxUser = 101;

/**
 * Each file appears whole, by rename, with mode 0400 from its first byte. It runs in the engine, because that is where the
 * volume and the numeric users are: so deploy.sh need not be root, and the engine may map users to others.
 */
const writeFiles = `
  const { chownSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
  const { user, files } = JSON.parse(readFileSync(0, "utf8"));
  for (const { name, text } of files) {
    rmSync("/volume/." + name, { force: true });
    writeFileSync("/volume/." + name, text, { mode: 0o400, flag: "wx" });
    chownSync("/volume/." + name, user, user);
    renameSync("/volume/." + name, "/volume/" + name);
  }
  for (const name of readdirSync("/volume")) if (!files.some((file) => file.name === name)) rmSync("/volume/" + name);
`;

/** Puts exactly these files into a volume of the project, which is made if it is not there. */
export async function fillVolume(
  engine: Engine,
  project: string,
  volume: string,
  image: string,
  user: number,
  files: readonly VolumeFile[],
): Promise<void> {
  const what = `writing into the volume ${volume}`;
  const labels = ["--label", `com.docker.compose.project=${project}`, "--label", `com.docker.compose.volume=${volume}`];
  await commandOutput(what, [engine.docker, "volume", "create", ...labels, `${project}_${volume}`]);
  const hardening = ["--network", "none", "--read-only", "--cap-drop", "ALL", "--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE"];
  await commandOutput(
    what,
    [
      ...[engine.docker, "run", "--rm", "--interactive", ...hardening, "--user", "0:0"],
      ...["--volume", `${project}_${volume}:/volume`, "--entrypoint", "node", image, "-e", writeFiles],
    ],
    { input: JSON.stringify({ user, files }) },
  );
}
