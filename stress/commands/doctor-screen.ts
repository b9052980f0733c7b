import type { HostNeeds } from "../doctor/needs.ts";
import type { HostReadings } from "../doctor/readings.ts";
import type { Finding } from "../doctor/settings.ts";
import { formatCount, formatDuration } from "../screen/format.ts";
import type { View } from "../screen/header.ts";
import { joinParts, left, margin, wrap } from "../screen/line.ts";

const places: Record<HostReadings["place"], string> = {
  host: "",
  container:
    "in a container: net.* is its own where the kernel has it per namespace, vm.* and fs.* are the host's, and /proc/sys is read-only as a rule",
  wsl: "in WSL: settings are those of its one virtual machine, and last until wsl --shutdown; Windows has port limits of its own",
};

const indent = 5;

/** The findings as lines, what stands in the way first. Pure. */
export function doctorScreen(needs: HostNeeds, place: HostReadings["place"], findings: readonly Finding[], view: View): string[] {
  const { theme, width } = view;
  const short = findings.filter(({ status }) => status === "short");
  const rank = { short: 0, unknown: 1, ok: 2, none: 3 };
  const ranked = [...findings].sort((a, b) => rank[a.status] - rank[b.status]);
  const nameWidth = Math.max(...findings.map(({ name }) => name.length)) + 2;
  const nowWidth = Math.max("now".length, ...findings.map(({ now }) => now.length)) + 2;
  const heading = `${" ".repeat(margin + 2) + left("setting", nameWidth) + left("now", nowWidth)}the guide's`;
  const lines = ranked.flatMap(({ name, now, guide, status, need, does }) => {
    const sign = { short: theme.bad("✗"), unknown: theme.warn("?"), ok: theme.good("✓"), none: theme.faint("·") }[status];
    const first = `${" ".repeat(margin)}${sign} ${left(name, nameWidth)}${left(now, nowWidth)}${guide}`;
    const what = status === "none" ? `no part in it: ${does}` : status === "unknown" ? `cannot be read here: ${does}` : does;
    const said = need === "" ? [] : wrap(status === "short" ? theme.bad(need) : need, width - margin, indent);
    return [first, ...said, ...wrap(theme.faint(what), width - margin, indent)];
  });
  const verdict =
    short.length === 0
      ? theme.good("✓ nothing on this host stands in the way of the planned run")
      : theme.bad(`✗ in the way of the planned run: ${short.map(({ name }) => name).join(", ")}`);
  return [
    ...wrap(planned(needs), width - margin, margin),
    ...(place === "host" ? [] : wrap(places[place], width - margin, margin)),
    "",
    ...wrap(verdict, width - margin, margin),
    "",
    theme.faint(heading),
    ...lines,
    "",
    ...wrap(
      theme.faint("stress doctor apply raises what helps a load, stress doctor undo gives it back"),
      width - margin,
      margin,
    ),
  ];
}

function planned(needs: HostNeeds): string {
  const parts = [
    `${formatCount(needs.connections)} connections`,
    `${formatCount(needs.openedPerSecond)} of them opened in a second at most`,
    needs.closedPerSecond === null
      ? "as many closed as the target allows"
      : `${formatCount(Math.round(needs.closedPerSecond))} closed a second`,
  ];
  if (needs.durationMs > 0) parts.push(formatDuration(needs.durationMs));
  parts.push(needs.isLocal ? "to this host" : "to another host");
  return `planned: ${joinParts(parts)}`;
}
