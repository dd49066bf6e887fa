/* The menu of a speaker: a name everywhere or only here, somebody else, a merge. Keys 1 to 9 say who speaks. */
import { canEdit, change, known, Refused, segmentOp, tell } from "./lib/changes.js";
import { fill } from "./lib/format.js";
import { onKeys } from "./lib/keys.js";
import { currentRow, rowOf } from "./lib/rows.js";
import { merge } from "./merging.js";

const GAP = 6; // pixels between the menu and what it belongs to
const NARROW = "(max-width: 40rem)"; // there it lies at the foot of the window

const words = document.querySelector("[data-who]")?.dataset;
const menu = Object.assign(document.createElement("dialog"), { id: "speaker-menu", className: "speaker-menu" });
let at = null; // what the menu is about: {speaker: id or null, segment: id or null, place: "", "turn" or "sentence"}

const part = (name) => menu.querySelector(`[data-${name}]`);

// Opening --------------------------------------------------------------------------------------------------------------

async function open(anchor, about) {
  const query = new URLSearchParams({ speaker: about.speaker ?? "", in: about.place });
  try {
    const answer = await fetch(`${words.menuUrl}?${query}`);
    if (!answer.ok || answer.redirected) throw new Error(words.problem);
    menu.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  } catch {
    tell(new Error(words.problem));
    return;
  }
  at = about;
  showReach();
  if (!menu.open) menu.showModal();
  place(anchor.isConnected ? anchor : document.body);
  part("speaker-name").select();
}

/** Below what it belongs to, or above where there is no room; inside the window. */
function place(anchor) {
  menu.removeAttribute("style");
  if (matchMedia(NARROW).matches) return;
  const [from, box] = [anchor.getBoundingClientRect(), menu.getBoundingClientRect()];
  const isBelow = from.bottom + GAP + box.height + GAP < innerHeight;
  const top = isBelow ? from.bottom + GAP : from.top - GAP - box.height;
  menu.style.top = `${Math.max(GAP, Math.min(top, innerHeight - box.height - GAP))}px`;
  menu.style.left = `${Math.max(GAP, Math.min(from.left, innerWidth - box.width - GAP))}px`;
  menu.style.margin = "0";
}

const idOf = (row) => (row.dataset.speaker ? Number(row.dataset.speaker) : null);

const rowOfTurn = (heading) => heading.closest("[data-turn]").querySelector("[data-segment]");

function openForTurn(heading) {
  const row = rowOfTurn(heading);
  return open(heading, { speaker: idOf(row), segment: Number(row.dataset.segment), place: "turn" });
}

function openForRow(row) {
  return open(row.querySelector("[data-seek-link]"), { speaker: idOf(row), segment: Number(row.dataset.segment), place: "sentence" });
}

// Choosing -------------------------------------------------------------------------------------------------------------

const reach = () => new FormData(part("speaker-form")).get("reach");

/** The given name stands in the field while it is about everywhere; for one place another one is asked for. */
function showReach() {
  const [form, field] = [part("speaker-form"), part("speaker-name")];
  const isEverywhere = reach() === "everywhere";
  if (!isEverywhere && field.value === form.dataset.name) field.value = "";
  if (isEverywhere && !field.value) field.value = form.dataset.name;
  form.dataset.reach = isEverywhere ? "everywhere" : "here";
}

const hereOp = (values) => [segmentOp(rowOf(at.segment), "speaker", { ...values, reach: reach() })];

function save() {
  const name = part("speaker-name").value.trim();
  if (reach() !== "everywhere") return change(() => hereOp({ name }));
  return change(() => [{ kind: "rename", speaker: at.speaker, was: part("speaker-form").dataset.name, name }]);
}

function choose(other) {
  return reach() === "everywhere" ? merge(at.speaker, other) : change(() => hereOp({ speaker: other }));
}

/** Do something, close the menu, and give the focus to what it was about. What goes wrong is told in the menu. */
async function act(make) {
  part("speaker-problem").replaceChildren();
  try {
    await make();
  } catch (error) {
    showProblem(error);
    return;
  }
  menu.close();
  // Where what had the focus before was made anew, the browser cannot give it back.
  const active = document.activeElement;
  if (!active || active === document.body || menu.contains(active)) focusAgain();
}

function focusAgain() {
  const row = at.segment && rowOf(at.segment);
  const heading = at.place === "turn" && row?.closest("[data-turn]").querySelector("[data-speaker-turn]");
  const again = heading || row?.querySelector("[data-seek-link]") || document.querySelector(`[data-speaker-menu="${at.speaker}"]`) || document.querySelector("[data-speaker-menu]");
  again?.focus({ preventScroll: true });
}

function showProblem(error) {
  const place = part("speaker-problem");
  // What is refused here is told here; nothing that was written is left unsaved.
  if (error instanceof Refused && !error.isLost) document.dispatchEvent(new CustomEvent("savestate", { detail: "saved" }));
  const name = part("speaker-name").value.trim().toLocaleLowerCase();
  const same = known().speakers.find((speaker) => speaker.id !== at.speaker && speaker.display_name.toLocaleLowerCase() === name);
  if (!(error instanceof Refused) || !same || reach() !== "everywhere") {
    place.textContent = error.message;
    return;
  }
  const names = { into: same.display_name };
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-small", textContent: fill(words.mergeInto, names) });
  button.addEventListener("click", () => act(() => merge(at.speaker, same.id)));
  place.replaceChildren(fill(words.same, names), button);
  button.focus();
}

// Keys -----------------------------------------------------------------------------------------------------------------

const focusedHeading = () => document.activeElement?.closest("[data-speaker-turn]");

/** The menu of the turn whose heading has the focus, else of the sentence at hand. */
function openOfKey() {
  const [heading, row] = [focusedHeading(), currentRow()];
  if (heading) openForTurn(heading);
  else if (row) openForRow(row);
  else return false;
  return true;
}

/** The speaker of that number says the turn whose heading has the focus, else the sentence at hand. */
function speakerOfKey({ key }) {
  const heading = focusedHeading();
  const row = heading ? rowOfTurn(heading) : currentRow();
  const listed = document.querySelector(`[data-voice="${Number(key) - 1}"]`)?.closest("[data-merge]");
  if (!row || !listed) return false;
  const values = { speaker: Number(listed.dataset.merge), reach: heading ? "onward" : "this" };
  give(row, values, Boolean(heading)).catch(tell);
  return true;
}

async function give(row, values, isTurn) {
  await change(() => [segmentOp(rowOf(row.dataset.segment) ?? row, "speaker", values)]);
  if (!isTurn) return;
  at = { speaker: values.speaker, segment: Number(row.dataset.segment), place: "turn" };
  focusAgain();
}

// Wiring ---------------------------------------------------------------------------------------------------------------

function onClick(event) {
  const find = (name) => event.target.closest(`[data-${name}]`);
  if (find("speaker-turn")) openForTurn(find("speaker-turn"));
  else if (find("speaker-menu")) open(find("speaker-menu"), { speaker: Number(find("speaker-menu").dataset.speakerMenu), segment: null, place: "" });
  else if (find("strip")) hearAt(find("strip"), event.clientX);
}

/** A press on the line of a speaker goes to that time. */
function hearAt(strip, x) {
  const box = strip.getBoundingClientRect();
  document.dispatchEvent(new CustomEvent("opentab", { detail: "transcript" }));
  location.hash = `#t=${((Number(strip.dataset.strip) * (x - box.left)) / box.width).toFixed(2)}`;
}

function onMenuClick(event) {
  const find = (name) => event.target.closest(`[data-${name}]`);
  if (find("speaker-close")) menu.close();
  if (find("other")) act(() => choose(find("other").dataset.other ? Number(find("other").dataset.other) : null));
  if (!find("suggestion")) return;
  part("speaker-name").value = find("suggestion").dataset.suggestion;
  part("speaker-name").focus();
}

if (canEdit && words) {
  menu.setAttribute("aria-labelledby", "speaker-menu-title");
  document.body.append(menu);
  menu.addEventListener("click", onMenuClick);
  menu.addEventListener("change", (event) => event.target.name === "reach" && showReach());
  menu.addEventListener("submit", (event) => {
    event.preventDefault();
    if (reach() === "everywhere" || part("speaker-name").value.trim()) act(save);
    else part("speaker-name").focus();
  });
  document.addEventListener("click", onClick);
  document.addEventListener("rowaction", ({ detail: { name, element } }) => name === "speaker" && openForRow(element));
  onKeys({
    speaker: speakerOfKey,
    "speaker-menu": openOfKey,
  });
}
