import type { Profile } from "../profile/profile.ts";
import { clean, fit, margin, spread, widthOf } from "./line.ts";
import { describeTarget } from "./target.ts";
import type { Theme } from "./theme.ts";

/** How wide a screen is and what its colours are. */
export interface View {
  width: number;
  theme: Theme;
}

/** First line of every screen: what runs, against what, where. */
export function headerLine(profile: Profile, topology: string | null, cores: number, view: View): string {
  const { theme } = view;
  const where = [topology === null ? "" : clean(topology), `${cores} ${cores === 1 ? "core" : "cores"}`];
  const place = where.filter((part) => part !== "").join(" · ");
  const name = `${theme.accent("plimsoll")}  ${theme.strong(clean(profile.scenario))}  ${describeTarget(profile)}`;
  const room = view.width - 2 * margin;
  // Where there is no room for both, what is measured matters more than where.
  const both = widthOf(name) + widthOf(place) + 2 <= room;
  return " ".repeat(margin) + (both ? spread(name, theme.faint(place), room) : fit(name, room));
}
