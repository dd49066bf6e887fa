/* The keys of the page. The list in the page's help says which keys do what; people may choose others there.

   A handler that returns false leaves the key to another one that has it, else to the browser. */
import { recall, remember } from "./storage.js";

const SPECIAL = { " ": "Space", Esc: "Escape" };
const MODIFIERS = ["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock"];
const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc" };
const ACTIVATING = ["Space", "Enter"];

const list = document.getElementById("shortcuts");
const handlers = new Map();

/** [{action, usual, when, row}, …] in the order of the list. */
export const entries = [...(list?.querySelectorAll("[data-action]") ?? [])].map((row) => ({
  action: row.dataset.action,
  usual: row.dataset.keys.split(" "),
  when: row.dataset.when.split(" "),
  row,
}));

// Which key was pressed ------------------------------------------------------------------------------------------------

/** The letter or digit of a key, whatever the layout writes with it: Cyrillic "т" is N; else what it writes. */
function keyOf({ key, code }) {
  if (/^[a-z]$/i.test(key)) return key.toUpperCase();
  const letter = /^Key([A-Z])$/.exec(code);
  if (letter && (key.length > 1 ? key === "Dead" : key.toLowerCase() !== key.toUpperCase() || key > "\x7f")) return letter[1];
  return SPECIAL[key] ?? key;
}

/** "Ctrl+Shift+Z" for an event; null while only a modifier is held. Shift is left out where it makes another sign. */
export function comboOf(event) {
  if (MODIFIERS.includes(event.key)) return null;
  const key = keyOf(event);
  const hasShift = event.shiftKey && (key.length > 1 || /^[A-Z]$/.test(key));
  const parts = [event.ctrlKey || event.metaKey ? "Ctrl" : "", event.altKey ? "Alt" : "", hasShift ? "Shift" : "", key];
  return parts.filter(Boolean).join("+");
}

/** A combination as people read it. */
export const shown = (combo) => combo.split("+").map((part) => SHOWN[part] ?? part).join(" ").trim() || combo;

// Which keys do what ---------------------------------------------------------------------------------------------------

/** The combinations that do something now. */
export const keysFor = (entry) => recall("keys")?.[entry.action] ?? entry.usual;

/** Let other keys do something; null for the usual ones. */
export function choose(entry, combos) {
  const chosen = { ...recall("keys") };
  if (combos) chosen[entry.action] = combos;
  else delete chosen[entry.action];
  remember("keys", chosen);
  document.dispatchEvent(new CustomEvent("keyschanged"));
}

/** Another entry that holds in the same place and has that combination already. */
export function holderOf(combo, entry) {
  return entries.find((other) => other !== entry && keysFor(other).includes(combo) && other.when.some((place) => entry.when.includes(place)));
}

export function onKeys(actions) {
  for (const [action, handler] of Object.entries(actions)) handlers.set(action, handler);
}

// Wiring ---------------------------------------------------------------------------------------------------------------

/** Where a key was pressed: "reading", "typing", or null in a field that has keys of its own. */
function placeOf(target) {
  if (target.closest?.("[data-text]")?.isContentEditable) return "typing";
  const isOther = target.closest?.("input:not([type=range], [type=checkbox]), select, textarea, [contenteditable], details[data-menu][open], [popover]");
  return isOther ? null : "reading";
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const [combo, place] = [comboOf(event), placeOf(event.target)];
  if (!combo || !place) return;
  if (place === "reading" && ACTIVATING.includes(combo) && event.target.closest("a, button, summary, input")) return;
  const able = entries.filter((one) => one.when.includes(place) && keysFor(one).includes(combo) && handlers.has(one.action));
  if (able.some((one) => handlers.get(one.action)(event) !== false)) event.preventDefault();
});
