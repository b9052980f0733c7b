import type { Profile } from "./profile.ts";

/**
 * How many of `users` fall to each class, by weight: shares rounded down, and what is left over to the largest remainders
 * (Hamilton's method), so that the sum is exact.
 */
export function usersOfClasses(weights: readonly number[], users: number): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const exact = weights.map((weight) => (weight / sum) * users);
  const shares = exact.map(Math.floor);
  const left = users - shares.reduce((total, share) => total + share, 0);
  const byRemainder = exact.map((share, i) => ({ i, remainder: share - Math.floor(share) }));
  byRemainder.sort((a, b) => b.remainder - a.remainder || a.i - b.i);
  for (const { i } of byRemainder.slice(0, left)) shares[i] = (shares[i] as number) + 1;
  return shares;
}

/**
 * The class of every user, in the order in which users come: each comes to the class that is furthest behind its share, so
 * that the mix holds while users ramp as well, within one user a class.
 */
export function classesOfUsers(weights: readonly number[], users: number): Uint16Array {
  const totals = usersOfClasses(weights, users);
  const counts = totals.map(() => 0);
  const classes = new Uint16Array(users);
  for (let user = 0; user < users; user++) {
    let furthest = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (const [i, total] of totals.entries()) {
      const behind = (total * (user + 1)) / users - (counts[i] as number);
      if (behind > most && (counts[i] as number) < total) [furthest, most] = [i, behind];
    }
    counts[furthest] = (counts[furthest] as number) + 1;
    classes[user] = furthest;
  }
  return classes;
}

/** The most users that a profile ever has at a time; null in the open model, which has arrivals. */
export function mostUsers({ load }: Pick<Profile, "load">): number | null {
  if (load.model === "open") return null;
  if (load.model === "requests") return load.users;
  return Math.ceil(Math.max(...load.stages.map(({ from, to }) => Math.max(from, to))));
}
