import { defaultBases } from "./images.ts";
import { containerServices, limitDefaults, limitVariable } from "./limits.ts";

interface Variable {
  readonly default: string;
  readonly reason: string;
}

const limitReasons = {
  cpus: "at most so many CPUs, and never more than the host has",
  memory: "beyond it the kernel kills; never more than the host has",
  reserved: "left to it when memory is short",
} as const;

const limits = containerServices.flatMap((service) => {
  const kinds = Object.keys(limitReasons) as (keyof typeof limitReasons)[];
  return kinds.map((kind): [string, Variable] => [
    limitVariable(service, kind),
    { default: limitDefaults[service][kind], reason: `${service}: ${limitReasons[kind]}` },
  ]);
});

/** What `deploy.sh --docker` itself reads from its environment. `.env.example` is this table in another form. */
export const containerVariables: Readonly<Record<string, Variable>> = {
  ...Object.fromEntries(limits),
  PLIMSOLL_UPSTREAM_POOL: {
    default: "on",
    reason: "off: nginx opens an upstream connection for each request, to measure the pool",
  },
  PLIMSOLL_NODE_BASE: { default: defaultBases.NODE_IMAGE, reason: "base image of proxy and backend, or a mirror's name for it" },
  PLIMSOLL_NGINX_BASE: { default: defaultBases.NGINX_IMAGE, reason: "base image of nginx, or a mirror's name for it" },
  PLIMSOLL_BUILD_CA: { default: "", reason: "PEM bundle that npm trusts in a build; NODE_EXTRA_CA_CERTS where that is set" },
  PLIMSOLL_BUILD_NPMRC: { default: "", reason: "npm configuration for a private registry; in no image layer" },
  PLIMSOLL_BUILD_NETWORK: { default: "", reason: "network of a build, such as host; the engine's own otherwise" },
};
