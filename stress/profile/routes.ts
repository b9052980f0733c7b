import type { Profile } from "./profile.ts";

/** Names of a profile's routes, in the order of their numbers. */
export function routesOf(profile: Profile): string[] {
  return [...new Set(profile.requests.map((request) => request.route))];
}
