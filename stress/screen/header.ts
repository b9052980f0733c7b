import type { Profile } from "../profile/profile.ts";
import { clean, margin, spread } from "./line.ts";
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
  return " ".repeat(margin) + spread(name, theme.faint(place), view.width - 2 * margin);
}
