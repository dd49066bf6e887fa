/* Find and replace: the hit one is at, or all of them after a look at what will stand there. Ctrl+H comes here. */
import { canEdit, change, Conflict, known, segmentOp, tell, undo } from "./lib/changes.js";
import { clock, fill, number as written } from "./lib/format.js";
import { comboOf, entryOf, isComposing, keysFor, onKeys, shown } from "./lib/keys.js";
import { rowOf } from "./lib/rows.js";
import { box, findAgain, hitHere, queryOf, searched, showTools } from "./lib/search.js";
import { fetchedAt, lookAt, refresh, stretchOf, textOf } from "./lib/stretches.js";

const form = box?.querySelector("[data-replace]");
const field = form?.querySelector("[data-replace-with]");
const toggle = box?.querySelector("[data-replace-toggle]");
const input = box?.querySelector("[data-find-input]");
const dialog = document.querySelector("[data-replace-dialog]");
const part = (name) => dialog.querySelector(`[data-replace-${name}]`);
let preview = null; // {asked, replacement, revision, count} of what the dialog shows
let isBusy = false;

// The part below the field ---------------------------------------------------------------------------------------------

function open(isOpen) {
  form.hidden = !isOpen;
  toggle.setAttribute("aria-expanded", String(isOpen));
  showTools();
  if (isOpen) (searched().pattern ? field : input).focus();
  else input.focus();
}

/** Open it, or go to its field. */
function come() {
  box.scrollIntoView({ block: "nearest" });
  open(true);
}

function showAble() {
  for (const button of form.querySelectorAll("button")) button.disabled = !searched().total;
}

// This one -------------------------------------------------------------------------------------------------------------

async function replaceOne() {
  if (isBusy || !searched().total) return;
  isBusy = true;
  const hit = await hitHere();
  try {
    if (hit) await putIn(hit, field.value);
  } catch (error) {
    tell(error);
    if (error instanceof Conflict) await refresh([stretchOf(Number(hit.row.dataset.start))]);
  }
  isBusy = false;
}

/** Replace a hit and go to the next one behind what stands there now. */
async function putIn({ row, from, to }, replacement) {
  const id = row.dataset.segment;
  const found = textOf(row).textContent.slice(from, to);
  await change(() => {
    const now = rowOf(id);
    const text = now && textOf(now).textContent;
    return text?.slice(from, to) === found ? [segmentOp(now, "text", { text: text.slice(0, from) + replacement + text.slice(to) })] : [];
  });
  await findAgain({ row: rowOf(id) ?? row, offset: from + replacement.length, isGoing: true });
}

// All of them ----------------------------------------------------------------------------------------------------------

async function showPreview(notice = "") {
  const { phrase, matchCase, wholeWord } = searched();
  const asked = { phrase, matchCase, wholeWord };
  try {
    const answer = await fetch(`${dialog.dataset.url}?${queryOf(asked)}`);
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const { revision, count, matches } = await answer.json();
    preview = { asked, replacement: field.value, revision, count };
    fillDialog(matches, notice);
    if (!dialog.open) dialog.showModal();
  } catch (error) {
    console.warn("the preview did not come:", error.message);
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: dialog.dataset.problem, level: "error" } }));
  }
}

function fillDialog(matches, notice) {
  const { asked, replacement, count } = preview;
  const [title, told, all] = [part("title"), part("told"), part("all")];
  const names = { old: asked.phrase, new: replacement, n: written(count), shown: written(matches.length) };
  title.textContent = fill(replacement ? title.dataset.title : title.dataset.delete, names);
  told.textContent = fill(count > matches.length ? told.dataset.some : count ? told.dataset.all : told.dataset.none, names);
  part("notice").textContent = notice;
  part("notice").hidden = !notice;
  all.textContent = fill(replacement ? all.dataset.label : all.dataset.remove, names);
  all.disabled = !count;
  part("list").replaceChildren(...matches.map((match) => line(match, replacement)));
}

/** One place, as it is and as it will be. */
function line(match, replacement) {
  const item = part("row").content.firstElementChild.cloneNode(true);
  const set = (name, text) => {
    item.querySelector(`[data-${name}]`).textContent = text;
  };
  const isCut = match.offset > [...match.before].length;
  set("place", clock(match.start));
  set("before", isCut ? match.before.replace(/^\S*\s?/u, "… ") : match.before);
  set("old", match.text);
  set("new", replacement);
  set("after", match.after);
  const place = item.querySelector("[data-place]");
  place.href = `#t=${match.start.toFixed(2)}`;
  Object.assign(place.dataset, { id: match.segment, start: match.start });
  item.querySelector("[data-new]").hidden = !replacement;
  return item;
}

async function replaceAll() {
  if (isBusy) return;
  isBusy = true;
  part("all").disabled = true;
  const { asked, replacement, revision, count } = preview;
  const operation = { kind: "replace", revision, find: asked.phrase, replacement, match_case: asked.matchCase, whole_word: asked.wholeWord };
  try {
    const outcome = await change(() => [operation]);
    dialog.close();
    say(count, outcome.changes.at(-1));
    findAgain();
  } catch (error) {
    if (error instanceof Conflict) await lookAgain(error.message);
    else failed(error);
  }
  isBusy = false;
}

/** Somebody else changed something: show what stands now, on the page as well. */
async function lookAgain(notice) {
  await refresh();
  await showPreview(notice);
  findAgain();
}

function failed(error) {
  part("all").disabled = false;
  tell(error);
}

/** Say how many, and offer the way back as long as nothing else was done. */
function say(count, number) {
  const run = () => (known().undo?.number === number ? undo().catch(tell) : tell(new Error(dialog.dataset.undone)));
  const detail = { text: fill(dialog.dataset.done, { n: written(count) }), action: { label: dialog.dataset.undo, run } };
  document.dispatchEvent(new CustomEvent("toast", { detail }));
}

/** Close the list and look at one of its places. */
async function follow(event) {
  const place = event.target.closest("[data-place]");
  if (!place) return;
  event.preventDefault();
  dialog.close();
  await fetchedAt(Number(place.dataset.start));
  const row = rowOf(place.dataset.id);
  if (!row) return;
  lookAt(row, 0.4);
  row.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

// Wiring ---------------------------------------------------------------------------------------------------------------

function onKey(event) {
  if (isComposing(event)) return; // this key ends the composition
  const entry = entryOf("replace");
  if (entry && keysFor(entry).includes(comboOf(event))) {
    event.preventDefault();
    come();
  } else if (event.key === "Escape" && form.contains(event.target)) open(false);
}

function showKey() {
  const entry = entryOf("replace");
  const key = entry && keysFor(entry)[0];
  toggle.title = key ? `${toggle.getAttribute("aria-label")} (${shown(key)})` : toggle.getAttribute("aria-label");
}

if (box && form && dialog && canEdit) {
  onKeys({ replace: come });
  box.addEventListener("keydown", onKey);
  toggle.addEventListener("click", () => open(form.hidden));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    replaceOne();
  });
  form.querySelector("[data-replace-preview]").addEventListener("click", () => showPreview());
  part("all").addEventListener("click", replaceAll);
  part("cancel").addEventListener("click", () => dialog.close());
  part("list").addEventListener("click", follow);
  document.addEventListener("searched", showAble);
  document.addEventListener("keyschanged", showKey);
  document.addEventListener("transcriptchanged", () => isBusy || findAgain());
  showKey();
}
