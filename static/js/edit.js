/* Correcting a sentence in place. What is typed is saved by itself; see lib/corrections.js.

   "E", a double click or the pencil begin; Enter splits, Backspace at the start joins. Other modules may ask for it by
   "editword" (detail: {element, word}) and "rowaction" (detail: {name: "edit", element}). */
import { codePoints, select, selectionIn, tidy } from "./lib/caret.js";
import { canEdit, change, Conflict, known, placeOf, redo, segmentOp, tell, undo } from "./lib/changes.js";
import { correctionOf, forget, isUnsaved, rebase, save, saveAll, unsaved, write } from "./lib/corrections.js";
import { dropDraft, drafts, shownText } from "./lib/drafts.js";
import { fill } from "./lib/format.js";
import { onKeys } from "./lib/keys.js";
import { currentRow, rowOf } from "./lib/rows.js";
import { bring, fetchedAt, neighbor, root, segmentOf, spanOf, textOf, wordsOf } from "./lib/stretches.js";
import { showConflict } from "./conflict.js";

const words = document.querySelector("[data-editing-words]")?.dataset;
const media = document.querySelector("[data-media]");

/** The sentence being corrected: {row, place, correction, span, isHeld}; null when none is. `span` is the selection,
    `isHeld` while the sentence is being cut, joined or turned back: what is typed then is put where it belongs after. */
let editor = null;
let isComposing = false;

// Beginning and ending -------------------------------------------------------------------------------------------------

/** Correct a row, with the caret or a selection where [from, to] says, else at the end. */
function begin(row, span) {
  leave();
  const [place, correction] = [textOf(row), correctionOf(row)];
  editor = { row, place, correction, span: span ?? [correction.text.length, correction.text.length], isHeld: false };
  correction.isTyping = true;
  place.textContent = correction.text; // one piece of text, without marks of the player
  place.contentEditable = "plaintext-only";
  if (!place.isContentEditable) place.contentEditable = "true"; // older browsers
  place.setAttribute("role", "textbox");
  place.setAttribute("aria-multiline", "true");
  place.setAttribute("aria-label", fill(words.editorLabel, { place: placeOf(row) }));
  place.spellcheck = true;
  row.classList.add("is-editing");
  place.focus({ preventScroll: true });
  select(place, ...editor.span);
  comfort(row);
}

function comfort(row) {
  const box = row.getBoundingClientRect();
  if (box.top > innerHeight * 0.2 && box.bottom < innerHeight * 0.8) return;
  document.dispatchEvent(new CustomEvent("lookedaway"));
  bring(row, 0.4);
}

/** Stop correcting; what was typed is saved. */
function leave() {
  if (!editor) return;
  const { correction, isHeld } = editor;
  if (!isHeld && !tidy(correction.text)) {
    correction.text = correction.base;
    tell(new Error(words.empty));
  }
  close();
  if (!isHeld) save(correction);
}

/** The row is an ordinary one again. */
function close() {
  const { row, place, correction } = editor;
  editor = null;
  correction.isTyping = false;
  for (const name of ["contenteditable", "role", "aria-multiline", "aria-label", "spellcheck"]) place.removeAttribute(name);
  place.textContent = tidy(correction.text);
  row.classList.remove("is-editing");
}

function leaveToRow() {
  const row = editor?.row;
  leave();
  row?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

function onInput({ target }) {
  if (editor && !editor.isHeld && target === editor.place) write(editor.correction, editor.place.textContent);
}

/** A sentence that is being corrected may have come anew with its stretch: go on in the new row. */
function reattach() {
  if (!editor || editor.isHeld || editor.row.isConnected) return;
  const { correction, span } = editor;
  const row = rowOf(correction.id);
  editor = null;
  correction.isTyping = false;
  if (row) begin(row, span);
  else save(correction); // the server says what became of the sentence
}

/** Somebody else was first: both texts are shown, and none of them is touched. */
function onRefused({ detail: { correction, error } }) {
  if (editor?.correction === correction) {
    correction.text = editor.isHeld ? correction.text : editor.place.textContent;
    close();
  }
  showConflict(correction, error);
}

// While something is done with the sentence ----------------------------------------------------------------------------

/** Do something with the sentence being corrected once all of it is saved. `act(own, text, caret)` resolves to where one
    goes on: {row, span, at}, `at(offset)` being where something typed meanwhile belongs: {row, offset}. */
async function held(act) {
  const own = editor;
  if (!own || own.isHeld || isComposing) return;
  const text = own.place.textContent;
  const [caret] = selectionIn(own.place) ?? own.span;
  own.isHeld = true;
  let landing = null;
  try {
    if (await saveAll(own.correction)) landing = await act(own, text, caret);
  } catch (error) {
    tell(error);
  }
  own.isHeld = false;
  land(own, difference(text, own.place.textContent), landing);
}

/** What was typed meanwhile: {from, gone, put}; null for nothing. */
function difference(before, after) {
  if (before === after) return null;
  const shortest = Math.min(before.length, after.length);
  let from = 0;
  while (from < shortest && before[from] === after[from]) from += 1;
  let behind = 0;
  while (behind < shortest - from && before.at(-1 - behind) === after.at(-1 - behind)) behind += 1;
  return { from, gone: before.length - behind - from, put: after.slice(from, after.length - behind) };
}

function land(own, typed, landing) {
  const isHere = editor === own;
  if (!landing) {
    if (typed) write(own.correction, own.place.textContent);
    return isHere ? reattach() : undefined;
  }
  if (isHere) close();
  if (!typed) return isHere && landing.row ? begin(landing.row, landing.span) : undefined;
  const { row, offset } = landing.at(typed.from);
  const correction = correctionOf(row);
  write(correction, correction.text.slice(0, offset) + typed.put + correction.text.slice(offset + typed.gone));
  textOf(row).textContent = correction.text;
  if (isHere) begin(row, [offset + typed.put.length, offset + typed.put.length]);
  else save(correction);
}

// Undo -----------------------------------------------------------------------------------------------------------------

async function turn(act) {
  if (editor) return held((own) => turnHeld(own, act));
  for (const correction of unsaved()) if (!(await saveAll(correction))) return;
  if (!(act === undo ? known().undo : known().redo)) return;
  try {
    showTurned(await act());
  } catch (error) {
    tell(error);
  }
}

async function turnHeld(own, act) {
  if (!(act === undo ? known().undo : known().redo)) return null;
  const answer = await act();
  const segment = answer.segments.find(({ id }) => String(id) === own.correction.id);
  if (segment) rebase(own.correction, segment);
  else showTurned(answer);
  const row = rowOf(own.correction.id);
  if (!row) return null;
  const inside = (offset) => Math.min(offset, own.correction.text.length);
  return { row, span: own.span.map(inside), at: (offset) => ({ row, offset: inside(offset) }) };
}

function showTurned({ segments, removed }) {
  if (removed.length || !segments.length) return;
  const row = rowOf(segments[0].id);
  if (row) flash(row);
  else fetchedAt(segments[0].start).then(() => flash(rowOf(segments[0].id)));
}

function flash(row) {
  if (!row) return;
  comfort(row);
  row.classList.add("is-fresh");
  setTimeout(() => row.classList.remove("is-fresh"), 1600);
}

// Cutting and joining --------------------------------------------------------------------------------------------------

async function cut(own, text, caret) {
  const at = codePoints(text, caret);
  const id = Number(own.correction.id);
  const answer = await change(() => [{ kind: "split", segment: id, revision: own.correction.revision, offset: at }]);
  rebase(own.correction, answer.segments.find((segment) => segment.id === id));
  const row = rowOf(answer.segments.find((segment) => segment.id !== id).id);
  const second = caret + /^\s*/.exec(text.slice(caret))[0].length;
  const place = (offset) => (offset < caret ? { row: rowOf(id), offset } : { row, offset: Math.max(0, offset - second) });
  return { row, span: [0, 0], at: place };
}

/** Enter: a sentence of its own from the caret on; at the end, on to the next one. */
function split() {
  if (!editor || editor.isHeld || isComposing) return;
  const text = editor.place.textContent;
  const [caret] = selectionIn(editor.place) ?? editor.span;
  if (!tidy(text.slice(caret))) go(1);
  else if (tidy(text.slice(0, caret))) held(cut);
}

/** Join a row with the one behind it. Resolves to the joined segment and where the second one's words begin in it. */
async function join(row, behind) {
  for (const one of [row, behind]) if (!(await saveAll(correctionOf(one)))) return null;
  const [id, added] = [Number(row.dataset.segment), tidy(textOf(behind).textContent).length];
  const answer = await change(() => {
    const now = rowOf(behind.dataset.segment) ?? behind;
    const following = { following: Number(now.dataset.segment), following_revision: Number(now.dataset.revision ?? 0) };
    return [segmentOp(rowOf(id) ?? row, "join", following)];
  });
  const segment = answer.segments.find((one) => one.id === id);
  return [segment, segment.text.length - added];
}

async function joinWithPrevious(own) {
  const before = await neighbor(segmentOf(own.row), -1);
  const joined = before && (await join(before.element, own.row));
  if (!joined) return null;
  const [segment, seam] = joined;
  forget(own.correction);
  const row = rowOf(segment.id);
  return { row, span: [seam, seam], at: (offset) => ({ row, offset: seam + offset }) };
}

async function joinWithNext(own) {
  const behind = await neighbor(segmentOf(own.row), 1);
  const joined = behind && (await join(own.row, behind.element));
  if (!joined) return null;
  const [segment, seam] = joined;
  rebase(own.correction, segment);
  const row = rowOf(segment.id);
  return { row, span: [seam, seam], at: (offset) => ({ row, offset }) };
}

async function joinRow(row) {
  leave();
  const behind = await neighbor(segmentOf(row), 1);
  if (!behind) return tell(new Error(words.last));
  const joined = await join(row, behind.element);
  if (joined) flash(rowOf(joined[0].id));
}

/** Cut a sentence before the word that is heard now. */
async function splitHere(row) {
  leave();
  if (!(await saveAll(correctionOf(row)))) return;
  const word = wordsOf(row).find(([, start], index) => index && start >= (media?.currentTime ?? 0) - 0.05);
  if (!word || !media || media.currentTime < Number(row.dataset.start)) return tell(new Error(words.notHere));
  const offset = codePoints(textOf(row).textContent, word[0]);
  await change(() => [segmentOp(rowOf(row.dataset.segment) ?? row, "split", { offset })]);
  flash(rowOf(row.dataset.segment));
}

async function remove(row) {
  if (editor?.row === row) leave();
  if (!(await saveAll(correctionOf(row)))) return;
  const next = (await neighbor(segmentOf(row), 1)) ?? (await neighbor(segmentOf(row), -1));
  const { segment } = next?.element.dataset ?? {};
  await change(() => [segmentOp(rowOf(row.dataset.segment) ?? row, "delete")]);
  rowOf(segment)?.querySelector("[data-seek-link]").focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: words.deleted, action: { label: words.undoLabel, run: () => turn(undo) } } }));
}

/** Correct the sentence before or behind. */
async function go(by) {
  const own = editor;
  const next = await neighbor(segmentOf(own.row), by);
  if (next && editor === own && !own.isHeld) begin(next.element, by > 0 ? [0, 0] : undefined);
}

// Keys and clicks ------------------------------------------------------------------------------------------------------

/** For keys that act only at the start or the end of the text; elsewhere the browser has them. */
function atEdge(edge, act) {
  const [from, to] = (editor && selectionIn(editor.place)) ?? [-1, -2];
  const wanted = edge === "start" ? 0 : editor?.place.textContent.length;
  if (from !== to || from !== wanted || isComposing) return false;
  act();
  return true;
}

/** A sentence is one line. Keyboards of phones tell of Enter only here. */
function beforeInput(event) {
  if (!editor || !["insertParagraph", "insertLineBreak"].includes(event.inputType)) return;
  event.preventDefault();
  if (event.inputType === "insertParagraph") split();
}

function onPaste(event) {
  if (event.target.closest("[data-text]") !== editor?.place) return;
  event.preventDefault();
  document.execCommand("insertText", false, event.clipboardData.getData("text/plain").replace(/\s+/g, " "));
}

function onDoubleClick(event) {
  const place = event.target.closest("[data-text]");
  if (!place || place.isContentEditable) return;
  const span = selectionIn(place);
  begin(place.closest("[data-segment]"), span && spanWithoutSpace(place, span));
}

/** Browsers select the space behind a word with it. */
function spanWithoutSpace(place, [from, to]) {
  return [from, from + place.textContent.slice(from, to).trimEnd().length];
}

/** Another place has the focus; a row that is fetched again loses it too, so look a moment later where it went. */
function onFocusOut({ target }) {
  setTimeout(() => {
    if (editor && target === editor.place && !editor.isHeld && document.hasFocus() && document.activeElement !== editor.place && editor.row.isConnected) leave();
  });
}

function onRowAction({ detail: { name, element } }) {
  const act = { edit: begin, join: joinRow, split: splitHere, delete: remove }[name];
  Promise.resolve(act?.(element)).catch(tell);
}

function editCurrent() {
  const row = currentRow();
  return row ? begin(row) : false;
}

// Corrections of before ------------------------------------------------------------------------------------------------

function offerDrafts() {
  const left = Object.entries(drafts()).filter(([id, { of, text }]) => {
    const row = of === shownText && rowOf(id);
    const isThere = row && textOf(row).textContent === tidy(text); // it was saved while the page went
    if (isThere) dropDraft(id);
    return !isThere;
  });
  if (!left.length) return;
  const note = document.getElementById("drafts-template").content.firstElementChild.cloneNode(true);
  const text = note.querySelector("[data-drafts-text]");
  text.textContent = fill(text.dataset.some, { n: left.length });
  note.querySelector("[data-drafts-save]").addEventListener("click", async () => {
    note.remove();
    for (const [id, draft] of left) await saveDraft(id, draft);
  });
  note.querySelector("[data-drafts-drop]").addEventListener("click", () => {
    note.remove();
    for (const [id] of left) dropDraft(id);
  });
  root.before(note);
}

/** Save a correction of before. One of another text of the recording is held against what stands at its time now. */
async function saveDraft(id, { of, text, base, revision, start }) {
  const here = await fetchedAt(start);
  if (of !== shownText) {
    if (here) showConflict({ id, start, text }, { message: "", conflicts: [standing(here.element, base)] });
    return;
  }
  try {
    await change(() => [{ kind: "text", segment: Number(id), revision, text }]);
    dropDraft(id);
    flash(rowOf(id));
  } catch (error) {
    if (error instanceof Conflict && error.conflicts.length) showConflict({ id, start, text }, error);
    else tell(error);
  }
}

function standing(row, base) {
  return { segment: Number(row.dataset.segment), revision: Number(row.dataset.revision ?? 0), base: { text: base }, theirs: { text: textOf(row).textContent }, who: "" };
}

// Wiring ---------------------------------------------------------------------------------------------------------------

if (canEdit) {
  onKeys({
    edit: editCurrent,
    leave: leaveToRow,
    save: () => void (editor && save(editor.correction)),
    undo: () => void turn(undo),
    redo: () => void turn(redo),
    split,
    "join-previous": () => atEdge("start", () => held(joinWithPrevious)),
    "join-next": () => atEdge("end", () => held(joinWithNext)),
    "edit-previous": () => atEdge("start", () => go(-1)),
    "edit-next": () => atEdge("end", () => go(1)),
  });
  root.addEventListener("input", onInput);
  root.addEventListener("beforeinput", beforeInput);
  root.addEventListener("paste", onPaste);
  root.addEventListener("drop", (event) => editor?.place.contains(event.target) && event.preventDefault());
  root.addEventListener("compositionstart", () => (isComposing = true));
  root.addEventListener("compositionend", () => (isComposing = false));
  root.addEventListener("dblclick", onDoubleClick);
  root.addEventListener("focusout", onFocusOut);
  document.addEventListener("selectionchange", () => {
    if (editor && !editor.isHeld) editor.span = selectionIn(editor.place) ?? editor.span;
  });
  document.addEventListener("stretchloaded", reattach);
  document.addEventListener("correctionrefused", onRefused);
  document.addEventListener("rowaction", onRowAction);
  document.addEventListener("editword", ({ detail: { element, word } }) => begin(element, word === undefined ? undefined : spanOf(element, word)));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && unsaved().forEach(save));
  window.addEventListener("beforeunload", (event) => {
    const left = unsaved().filter(isUnsaved);
    left.forEach(save);
    if (left.length) event.preventDefault();
  });
  document.querySelector("[data-undo-button]").addEventListener("click", () => turn(undo));
  document.querySelector("[data-redo-button]").addEventListener("click", () => turn(redo));
  offerDrafts();
}
