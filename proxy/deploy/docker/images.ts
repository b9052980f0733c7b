import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { DeployUsageError } from "../deploy-error.ts";
import type { Say } from "../embedded-deploy.ts";
import { commandOutput, runCommand } from "./command.ts";
import type { Engine } from "./engine.ts";
import { type Images, repository } from "./project.ts";

/** Marks our images, so that those of earlier versions can be found and removed. */
export const imageLabel = "io.plimsoll.image";
export const defaultBases = { NODE_IMAGE: "node:26-bookworm-slim", NGINX_IMAGE: "nginx:1.28-bookworm" } as const;
const dockerfile = join(repository, "compose", "Dockerfile");

interface Build {
  image: string;
  target: keyof Images;
}

/**
 * Builds what is not there yet. An image's tag is the fingerprint of all that goes into it, base image included: equal
 * sources are equal images, an earlier version's stay for a rollback, and a newer base image, once pulled, makes new ones.
 */
export async function ensureImages(engine: Engine, needsNginx: boolean, say: Say, signal: AbortSignal): Promise<Images> {
  const bases = {
    NODE_IMAGE: process.env.PLIMSOLL_NODE_BASE?.trim() || defaultBases.NODE_IMAGE,
    NGINX_IMAGE: process.env.PLIMSOLL_NGINX_BASE?.trim() || defaultBases.NGINX_IMAGE,
  };
  const proxyBase = await ensureBase(engine, bases.NODE_IMAGE, say, signal);
  const nginxBase = needsNginx ? await ensureBase(engine, bases.NGINX_IMAGE, say, signal) : "";
  const proxyTag = fingerprint([proxyBase, bases.NODE_IMAGE], proxySources());
  const nginxTag = fingerprint([nginxBase, bases.NGINX_IMAGE], nginxSources());
  const images = { proxy: `plimsoll-proxy:${proxyTag}`, nginx: `plimsoll-nginx:${nginxTag}` };
  const wanted: Build[] = [
    { image: images.proxy, target: "proxy" },
    ...(needsNginx ? [{ image: images.nginx, target: "nginx" } as const] : []),
  ];
  for (const build of wanted) {
    if ((await imageId(engine, build.image)) !== null) continue;
    const startedMs = performance.now();
    say(`building ${build.image}`, "begun");
    await commandOutput(`the build of ${build.image}`, buildCommand(engine, build, bases), {
      env: { DOCKER_BUILDKIT: "1" },
      signal,
    });
    say(`built ${build.image} in ${((performance.now() - startedMs) / 1000).toFixed(0)} s`);
  }
  return images;
}

/** Ids of our images, the newest first. */
export async function ownImages(engine: Engine): Promise<string[]> {
  const format = ["--filter", `label=${imageLabel}`, "--format", "{{.Repository}}:{{.Tag}}"];
  const text = await commandOutput("listing images", [engine.docker, "image", "ls", ...format]);
  return text.split("\n").filter((name) => name.startsWith("plimsoll-") && !name.endsWith("<none>"));
}

/** Those that a container uses stay: the engine refuses. */
export async function removeImages(engine: Engine, images: readonly string[]): Promise<void> {
  for (const image of images) await runCommand([engine.docker, "image", "rm", image]);
}

async function imageId(engine: Engine, image: string): Promise<string | null> {
  const { code, stdout } = await runCommand([engine.docker, "image", "inspect", "--format", "{{.Id}}", image]);
  return code === 0 ? stdout.trim() : null;
}

async function ensureBase(engine: Engine, image: string, say: Say, signal: AbortSignal): Promise<string> {
  const present = await imageId(engine, image);
  if (present !== null) return present;
  say(`pulling ${image}`, "begun");
  await commandOutput(`docker pull ${image}`, [engine.docker, "pull", "--quiet", image], { signal });
  return (await imageId(engine, image)) ?? "";
}

function buildCommand(engine: Engine, { image, target }: Build, bases: Readonly<Record<string, string>>): string[] {
  const { PLIMSOLL_BUILD_CA, NODE_EXTRA_CA_CERTS, PLIMSOLL_BUILD_NPMRC, PLIMSOLL_BUILD_NETWORK } = process.env;
  // who needs a CA for npm here needs it for npm there
  const ca =
    secretFile("PLIMSOLL_BUILD_CA", PLIMSOLL_BUILD_CA) ?? (existsSync(NODE_EXTRA_CA_CERTS ?? "") ? NODE_EXTRA_CA_CERTS : null);
  const npmrc = secretFile("PLIMSOLL_BUILD_NPMRC", PLIMSOLL_BUILD_NPMRC);
  const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].filter(
    (name) => process.env[name] ?? process.env[name.toLowerCase()],
  );
  return [
    ...[engine.docker, "build", "--quiet", "--file", dockerfile, "--target", target, "--tag", image],
    ...["--label", `${imageLabel}=${target}`],
    ...Object.entries(bases).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...proxies.flatMap((name) => ["--build-arg", `${name}=${process.env[name] ?? process.env[name.toLowerCase()]}`]),
    ...(ca ? ["--secret", `id=ca,src=${ca}`] : []),
    ...(npmrc ? ["--secret", `id=npmrc,src=${npmrc}`] : []),
    ...(PLIMSOLL_BUILD_NETWORK?.trim() ? ["--network", PLIMSOLL_BUILD_NETWORK.trim()] : []),
    repository,
  ];
}

function secretFile(variable: string, value: string | undefined): string | null {
  const file = value?.trim();
  if (!file) return null;
  if (statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  throw new DeployUsageError(`${variable}=${file}: expected the path of a readable file`);
}

const shared = ["compose/Dockerfile", "compose/healthcheck.sh"];

/** As .dockerignore has it: neither tests nor what deploys go into the image. */
function proxySources(): string[] {
  const code = filesIn("proxy", /\.ts$/).filter(
    (file) => !/\.test\.ts$|^proxy\/(testing|bench|deploy|dist|node_modules)\/|^proxy\/(deploy|supervisor)\.ts$/.test(file),
  );
  const packages = ["package.json", "package-lock.json", ".npmrc", "tsconfig.json", "proxy/package.json", "proxy/tsconfig.json"];
  return [...shared, "compose/npm-ci.sh", ...packages, ...code];
}

function nginxSources(): string[] {
  return [...shared, ...filesIn("nginx", /\.(conf|sh)$/)];
}

function filesIn(dir: string, name: RegExp): string[] {
  const root = join(repository, dir);
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && name.test(entry.name));
  return files.map((entry) => relative(repository, join(entry.parentPath, entry.name))).sort();
}

function fingerprint(names: readonly string[], files: readonly string[]): string {
  const hash = createHash("sha256").update(names.join("\0"));
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(repository, file)));
  return hash.digest("hex").slice(0, 12);
}
