// Formats figures for people. Pure.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** 1536 -> "1.5 KiB". */
export function bytes(count) {
  if (count === null || count === undefined || Number.isNaN(count)) return "–";
  let unit = 0;
  let value = count;
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : trim(value)} ${UNITS[unit]}`;
}

/** Microseconds -> "412 µs", "1.2 s", "3 m 20 s", "2 h 5 m", "3 d 4 h". */
export function duration(us) {
  if (us === null || us === undefined || Number.isNaN(us)) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${trim(us / 1000)} ms`;
  const seconds = us / 1e6;
  if (seconds < 60) return `${trim(seconds)} s`;
  const whole = Math.floor(seconds);
  const days = Math.floor(whole / 86400);
  const hours = Math.floor((whole % 86400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (days > 0) return `${days} d ${hours} h`;
  if (hours > 0) return `${hours} h ${minutes} m`;
  return `${minutes} m ${whole % 60} s`;
}

/** 1234567 -> "1,234,567"; a rate below 10 keeps one decimal. */
export function count(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const rounded = Math.abs(value) < 10 && !Number.isInteger(value) ? Math.round(value * 10) / 10 : Math.round(value);
  return rounded.toLocaleString("en-US");
}

export function percent(part, whole) {
  return whole > 0 ? `${trim((100 * part) / whole)} %` : "–";
}

/** "reset_by_client" -> "reset by client". */
export function words(name) {
  return name.replaceAll("_", " ");
}

function trim(value) {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}

/** Formats the marks of an axis. Leaves out a text that equals the one below it. */
export function marks(values, show) {
  return values.map(show).map((text, index, all) => (text === all[index - 1] ? "" : text));
}
