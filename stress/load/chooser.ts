import type { Profile } from "../profile/profile.ts";
import type { Connection } from "./connection.ts";
import type { Random } from "./random.ts";
import type { PreparedRequest } from "./request.ts";

/** Chooses each connection's next request: the only one, the next of its sequence, or one drawn by weight. */
export function requestChooser(
  profile: Profile,
  requests: readonly PreparedRequest[],
  random: Random,
): (connection: Connection) => PreparedRequest {
  const [only] = requests;
  if (only === undefined) throw new Error("a profile has at least one request");
  if (requests.length === 1) return () => only;
  if (profile.selection === "sequence") {
    const next = new Map<Connection, number>();
    return (connection) => {
      const at = next.get(connection) ?? 0;
      next.set(connection, (at + 1) % requests.length);
      return requests[at] ?? only;
    };
  }
  let sum = 0;
  const upTo = profile.requests.map(({ weight }) => (sum += weight));
  return () => {
    const draw = random() * sum;
    return requests[upTo.findIndex((limit) => draw < limit)] ?? only;
  };
}
