// Fetches the page at an address and makes this one equal to it.
//
// One fetch at a time: a newer wish cancels an older one, so that an answer that was overtaken never shows.

import { morph } from "./morph.js";
import { localize } from "./times.js";

let running = null;

// Answers whether the page shows the address now.
export async function show(address) {
  running?.abort();
  const mine = new AbortController();
  running = mine;
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" }, signal: mine.signal });
    const text = await answer.text();
    if (mine.signal.aborted || !answer.headers.get("content-type")?.startsWith("text/html")) return false;
    apply(new DOMParser().parseFromString(text, "text/html"));
    return true;
  } catch {
    return false;
  } finally {
    if (running === mine) running = null;
  }
}

export function busy() {
  return running !== null;
}

function apply(fresh) {
  const main = fresh.getElementById("main");
  if (!main) return;
  localize(fresh);
  const before = states();
  if (document.title !== fresh.title) document.title = fresh.title;
  morph(document.getElementById("nav"), fresh.getElementById("nav"));
  morph(document.getElementById("main"), main);
  announce(before, states());
  document.dispatchEvent(new Event("slowburn:shown"));
}

function states() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-name][data-state]")) {
    found.set(element.dataset.name, element.dataset.state);
  }
  return found;
}

// Tells a screen reader what changed its state; a changed selection is not a change of state.
function announce(before, after) {
  const changes = [];
  for (const [name, state] of after) {
    if (before.has(name) && before.get(name) !== state) changes.push(`${name} is now ${state}`);
  }
  if (!changes.length) return;
  const shown = changes.slice(0, 3).join(". ");
  const more = changes.length > 3 ? `, and ${changes.length - 3} more changes` : "";
  document.getElementById("announce").textContent = `${shown}${more}.`;
}
