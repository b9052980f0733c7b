import type { Profile } from "../profile/profile.ts";
import { clean } from "./line.ts";

/**
 * What is measured, for people: the URL without user name and password, and without the values in its query, which
 * may be secrets.
 */
export function describeTarget(profile: Profile): string {
  const base = new URL(profile.target.baseUrl);
  const origin = `${base.protocol}//${base.host}`;
  const [first, ...others] = profile.requests;
  if (first === undefined || others.length > 0) return clean(`${origin} · ${profile.requests.length} routes`);
  const [path = "/", query] = first.path.split("#")[0]?.split("?") ?? [];
  const prefix = base.pathname.replace(/\/+$/, "");
  const method = first.method === "GET" ? "" : `${first.method} `;
  return clean(`${method}${origin}${prefix}${path}${query === undefined ? "" : "?…"}`);
}
