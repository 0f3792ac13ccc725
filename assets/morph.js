// Makes an element on the page equal to a freshly rendered one, changing as little as possible.
//
// What a person holds stays: focus, the text being typed, opened details, and everything marked data-keep. Children
// with an id are matched by it wherever they moved; the others in order, by their kind.

export function morph(from, to) {
  const focused = document.activeElement;
  patch(from, to);
  // A moved element loses focus in browsers without moveBefore.
  if (focused && focused !== document.activeElement && focused.isConnected && focused !== document.body) {
    focused.focus({ preventScroll: true });
  }
}

function patch(from, to) {
  if (from.hasAttribute("data-keep") || from.isEqualNode(to)) return;
  patchAttributes(from, to);
  if (from.localName !== "textarea") patchChildren(from, to);
  patchControl(from, to);
}

function patchAttributes(from, to) {
  for (const { name, value } of to.attributes) {
    if (name === "open" && from.localName === "details") continue;
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (name === "open" && from.localName === "details") continue;
    if (!to.hasAttribute(name)) from.removeAttribute(name);
  }
}

function patchControl(from, to) {
  if (from === document.activeElement) return;
  if (from.localName === "input") {
    if (from.type === "checkbox") from.checked = to.checked;
    else if (from.value !== to.value) from.value = to.value;
  } else if (from.localName === "select" && from.value !== to.value) {
    from.value = to.value;
  }
}

function patchChildren(from, to) {
  const named = new Map();
  for (const child of from.children) if (child.id) named.set(child.id, child);
  let place = from.firstChild;
  for (const fresh of [...to.childNodes]) {
    const old = partner(place, fresh, named);
    if (!old) {
      from.insertBefore(document.importNode(fresh, true), place);
    } else if (old === place) {
      place = place.nextSibling;
      update(old, fresh);
    } else {
      move(from, old, place);
      update(old, fresh);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function partner(place, fresh, named) {
  if (fresh.id) {
    const old = named.get(fresh.id);
    return old && old.nodeName === fresh.nodeName ? old : null;
  }
  return place && place.nodeType === fresh.nodeType && place.nodeName === fresh.nodeName && !place.id ? place : null;
}

function move(parent, node, before) {
  if (parent.moveBefore) parent.moveBefore(node, before);
  else parent.insertBefore(node, before);
}

function update(old, fresh) {
  if (old.nodeType === Node.ELEMENT_NODE) patch(old, fresh);
  else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
}
