/* The tabs of a recording. Each panel but the words is fetched when it is opened, and again when the words change.

   Tells the document of "panelshown" (detail: {name, element}) whenever a panel has come, and opens the tab that
   "opentab" names (detail). */
import { fetchedAt, lookAt } from "./lib/stretches.js";

const bar = document.querySelector("[data-tabs]");
const tabs = [...(bar?.querySelectorAll("[data-tab]") ?? [])];
const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
const openTab = () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
const stale = new Set(tabs.filter((tab) => tab.dataset.url && !panelOf(tab).childElementCount));

/** How often each tab was asked for: only the last answer counts. */
const asked = new Map(tabs.map((tab) => [tab, 0]));

function open(tab, { isFocused = false, isKept = true } = {}) {
  const isOpen = document.body.dataset.tab === tab.dataset.tab;
  if (!isOpen) show(tab);
  if (!isOpen && isKept) history.replaceState(null, "", tab.dataset.tab === "transcript" ? location.pathname : `?tab=${tab.dataset.tab}`);
  if (isFocused) tab.focus({ preventScroll: isOpen });
  bring(tab);
}

function show(tab) {
  for (const one of tabs) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
    panelOf(one).hidden = one !== tab;
  }
  document.body.dataset.tab = tab.dataset.tab;
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** Fetch what a panel shows, if what it shows is old. */
async function bring(tab) {
  if (!stale.delete(tab)) return;
  const element = panelOf(tab);
  const turn = asked.get(tab) + 1;
  asked.set(tab, turn);
  element.setAttribute("aria-busy", "true");
  try {
    const html = await fetched(tab.dataset.url);
    if (turn !== asked.get(tab)) return;
    put(element, html);
    document.dispatchEvent(new CustomEvent("panelshown", { detail: { name: tab.dataset.tab, element } }));
  } catch (error) {
    if (turn !== asked.get(tab)) return;
    stale.add(tab);
    console.warn("a panel did not come:", error.message);
    if (!element.childElementCount) element.replaceChildren(problem(tab));
  }
  element.removeAttribute("aria-busy");
}

async function fetched(address) {
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
  return answer.text();
}

/** What had the focus has it again, or the panel where that is gone. */
function put(element, html) {
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  element.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  if (held) (twinOf(held, element) ?? element).focus({ preventScroll: true });
}

/** The same control in a panel that came anew: told by its id, else by all that is kept with it. */
function twinOf(held, element) {
  if (held.id) return document.getElementById(held.id);
  const about = JSON.stringify(held.dataset);
  return about === "{}" ? null : [...element.querySelectorAll(held.localName)].find((one) => JSON.stringify(one.dataset) === about);
}

function problem(tab) {
  const note = document.getElementById("panel-problem").content.firstElementChild.cloneNode(true);
  note.querySelector("button").addEventListener("click", () => {
    note.remove();
    bring(tab);
  });
  return note;
}

/** Show a tab by its name. */
function openNamed({ detail: name }) {
  const tab = tabs.find((one) => one.dataset.tab === name);
  if (tab) open(tab, { isFocused: true });
}

/** A place chosen in another panel is shown among the words, and its sentence gets the focus. */
async function showPlace(event) {
  const link = event.target.closest("[data-panel]:not([data-panel=transcript]) [data-seek-link]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  open(tabs[0], { isFocused: true });
  const row = (await fetchedAt(Number(link.hash.slice(3)) + 0.02))?.element;
  if (!document.querySelector("[data-media]") && row) lookAt(row);
  row?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

function onKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const at = tabs.indexOf(event.target);
  const next = step ? tabs.at((at + step) % tabs.length) : { Home: tabs[0], End: tabs.at(-1) }[event.key];
  if (!next || at < 0) return;
  event.preventDefault();
  open(next, { isFocused: true });
}

if (bar) {
  for (const tab of tabs) tab.setAttribute("role", "tab");
  bar.addEventListener("keydown", onKey);
  bar.addEventListener("click", (event) => {
    const tab = event.target.closest("[data-tab]");
    if (!tab || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(tab);
  });
  document.addEventListener("opentab", openNamed);
  document.addEventListener("transcriptchanged", () => {
    for (const tab of tabs) if (tab.dataset.url) stale.add(tab);
    bring(openTab());
  });
  document.addEventListener("click", showPlace);
  open(openTab(), { isKept: false });
}
