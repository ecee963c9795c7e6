// Numbers, money, times and durations as people read them. Pure: `now` is given where it matters.

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

/** `48,492` */
export const count = (value: number): string => grouped.format(value);

/** `24.1 M`, `164 k`, `912`: three figures at most. */
export const compact = (value: number): string => {
  const size = Math.abs(value);
  if (size < 1000) return Number.isInteger(value) ? String(value) : value.toFixed(size < 10 ? 1 : 0);
  for (const [unit, step] of [
    ["k", 1e3],
    ["M", 1e6],
    ["B", 1e9],
    ["T", 1e12],
  ] as const) {
    const scaled = value / step;
    // 999.6 k would be written 1,000 k: the next unit takes it.
    if (Math.abs(scaled) < 999.5 || unit === "T") {
      const digits = Math.abs(scaled) < 9.995 ? 2 : Math.abs(scaled) < 99.95 ? 1 : 0;
      return `${trimmed(scaled.toFixed(digits))} ${unit}`;
    }
  }
  return count(value);
};

const trimmed = (text: string): string => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

/** `95.4%` of a rate between 0 and 1. Never rounds up to 100% or down to 0%. */
export const percent = (rate: number | null | undefined, digits = 1): string => {
  if (rate === null || rate === undefined) return "–";
  const value = rate * 100;
  const step = 10 ** -digits;
  if (rate < 1 && value > 100 - step / 2) return `${(100 - step).toFixed(digits)}%`;
  if (rate > 0 && value < step / 2) return `${step.toFixed(digits)}%`;
  return `${value.toFixed(rate === 1 || rate === 0 ? 0 : digits)}%`;
};

/** Points of percent between two rates, unsigned: `1.1 pt`. */
export const points = (difference: number): string => `${Math.abs(difference * 100).toFixed(1)} pt`;

/** `$11.86`, `$0.0024`, `$1,204`: cents for sums, four places for the price of a call. */
export const money = (usd: number | null | undefined): string => {
  if (usd === null || usd === undefined) return "–";
  const size = Math.abs(usd);
  if (size === 0) return "$0.00";
  if (size < 0.00005) return "< $0.0001";
  if (size < 0.1) return `$${usd.toFixed(4)}`;
  if (size < 1000) return `$${usd.toFixed(2)}`;
  return `$${count(usd)}`;
};

/** A score with at most two places: `0.35`, `7`. */
export const score = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(2));

/** `2 ms`, `0.91 s`, `48.2 s`, `3 min 5 s`, `2 h 4 min`. */
export const duration = (ms: number | null | undefined): string => {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1) return ms <= 0 ? "0 ms" : "< 1 ms";
  if (ms < 100) return `${Math.round(ms)} ms`;
  const seconds = ms / 1000;
  if (seconds < 9.995) return `${seconds.toFixed(2)} s`;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(whole / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
  return `${Math.round(minutes / 60 / 24)} d`;
};

/** A waiting time, where tenths say nothing: `3 s`, `38 min`, `5 h`. */
export const wait = (seconds: number): string => {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3570) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
};

/** How long ago, as short as a list wants it: `now`, `12 s`, `38 min`, `5 h`, `3 d`. */
export const ago = (instant: string, now: number): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(instant)) / 1000));
  if (seconds < 2) return "now";
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86400)} d`;
};

const two = (value: number): string => String(value).padStart(2, "0");
const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `14:02:41` in the reader's zone. */
export const clock = (instant: string | number | Date, seconds = true): string => {
  const at = new Date(instant);
  return `${two(at.getHours())}:${two(at.getMinutes())}${seconds ? `:${two(at.getSeconds())}` : ""}`;
};

/** `Nov 21` in the reader's zone. */
export const day = (instant: string | number | Date): string => {
  const at = new Date(instant);
  return `${months[at.getMonth()]} ${at.getDate()}`;
};

/** `Nov 21` of a `2026-11-21`, which is a day in UTC and stays that day in every zone. */
export const utcDay = (date: string): string => {
  const at = new Date(`${date}T00:00:00Z`);
  return `${months[at.getUTCMonth()]} ${at.getUTCDate()}`;
};

/** `14:02:41` today, else `Nov 21 14:02`. */
export const moment = (instant: string, now: number): string => {
  const at = new Date(instant);
  return new Date(now).toDateString() === at.toDateString()
    ? clock(at)
    : `${day(at)}${at.getFullYear() === new Date(now).getFullYear() ? "" : ` ${at.getFullYear()}`} ${clock(at, false)}`;
};

/** All of it, for a `title`: `Sat, Nov 21 2026, 14:02:41.123`. */
export const fullTime = (instant: string): string => {
  const at = new Date(instant);
  const ms = String(at.getMilliseconds()).padStart(3, "0");
  return `${days[at.getDay()]}, ${day(at)} ${at.getFullYear()}, ${clock(at)}.${ms}`;
};

/** `Fri 14:00`, `14:00`, or `Nov 21`, by how much time an axis spans. */
export const tick = (at: number, spanMs: number): string => {
  const date = new Date(at);
  if (spanMs <= 6 * 3600e3) return clock(date, false);
  if (spanMs <= 3 * 86400e3) return `${days[date.getDay()]} ${clock(date, false)}`;
  return day(date);
};

/** `1.2 GB`, `340 kB` (powers of ten, as disks are sold). */
export const bytes = (value: number): string => {
  if (value < 1000) return `${value} B`;
  for (const [unit, step] of [
    ["kB", 1e3],
    ["MB", 1e6],
    ["GB", 1e9],
    ["TB", 1e12],
  ] as const) {
    if (value < step * 999.5 || unit === "TB")
      return `${trimmed((value / step).toFixed(value < step * 10 ? 1 : 0))} ${unit}`;
  }
  return `${value} B`;
};

/** `1 span`, `2 spans`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;
