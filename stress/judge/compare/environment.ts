import type { Summary } from "../../measure/summary.ts";
import { canonical, hidesSent } from "../../profile/sent.ts";

export interface Difference {
  what: string;
  /** One a group. */
  values: string[];
  /** What is compared then is not the same thing twice. */
  blocking: boolean;
}

/** What a run was made with. */
export interface Made extends Pick<Summary, "profile" | "environment"> {
  metadata: Pick<Summary["metadata"], "version" | "loadHash">;
}

interface Aspect {
  what: string;
  blocking: boolean;
  of(run: Made): string;
}

const gibibytes = (bytes: number | null) => (bytes === null ? "unlimited" : `${Number((bytes / 2 ** 30).toFixed(2))} GiB`);

/** Told only where nothing else of what was sent differs: the digest is of all of that. */
const hidden: Aspect = {
  what: "redacted values of requests",
  blocking: true,
  of: ({ profile, metadata: { loadHash } }) => (hidesSent(profile) ? `digest ${loadHash ?? "not known"}` : "none"),
};

const sent: readonly Aspect[] = [
  {
    what: "requests",
    blocking: true,
    of: ({ profile }) => canonical({ requests: profile.requests, selection: profile.selection }),
  },
  { what: "classes of users", blocking: true, of: ({ profile: { classes } }) => (classes ? canonical(classes) : "none") },
  { what: "streams", blocking: true, of: ({ profile: { stream } }) => (stream ? canonical(stream) : "none") },
];

const others: readonly Aspect[] = [
  {
    what: "host",
    blocking: true,
    of: ({ environment: { host } }) => `${host.cpuModel}, ${host.cores} cores, ${gibibytes(host.memoryBytes)}, ${host.os}`,
  },
  {
    what: "topology",
    blocking: true,
    of: ({ environment: { deployment } }) =>
      deployment === null ? "no known deployment" : `${deployment.topology} (${deployment.mode})`,
  },
  {
    what: "limits",
    blocking: true,
    of: ({ environment: { deployment } }) =>
      (deployment?.services ?? [])
        .map(({ name, cpus, memoryBytes }) => `${name} ${cpus ?? "unlimited"} CPUs, ${gibibytes(memoryBytes)}`)
        .sort()
        .join("; ") || "none",
  },
  { what: "load", blocking: true, of: ({ profile }) => loadOf(profile) },
  {
    what: "connections, timeout or threads",
    blocking: true,
    of: ({ profile: { session, timeoutMs, workers } }) => canonical({ session, timeoutMs, workers }),
  },
  { what: "target", blocking: false, of: ({ profile }) => profile.target.baseUrl },
  { what: "kernel", blocking: false, of: ({ environment }) => environment.host.kernel },
  { what: "Node.js", blocking: false, of: ({ environment }) => environment.node },
  { what: "plimsoll", blocking: false, of: ({ metadata }) => metadata.version },
];

/** In what the runs of the groups differ besides what was measured; within a group too. */
export function differencesOf(groups: readonly (readonly Made[])[]): Difference[] {
  const inSent = sent.flatMap((aspect) => differenceIn(aspect, groups));
  return [
    ...(inSent.length > 0 ? inSent : differenceIn(hidden, groups)),
    ...others.flatMap((aspect) => differenceIn(aspect, groups)),
  ];
}

function differenceIn({ what, blocking, of }: Aspect, groups: readonly (readonly Made[])[]): Difference[] {
  const values = groups.map((runs) => [...new Set(runs.map(of))]);
  return new Set(values.flat()).size <= 1 ? [] : [{ what, blocking, values: values.map((each) => each.join(" and ")) }];
}

/** The seed of random arrivals is left out: another one gives another run of the same load. */
function loadOf({ load }: Summary["profile"]): string {
  const { model, ...rest } = load;
  const shape =
    "stages" in rest ? rest.stages.map(stageText(model)).join(", ") : `${rest.requests} requests, ${rest.users} users`;
  const { seed: _, stages: __, requests: ___, users: ____, ...others } = rest as Record<string, unknown>;
  return `${model} model, ${shape}, ${canonical(others)}`;
}

function stageText(model: string): (stage: { durationMs: number; from: number; to: number }) => string {
  const unit = model === "open" ? "/s" : " users";
  return ({ durationMs, from, to }) => `${from === to ? from : `${from}→${to}`}${unit} for ${durationMs / 1000} s`;
}
