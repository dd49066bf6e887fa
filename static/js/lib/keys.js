/* The keys of the page. The list in the page's help says which keys do what; people may choose others there.

   A handler that returns false leaves the key to another one that has it, else to the browser. Keys that are about
   sentences hold only while these are in sight, not while another tab is open. */
import { root } from "./stretches.js";
import { recall, remember } from "./storage.js";

const SPECIAL = { " ": "Space", Esc: "Escape" };
const MODIFIERS = ["Control", "Shift", "Alt", "Meta", "AltGraph", "CapsLock"];
const IS_MAC = /mac|iphone|ipad/i.test(navigator.userAgentData?.platform ?? navigator.platform);
const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", ...(IS_MAC && { Alt: "Ctrl Option" }) };
const SPOKEN = { Ctrl: "Control", ...(IS_MAC && { Alt: "Control+Alt" }) };
const ACTIVATING = ["Space", "Enter"];
const OF_CODE = { Minus: "-", Equal: "=" };
const COMPOSING = 229; // Safari sends the Enter that ends a composition with isComposing already false

const list = document.getElementById("shortcuts");
const handlers = new Map();

/** [{action, usual, when, isEverywhere, isFixed, row}, …] in the order of the list. */
export const entries = [...(list?.querySelectorAll("[data-action]") ?? [])].map((row) => ({
  action: row.dataset.action,
  usual: row.dataset.keys.split(" "),
  when: row.dataset.when.split(" "),
  isEverywhere: "everywhere" in row.dataset,
  isFixed: !row.querySelector("[data-key-change]"),
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

/** The same for a key pressed with Alt, which may write another sign: "ø" is O. Null for a sign that people want. */
function keyOfAlt(event) {
  const { key, code } = event;
  const plain = /^(?:Key|Digit)([A-Z\d])$/.exec(code)?.[1] ?? OF_CODE[code];
  if (IS_MAC && !event.ctrlKey && (key === "Dead" || (key.length === 1 && key.toUpperCase() !== plain))) return null;
  return /^[a-z\d=-]$/i.test(key) ? key.toUpperCase() : (plain ?? keyOf(event));
}

/** Which modifiers are meant: those that write a sign on a keyboard are none, and on a Mac Ctrl with Option stands for Alt. */
function heldIn(event) {
  if (event.getModifierState?.("AltGraph")) return { hasCtrl: false, hasAlt: false };
  const isInstead = IS_MAC && event.altKey && event.ctrlKey;
  return { hasCtrl: event.metaKey || (event.ctrlKey && !isInstead), hasAlt: event.altKey };
}

/** "Ctrl+Shift+Z" for an event; null while only a modifier is held, or a sign is written. Shift is left out where it
    makes another sign. */
export function comboOf(event) {
  if (MODIFIERS.includes(event.key)) return null;
  const { hasCtrl, hasAlt } = heldIn(event);
  const key = hasAlt ? keyOfAlt(event) : keyOf(event);
  if (key === null) return null;
  const hasShift = event.shiftKey && (key.length > 1 || /^[A-Z]$/.test(key));
  const parts = [hasCtrl ? "Ctrl" : "", hasAlt ? "Alt" : "", hasShift ? "Shift" : "", key];
  return parts.filter(Boolean).join("+");
}

/** Whether a key belongs to an input method that is still composing letters. */
export const isComposing = (event) => event.isComposing || event.keyCode === COMPOSING;

/** A combination as people read it. */
export const shown = (combo) => combo.split("+").map((part) => SHOWN[part] ?? part).join(" ").trim() || combo;

/** The same for `aria-keyshortcuts`. */
export const spoken = (combo) => combo.split("+").map((part) => SPOKEN[part] ?? part).join("+");

// Which keys do what ---------------------------------------------------------------------------------------------------

/** The combinations that do something now. */
export const keysFor = (entry) => (entry.isFixed ? null : recall("keys")?.[entry.action]) ?? entry.usual;

/** The entry of an action; undefined where the list has none. */
export const entryOf = (action) => entries.find((entry) => entry.action === action);

/** Whether there is anything on this page that the keys of an entry could do. */
export const isAble = (entry) => handlers.has(entry.action);

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

/** Whether the sentences are in sight, not another tab. */
const areSentencesShown = () => Boolean(root?.checkVisibility());

// Wiring ---------------------------------------------------------------------------------------------------------------

/** Where a key was pressed: "reading", "typing", or null in a field that has keys of its own. */
function placeOf(target) {
  if (target.closest?.("[data-text]")?.isContentEditable) return "typing";
  const isOther = target.closest?.("input:not([type=range], [type=checkbox]), select, textarea, [contenteditable], details[data-menu][open], [popover]");
  return isOther ? null : "reading";
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || isComposing(event) || document.querySelector("dialog[open]")) return;
  const [combo, place] = [comboOf(event), placeOf(event.target)];
  if (!combo || !place) return;
  if (place === "reading" && ACTIVATING.includes(combo) && event.target.closest("a, button, summary, input")) return;
  const holding = entries.filter((one) => one.isEverywhere || areSentencesShown());
  const able = holding.filter((one) => one.when.includes(place) && keysFor(one).includes(combo) && isAble(one));
  if (able.some((one) => handlers.get(one.action)(event) !== false)) event.preventDefault();
});
