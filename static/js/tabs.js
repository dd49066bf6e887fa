/* The tabs of a recording. Each panel but the words is fetched when it is opened, and again when the words change.

   Tells the document of "panelshown" (detail: {name, element}) whenever a panel has come, and opens the tab that
   "opentab" names (detail). */
const bar = document.querySelector("[data-tabs]");
const tabs = [...(bar?.querySelectorAll("[data-tab]") ?? [])];
const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));
const openTab = () => tabs.find((tab) => tab.getAttribute("aria-selected") === "true");
const stale = new Set(tabs.filter((tab) => tab.dataset.url && !panelOf(tab).childElementCount));

function open(tab, { isFocused = false, isKept = true } = {}) {
  for (const one of tabs) {
    const isOpen = one === tab;
    one.setAttribute("aria-selected", String(isOpen));
    one.tabIndex = isOpen ? 0 : -1;
    panelOf(one).hidden = !isOpen;
  }
  document.body.dataset.tab = tab.dataset.tab;
  if (isFocused) tab.focus();
  if (isKept) history.replaceState(null, "", tab.dataset.tab === "transcript" ? location.pathname : `?tab=${tab.dataset.tab}`);
  tab.scrollIntoView({ block: "nearest", inline: "nearest" });
  bring(tab);
}

/** Fetch what a panel shows, if what it shows is old. */
async function bring(tab) {
  if (!stale.delete(tab)) return;
  const element = panelOf(tab);
  element.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(tab.dataset.url);
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    put(element, await answer.text());
    document.dispatchEvent(new CustomEvent("panelshown", { detail: { name: tab.dataset.tab, element } }));
  } catch (error) {
    stale.add(tab);
    console.warn("a panel did not come:", error.message);
    if (!element.childElementCount) element.replaceChildren(problem(tab));
  }
  element.removeAttribute("aria-busy");
}

function put(element, html) {
  const focused = element.contains(document.activeElement) ? document.activeElement.id : null;
  element.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
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
  // A place chosen in another panel is shown among the words.
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel] [data-seek-link]")) open(tabs[0]);
  });
  open(openTab(), { isKept: false });
}
