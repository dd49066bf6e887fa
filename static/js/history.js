/* The way back: what was changed, the versions of one sentence, and the versions of the whole text side by side. */
import { canEdit, change, restore, tell } from "./lib/changes.js";
import { clock, fill } from "./lib/format.js";
import { onKeys } from "./lib/keys.js";
import { currentRow, rowOf } from "./lib/rows.js";
import { segmentOf } from "./lib/stretches.js";

const dialog = document.getElementById("segment-history");
const words = dialog?.dataset;
const panel = () => document.querySelector("[data-past]");
const place = () => panel()?.querySelector("[data-comparison]");

/** What is compared: its address, how many pages of it are shown and, when a place of it was taken over, the index of
    the button that gets the focus then; null when nothing is compared. */
let compared = null;

async function fetched(address) {
  let answer;
  try {
    answer = await fetch(address, { headers: { "X-Partial": "1" } });
  } catch {
    throw new Error(words.lost);
  }
  if (!answer.ok || answer.redirected) throw new Error(words.lost);
  return [...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes];
}

/** Do something that takes a moment after a press on `button`; what goes wrong is told. */
async function busily(button, act) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await act();
  } catch (error) {
    tell(error);
  }
  button.removeAttribute("aria-busy");
}

const toast = (text) => document.dispatchEvent(new CustomEvent("toast", { detail: { text } }));

// Changes --------------------------------------------------------------------------------------------------------------

/** Put older changes behind those in `list`; a day that goes on is one day. */
function append(list, nodes) {
  list.querySelector(".change-more")?.remove();
  for (const node of nodes) {
    const last = [...list.querySelectorAll("[data-day]")].at(-1);
    const isSameDay = node.dataset?.day && node.dataset.day === last?.dataset.day;
    if (isSameDay) last.querySelector("ol").append(...node.querySelectorAll("ol > li"));
    else list.append(node);
  }
}

async function loadMore(link) {
  const list = link.closest("[data-change-list]");
  const count = list.querySelectorAll("[data-change]").length;
  append(list, await fetched(link.dataset.moreChanges));
  list.querySelectorAll("[data-change]")[count]?.querySelector("a, button")?.focus();
}

async function restoreChange({ dataset }) {
  const number = Number(dataset.restore);
  if (!dataset.restoreSegment) {
    await restore({ number });
    return;
  }
  await restore({ number, segment: Number(dataset.restoreSegment) });
  dialog.close();
  rowOf(dataset.restoreSegment)?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

async function back(button) {
  if (button.dataset.restoreVersion) await restore({ version: Number(button.dataset.restoreVersion) });
  else await restoreChange(button);
  toast(words.restored);
}

// One sentence ---------------------------------------------------------------------------------------------------------

async function openSegment(row) {
  const { start } = segmentOf(row);
  const list = dialog.querySelector("[data-change-list]");
  const note = dialog.querySelector("[data-note]");
  dialog.querySelector("h2").textContent = fill(words.title, { place: clock(start) });
  list.replaceChildren();
  note.hidden = true;
  dialog.setAttribute("aria-busy", "true");
  dialog.showModal();
  try {
    append(list, await fetched(`${words.changesUrl}?segment=${row.dataset.segment}`));
    note.textContent = words.none;
  } catch (error) {
    note.textContent = error.message;
  }
  note.hidden = Boolean(list.querySelector("[data-change]"));
  dialog.removeAttribute("aria-busy");
}

// Versions side by side ------------------------------------------------------------------------------------------------

async function compare(address) {
  place().setAttribute("aria-busy", "true");
  try {
    place().replaceChildren(...(await fetched(address)));
    compared = { address, pages: 1 };
    panel().classList.add("is-comparing");
    place().firstElementChild.focus({ preventScroll: true });
    place().scrollIntoView({ block: "nearest" });
  } finally {
    place().removeAttribute("aria-busy");
  }
}

function closeComparison() {
  const pk = place().querySelector("[data-compared]")?.dataset.compared;
  compared = null;
  place().replaceChildren();
  panel().classList.remove("is-comparing");
  panel().querySelector(`[data-compare-of="${pk}"]`)?.focus();
}

/** Add the places behind those shown. */
async function morePlaces(link) {
  const list = place().querySelector("[data-places-list]");
  const count = list.children.length;
  addPlaces(list, link.closest(".change-more"), await fetched(link.dataset.morePlaces));
  if (compared) compared.pages += 1;
  list.children[count]?.querySelector("a, button")?.focus();
}

function addPlaces(list, more, nodes) {
  more.remove();
  const elements = nodes.filter((node) => node instanceof Element);
  list.append(...elements.filter((node) => node.matches("li")));
  list.after(...elements.filter((node) => !node.matches("li")));
}

const takeButtons = () => [...place().querySelectorAll("[data-take-over]")];

/** Make one place as it is in the other version. The place behind it is next. */
async function takeOver(button) {
  compared.focus = takeButtons().indexOf(button);
  await change(() => JSON.parse(button.dataset.takeOver));
}

/** The panel came anew, because the words changed: go on comparing, with as much in sight as before. */
async function compareOn(old) {
  place().replaceChildren(...old);
  panel().classList.add("is-comparing");
  const own = compared;
  const turn = (own.turn = (own.turn ?? 0) + 1);
  const nodes = await fetchedPages(own);
  if (compared !== own || own.turn !== turn || !place()) return;
  place().replaceChildren(...nodes);
  if (own.focus !== undefined && isFocusLost()) focusPlace(own.focus);
}

/** Whether what had the focus is gone; the panel has it then. */
const isFocusLost = () => [document.body, panel().closest("[data-panel]")].includes(document.activeElement);

async function fetchedPages({ address, pages }) {
  const held = document.createElement("div");
  held.append(...(await fetched(address)));
  for (let page = 1; page < pages; page += 1) {
    const link = held.querySelector("[data-more-places]");
    if (!link) break;
    addPlaces(held.querySelector("[data-places-list]"), link.closest(".change-more"), await fetched(link.dataset.morePlaces));
  }
  return held.childNodes;
}

function focusPlace(index) {
  const next = takeButtons()[index] ?? takeButtons().at(-1) ?? place().querySelector("[data-compared]");
  next?.focus({ preventScroll: true });
}

// Wiring ---------------------------------------------------------------------------------------------------------------

function onClick(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = event.target.closest("[data-more-changes], [data-compare], [data-compare-close], [data-more-places], [data-take-over], [data-restore]:not([data-confirm]), [data-close-history]");
  if (!target) return;
  event.preventDefault();
  if ("closeHistory" in target.dataset) dialog.close();
  else if ("compareClose" in target.dataset) closeComparison();
  else if (target.dataset.moreChanges) busily(target, () => loadMore(target));
  else if (target.dataset.morePlaces) busily(target, () => morePlaces(target));
  else if (target.dataset.compare) busily(target, () => compare(target.dataset.compare));
  else if (target.dataset.takeOver) busily(target, () => takeOver(target));
  else busily(target, () => back(target));
}

if (canEdit && dialog) {
  const begun = document.querySelector("[data-compared]"); // by the address of the page
  if (begun) compared = { address: begun.dataset.address, pages: 1 };
  let shown = []; // the comparison as it stood in the panel before this one
  document.addEventListener("click", onClick);
  document.addEventListener("confirmed", (event) => {
    if (!event.target.matches("[data-restore], [data-restore-version]")) return;
    event.preventDefault();
    busily(event.target, () => back(event.target));
  });
  document.addEventListener("transcriptchanged", () => {
    shown = compared && place() ? [...place().childNodes] : shown;
  });
  document.addEventListener("panelshown", ({ detail: { name } }) => {
    if (name === "history" && compared) compareOn(shown).catch(tell);
  });
  document.addEventListener("rowaction", ({ detail: { name, element } }) => name === "history" && openSegment(element));
  onKeys({ history: () => (currentRow() ? void openSegment(currentRow()) : false) });
}
