// Keeps the page live: news over a WebSocket, or by asking now and then while there is none.
//
// A message only says that something is new; the page is then fetched again, at most once a second and never while it
// is hidden. The indicator always tells which of it is the case, and how old the numbers are.

import { busy, show } from "./view.js";
import { words } from "./times.js";

const SHORTEST_PAUSE = 1000;
const POLL = 10000;
const LONGEST_RETRY = 30000;

const indicator = document.getElementById("live");
const text = indicator.querySelector(".live-text");
const pause = document.getElementById("pause");
const staleAfter = Number(document.documentElement.dataset.stale);

let connected = false;
let paused = false;
let news = false;
let timer = 0;
let lastFetch = 0;
let cost = 0;
let retry = 1000;
// How far this clock is ahead of the server's.
let skew = 0;
let readAt = null;

export function start() {
  indicator.dataset.state = "connecting";
  pause.hidden = false;
  pause.addEventListener("click", toggle);
  document.addEventListener("visibilitychange", schedule);
  document.addEventListener("slowburn:shown", learn);
  learn();
  connect();
  setInterval(tell, 1000);
  setInterval(() => { if (!connected) wish(); }, POLL);
}

function connect() {
  const address = new URL(`${document.documentElement.dataset.root}api/v1/stream`, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.search = "changes=false";
  address.hash = "";
  const socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    connected = true;
    retry = 1000;
    wish();
    tell();
  });
  socket.addEventListener("message", wish);
  socket.addEventListener("close", () => {
    connected = false;
    tell();
    // Spread over time, so that a restarted server is not met by all pages at once.
    setTimeout(connect, retry * (0.5 + Math.random()));
    retry = Math.min(retry * 2, LONGEST_RETRY);
  });
}

function wish() {
  news = true;
  schedule();
}

function schedule() {
  if (!news || paused || document.hidden || timer) return;
  const pauseFor = Math.max(SHORTEST_PAUSE, 4 * cost);
  timer = setTimeout(refresh, Math.max(0, lastFetch + pauseFor - performance.now()));
}

async function refresh() {
  timer = 0;
  if (paused || document.hidden) return;
  lastFetch = performance.now();
  // A person's own request is under way; it brings the news too.
  if (busy()) return schedule();
  news = false;
  await show(location.href);
  cost = performance.now() - lastFetch;
  lastFetch = performance.now();
  schedule();
}

function toggle() {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  if (!paused) wish();
  tell();
}

function learn() {
  const main = document.getElementById("main");
  if (main.dataset.now !== readAt) {
    readAt = main.dataset.now;
    skew = Date.now() - Number(main.dataset.now);
  }
  tell();
}

function tell() {
  const published = Number(document.getElementById("main").dataset.published);
  const age = Date.now() - skew - published;
  const [state, said] = published ? status(age) : ["connecting", "Starting…"];
  if (indicator.dataset.state !== state) indicator.dataset.state = state;
  if (text.textContent !== said) text.textContent = said;
}

function status(age) {
  if (paused) return ["paused", `Paused, ${words(age / 1000)} old`];
  if (age > staleAfter) return ["stale", `Data is ${words(age / 1000)} old`];
  if (!connected) return ["connecting", "Reconnecting…"];
  return ["live", "Live"];
}
