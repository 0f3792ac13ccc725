// Shows moments in the reader's own time zone; UTC stays in the title.

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

export function localize(root) {
  for (const element of root.querySelectorAll("time:not(.ago)")) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      if (!element.title) element.title = element.textContent;
      element.textContent = full.format(moment);
    }
  }
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
