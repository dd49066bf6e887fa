/* The list of keys: opens with "?", shows the keys that hold, and lets people choose others. */
import { fill } from "./lib/format.js";
import { choose, comboOf, entries, entryOf, holderOf, isAble, keysFor, onKeys, shown, spoken } from "./lib/keys.js";

const MOST_SHOWN = 4; // of more keys only the first and the last
const list = document.getElementById("shortcuts");
const reset = list?.querySelector("[data-keys-reset]");
const notice = list?.querySelector("[data-keys-notice]");
let waiting = null; // the entry that gets the next key

function show() {
  for (const entry of entries) {
    const keys = keysFor(entry).map((combo) => Object.assign(document.createElement("kbd"), { textContent: shown(combo) }));
    const isRow = keys.length > MOST_SHOWN; // such as 1 to 9
    entry.row.querySelector("dt").replaceChildren(...(isRow ? [keys[0], " – ", keys.at(-1)] : keys.flatMap((key) => [key, " "])));
    entry.row.classList.toggle("is-waiting", entry === waiting);
    entry.row.hidden = !isAble(entry);
  }
  for (const group of list.querySelectorAll("section")) group.hidden = !group.querySelector("[data-action]:not([hidden])");
  reset.hidden = entries.every((entry) => keysFor(entry) === entry.usual);
  for (const field of document.querySelectorAll("[data-key-of]")) {
    const entry = entryOf(field.dataset.keyOf);
    field.textContent = entry ? shown(keysFor(entry)[0] ?? "") : "";
  }
  for (const button of document.querySelectorAll("[data-keys-of]")) {
    const entry = entryOf(button.dataset.keysOf);
    if (entry) button.setAttribute("aria-keyshortcuts", keysFor(entry).map(spoken).join(" "));
  }
}

function wait(entry) {
  waiting = entry;
  notice.textContent = entry ? fill(notice.dataset.press, { what: entry.row.querySelector("dd").textContent.trim() }) : "";
  show();
}

function take(event) {
  if (!waiting) return;
  event.preventDefault();
  event.stopPropagation();
  const combo = comboOf(event);
  if (!combo) return;
  const [entry, holder] = [waiting, holderOf(combo, waiting)];
  wait(null);
  if (combo === "Escape" && !entry.usual.includes("Escape")) return;
  if (holder) {
    notice.textContent = fill(notice.dataset.taken, { keys: shown(combo), what: holder.row.querySelector("dd").textContent.trim() });
    return;
  }
  choose(entry, [combo]);
  notice.textContent = fill(notice.dataset.done, { keys: shown(combo), what: entry.row.querySelector("dd").textContent.trim() });
}

if (list) {
  onKeys({ shortcuts: () => list.showModal() });
  list.addEventListener("keydown", take, true);
  list.addEventListener("cancel", (event) => waiting && event.preventDefault());
  list.addEventListener("close", () => wait(null));
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-key-change]");
    if (button) wait(entries.find((entry) => entry.row.contains(button)));
  });
  reset.addEventListener("click", () => {
    for (const entry of entries) choose(entry, null);
    notice.textContent = notice.dataset.usual;
  });
  document.addEventListener("keyschanged", show);
  document.addEventListener("DOMContentLoaded", show); // by then each module of the page has said what it can do
}
