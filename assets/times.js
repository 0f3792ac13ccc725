// Times are written in UTC, with or without scripts; the reader's own time is in the tooltip.

const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

export function localize(root) {
  for (const element of root.querySelectorAll("time")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.valueOf())) continue;
    const written = element.title || element.textContent;
    // A page may meet this twice; a tooltip that has its second part already stays.
    if (!written.includes(" here)")) element.title = `${written} (${full.format(moment)} here)`;
  }
}

// `2026-01-31 12:34:56 UTC`, as the server writes it.
export function utc(seconds) {
  return new Date(seconds * 1000).toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC");
}

// A duration in its two largest units, as the server writes it.
export function words(seconds) {
  const units = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [size, name] of units) {
    if (rest >= size && parts.length < 2) {
      parts.push(`${Math.floor(rest / size)}\u202f${name}`);
      rest %= size;
    } else if (parts.length) {
      break;
    }
  }
  return parts.join(" ") || "0\u202fs";
}
