import type { Profile, RequestSpec } from "./profile.ts";

/** Names of a profile's routes, in the order of the requests. */
export function routesOf(profile: Pick<Profile, "requests">): string[] {
  return [...new Set(profile.requests.map((request) => request.route))];
}

/** What is counted apart: a route, and where there are classes of users, those who ask for it. */
export interface Cell {
  route: string;
  class: string | null;
}

/** The cells of a profile, in the order of their numbers. */
export function cellsOf(profile: Pick<Profile, "requests">): Cell[] {
  const cells: Cell[] = [];
  for (const request of profile.requests) if (cellOf(cells, request) === -1) cells.push(cellFor(request));
  return cells;
}

/** The number of the cell that a request counts in, -1 where there is none. */
export function cellOf(cells: readonly Cell[], request: Pick<RequestSpec, "route" | "class">): number {
  const wanted = cellFor(request);
  return cells.findIndex((cell) => cell.route === wanted.route && cell.class === wanted.class);
}

function cellFor(request: Pick<RequestSpec, "route" | "class">): Cell {
  return { route: request.route, class: request.class ?? null };
}
