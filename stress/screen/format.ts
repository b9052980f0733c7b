/** Numbers and units for people. Pure; every figure on a screen or in a text report passes through here. */

/** Stands where there is no figure: not measured is not zero. */
export const absent = "–";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
const tenths = new Intl.NumberFormat("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const minus = (text: string): string => text.replace("-", "−");

/** `251,904`. */
export function formatCount(count: number | null): string {
  return count === null || !Number.isFinite(count) ? absent : minus(grouped.format(count));
}

/** A figure as somebody wrote it, with at most three decimals: `250`, `0.01`, `1,500`. */
export function formatExact(value: number): string {
  return minus(exact.format(value));
}

/** Three significant digits, never more than two decimals: `4.81`, `48.1`, `4,812`. */
function significant(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 9.995) return minus(value.toFixed(2));
  if (magnitude < 99.95) return minus(value.toFixed(1));
  return formatCount(value);
}

/** Events a second; the caller names the event. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return absent;
  return perSecond === 0 ? "0" : significant(perSecond);
}

/** `0.42 ms`, `14.2 ms`, `142 ms`, `1.25 s`. */
export function formatLatency(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return absent;
  if (ms === 0) return "0 ms";
  if (ms > 0 && ms < 0.005) return "<0.01 ms";
  return ms < 999.5 ? `${significant(ms)} ms` : `${significant(ms / 1000)} s`;
}

/** A percentile known only to exceed the time limit: `>30 s`. */
export function formatBeyond(limitMs: number): string {
  return limitMs < 1000 ? `>${formatExact(limitMs)} ms` : `>${formatExact(limitMs / 1000)} s`;
}

/**
 * A figure known only to exceed `leastMs`: `>30 s` at the time limit, `>842 ms` where there was less time. In the open model
 * the limit runs from when a request was due, so that one sent late has less of it.
 */
export function formatBound(leastMs: number, limitMs: number): string {
  return leastMs >= limitMs ? formatBeyond(limitMs) : `>${formatLatency(leastMs)}`;
}

/** Time on a clock: `02:14`, `1:02:14`. Whole seconds, rounded down. */
export function formatClock(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const minutes = Math.floor(total / 60) % 60;
  const hours = Math.floor(total / 3600);
  return hours > 0 ? `${grouped.format(hours)}:${two(minutes)}:${two(total % 60)}` : `${two(minutes)}:${two(total % 60)}`;
}

/** A length of time: `250 ms`, `4.5 s`, `30 s`, `4 min`, `1 h 30 min`, `1 min 15 s`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return absent;
  if (ms < 1000) return `${formatExact(Math.round(ms))} ms`;
  if (ms < 59_950) return `${formatExact(Math.round(ms / 100) / 10)} s`;
  const seconds = Math.round(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const shown = parts.filter(([value]) => value > 0).slice(0, 2);
  return shown.map(([value, unit]) => `${formatCount(value)} ${unit}`).join(" ");
}

const mebibyte = 2 ** 20;

/** Memory in MiB without its unit, one decimal, so that a column of them compares: `124.9`. */
export function formatMebibytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return absent;
  const value = bytes / mebibyte;
  return value >= 9999.95 ? formatCount(value) : minus(tenths.format(value));
}

/** `2 GiB`, `256 MiB`, `96.4 KiB`, `512 B`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return absent;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = Number.isInteger(value) || value >= 99.95 ? formatCount(value) : value.toFixed(1);
  return `${digits} ${units[unit] ?? ""}`;
}

/** A change in percent, always with its sign: `+16.7 %`, `−0.1 %`, `0.0 %`. */
export function formatChange(percent: number | null): string {
  if (percent === null || !Number.isFinite(percent)) return absent;
  if (Math.abs(percent) >= 999.95) return `${percent > 0 ? "+" : ""}${formatCount(percent)} %`;
  const rounded = percent.toFixed(1);
  if (Number(rounded) === 0) return "0.0 %";
  return `${percent > 0 ? "+" : ""}${minus(rounded)} %`;
}

/** A share between 0 and 1: `0 %`, `<0.01 %`, `0.13 %`, `56.0 %`, `100 %`. Never rounds a failure away, nor up to all. */
export function formatShare(ratio: number | null): string {
  if (ratio === null || !Number.isFinite(ratio)) return absent;
  const percent = ratio * 100;
  if (percent === 0 || percent === 100) return `${percent} %`;
  if (percent > 0 && percent < 0.01) return "<0.01 %";
  if (percent > 99.99 && percent < 100) return ">99.99 %";
  if (percent < 9.995) return `${minus(percent.toFixed(2))} %`;
  return percent > 99.9 && percent < 100 ? `${percent.toFixed(2)} %` : `${minus(percent.toFixed(1))} %`;
}

/** Processor time in cores: `1.02 cores`. */
export function formatCores(cores: number | null): string {
  return cores === null || !Number.isFinite(cores) ? absent : `${significant(cores)} cores`;
}

/** What a service may use: `4 cores · 2 GiB`. */
export function formatLimits(cpus: number | null, memoryBytes: number | null): string {
  const parts: string[] = [];
  if (cpus !== null) parts.push(`${formatExact(cpus)} ${cpus === 1 ? "core" : "cores"}`);
  if (memoryBytes !== null) parts.push(formatBytes(memoryBytes));
  return parts.length === 0 ? "none" : parts.join(" · ");
}
