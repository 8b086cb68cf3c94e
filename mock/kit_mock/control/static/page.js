// Keeps the page up to date: fetches it anew and takes over what changed. What is open, focused or typed stays.
"use strict";

const EVERY = 1000; // milliseconds
const live = document.getElementById("live");

// What is searched for, and the pages that are shown; the rest of an address is for one look only.
const VIEW = ["q", "before", "deliveries", "deliveries_before"];
const view = new URLSearchParams([...new URLSearchParams(location.search)].filter(([name, value]) => VIEW.includes(name) && value));

const address = () => `/_mock/${view.size ? `?${view}` : ""}`;

async function fetchPage(url, options = {}) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(10000) });
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

// Taking over

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  if (old.hasAttribute("data-loaded")) {
    if (old.dataset.version !== fresh.dataset.version) {
      old.dataset.version = fresh.dataset.version;
      load(old, fresh.querySelector("a").getAttribute("href"));
    }
    return;
  }
  takeAttributes(old, fresh);
  if (old.hasAttribute("data-list")) morphList(old, fresh);
  else morphChildren(old, fresh);
}

function takeAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== "open" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}

function morphChildren(old, fresh) {
  const now = [...old.childNodes];
  const then = [...fresh.childNodes];
  if (now.length === then.length) now.forEach((node, i) => morph(node, then[i]));
  else old.replaceChildren(...then.map((node) => document.importNode(node, true)));
}

// The children of a list have keys, by which they are recognised wherever they have moved.
function morphList(old, fresh) {
  const known = new Map([...old.children].map((child) => [child.dataset.key, child]));
  let place = old.firstElementChild;
  for (const wanted of fresh.children) {
    const found = known.get(wanted.dataset.key);
    known.delete(wanted.dataset.key);
    if (!found) {
      const added = document.importNode(wanted, true);
      added.classList.add("new");
      added.addEventListener("animationend", () => added.classList.remove("new"), { once: true });
      old.insertBefore(added, place);
      continue;
    }
    found.classList.remove("new");
    if (!found.className) found.removeAttribute("class");
    if (found === place) place = place.nextElementSibling;
    else old.insertBefore(found, place);
    morph(found, wanted);
  }
  for (const gone of known.values()) {
    // What someone has opened stays until it is closed, though newer ones have pushed it out.
    if (!gone.querySelector("[data-loaded]") || !gone.querySelector("details[open]")) gone.remove();
  }
}

function takeOver(fresh, { notice = false } = {}) {
  for (const part of document.querySelectorAll("[data-live]")) {
    const same = fresh.getElementById(part.id);
    if (same && (notice || part.id !== "notice")) morph(part, same);
  }
}

// Refreshing

let running = null;

async function refresh() {
  try {
    const wanted = address();
    const fresh = await fetchPage(wanted);
    if (wanted !== address()) return await refresh(); // Somebody typed meanwhile.
    takeOver(fresh);
    live.textContent = "Live";
    live.classList.remove("lost");
  } catch {
    live.textContent = "The mock doesn't answer";
    live.classList.add("lost");
  }
}

async function refreshSoon() {
  running ??= refresh().finally(() => {
    running = null;
  });
  await running;
}

async function poll() {
  if (!document.hidden) await refreshSoon();
  setTimeout(poll, EVERY);
}

// Details, asked for when they are opened, and again when they have changed

async function load(detail, href = detail.querySelector("a")?.href) {
  if (!href || detail.dataset.loading) return;
  detail.dataset.loading = "yes";
  try {
    const found = (await fetchPage(href)).getElementById("opened");
    if (!found) return;
    detail.replaceChildren(...[...found.childNodes].map((node) => document.importNode(node, true)));
    detail.dataset.loaded = "yes";
  } finally {
    delete detail.dataset.loading;
  }
}

document.addEventListener(
  "toggle",
  (event) => {
    const detail = event.target.open && event.target.querySelector?.(":scope > [data-lazy]:not([data-loaded])");
    if (detail) load(detail);
  },
  true,
);

// Forms

document.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (form.method === "get") return;
  const fields = new URLSearchParams(new FormData(form, event.submitter));
  const card = form.closest(".card");
  form.closest("[popover]")?.hidePopover();
  try {
    const fresh = await fetchPage(address(), { method: "POST", body: fields });
    if (running) await running;
    if (fields.get("action") === "reset") document.getElementById("request-list").replaceChildren();
    takeOver(fresh, { notice: true });
    fadeNotice();
    // What was removed took the focus with it.
    if (document.activeElement === document.body) card?.querySelector("button")?.focus();
  } catch {
    await refreshSoon();
  }
});

// What was done is said for a while, what went wrong until the next action.
let fading = 0;

function fadeNotice() {
  clearTimeout(fading);
  fading = setTimeout(() => document.querySelector(".notice:not(.problem)")?.remove(), 8000);
}

for (const box of document.querySelectorAll("[role=search] [type=search]")) {
  box.addEventListener("input", () => {
    const words = box.value.trim();
    if (words) view.set(box.name, words);
    else view.delete(box.name);
    view.delete(box.dataset.older);
    history.replaceState(null, "", address());
    refreshSoon();
  });
}

// Copying

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    return false; // Not allowed, or not there: on an address that isn't this machine's.
  }
  return true;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = button.parentElement.nextElementSibling;
  if (await copy(source.textContent)) {
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  } else {
    getSelection().selectAllChildren(source);
    button.textContent = "Selected";
  }
});

// A link to a table opens it.
function openTable() {
  const table = document.getElementById(location.hash.slice(1));
  if (table?.nodeName === "DETAILS") table.open = true;
}

addEventListener("hashchange", openTable);
openTable();
document.documentElement.classList.add("script");
document.addEventListener("visibilitychange", () => document.hidden || refreshSoon());
live.hidden = false;
live.textContent = "Live";
setTimeout(poll, EVERY);
