import type { Profile } from "../profile/profile.ts";
import type { Connection } from "./connection.ts";
import type { Random } from "./random.ts";
import type { PreparedRequest } from "./request.ts";

/**
 * Chooses each connection's next request: the only one, the next of its sequence, or one drawn by weight. Users with a class
 * (`classes`, by the connection's number) have the requests of that class; arrivals draw theirs with the request.
 */
export function requestChooser(
  profile: Profile,
  requests: readonly PreparedRequest[],
  random: Random,
  classes: Uint16Array | null = null,
): (connection: Connection) => PreparedRequest {
  if (profile.classes === undefined) return chooserAmong(requests, profile.requests.map(weightOf), profile.selection, random);
  if (classes === null) return chooserAmong(requests, weightsOfArrivals(profile), "weighted", random);
  const choosers = profile.classes.map(({ name }) => {
    const own = profile.requests.map((request) => request.class === name);
    const weights = profile.requests.filter((_, i) => own[i]).map(weightOf);
    return chooserAmong(
      requests.filter((_, i) => own[i]),
      weights,
      profile.selection,
      random,
    );
  });
  return (connection) => (choosers[classes[connection.index] as number] as (typeof choosers)[number])(connection);
}

const weightOf = ({ weight }: { weight: number }) => weight;

/** Of a class's weight, each of its requests has its share. */
function weightsOfArrivals({ classes = [], requests }: Profile): number[] {
  return requests.map((request) => {
    const all = requests.filter((other) => other.class === request.class).reduce((sum, { weight }) => sum + weight, 0);
    const weight = classes.find(({ name }) => name === request.class)?.weight ?? 0;
    return (weight * request.weight) / all;
  });
}

function chooserAmong(
  requests: readonly PreparedRequest[],
  weights: readonly number[],
  selection: Profile["selection"],
  random: Random,
): (connection: Connection) => PreparedRequest {
  const [only] = requests;
  if (only === undefined) throw new Error("a profile, and each of its classes, has at least one request");
  if (requests.length === 1) return () => only;
  if (selection === "sequence") {
    const next = new Map<Connection, number>();
    return (connection) => {
      const at = next.get(connection) ?? 0;
      next.set(connection, (at + 1) % requests.length);
      return requests[at] ?? only;
    };
  }
  let sum = 0;
  const upTo = weights.map((weight) => (sum += weight));
  return () => {
    const draw = random() * sum;
    let at = 0;
    while (draw >= (upTo[at] as number) && at < upTo.length - 1) at++;
    return requests[at] as PreparedRequest;
  };
}
