// Makes filters answer while they are set, and lets them stay in the address.
//
// Without this script they are a plain form and plain links; here the same addresses are shown in place.

import { show } from "./view.js";

const TYPING = 200;
let timer = 0;

export function start() {
  document.addEventListener("input", (event) => changed(event, event.target.matches("input[type=search], input[type=text]") ? TYPING : 0));
  document.addEventListener("submit", submitted);
  document.addEventListener("click", followed);
  window.addEventListener("popstate", () => show(location.href));
}

function changed(event, wait) {
  const form = event.target.closest("form[data-instant]");
  // A half-written label is a mistake; it is sent with the return key, or when the field is left.
  if (!form || event.target.name === "label" && event.target.type === "text") return;
  clearTimeout(timer);
  timer = setTimeout(() => go(address(form), "replace"), wait);
}

function submitted(event) {
  const form = event.target.closest("form[data-instant]");
  if (!form) return;
  event.preventDefault();
  clearTimeout(timer);
  const label = form.querySelector("input[type=text][name=label]");
  go(address(form), "push").then(() => { if (label) label.value = ""; });
}

function followed(event) {
  const link = event.target.closest("a[data-nav]");
  if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  clearTimeout(timer);
  go(link.href, "push").then(() => {
    if (link.dataset.nav !== "keep") document.getElementById("main").scrollIntoView({ block: "start" });
  });
}

function address(form) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== "" && !(name === "sort" && value === "worst")) query.append(name, value);
  }
  const target = new URL(form.action);
  target.search = query.toString();
  return target.href;
}

export async function go(address, how) {
  if (how === "push" && address !== location.href) history.pushState(null, "", address);
  else history.replaceState(null, "", address);
  await show(address);
}
