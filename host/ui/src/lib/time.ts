// Times and durations in words.

const steps: [limit: number, size: number, unit: Intl.RelativeTimeFormatUnit][] = [
  [3_600_000, 60_000, "minute"],
  [86_400_000, 3_600_000, "hour"],
  [7 * 86_400_000, 86_400_000, "day"],
];

/** "now", "5 min. ago", "yesterday"; older than a week, the date. */
export function relative(at: number, now: number, locale?: string): string {
  const age = Math.max(0, now - at);
  if (age < 60_000) return "now";
  for (const [limit, size, unit] of steps) {
    if (age < limit) {
      const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "narrow" });
      return format.format(-Math.floor(age / size), unit);
    }
  }
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  const parts: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat(locale, sameYear ? parts : { ...parts, year: "numeric" }).format(at);
}

export function exact(at: number, locale?: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(at);
}

/** "45 ms", "1.2 s", "3 min 05 s". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.floor(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}
