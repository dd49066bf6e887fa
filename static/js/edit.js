/* Correcting a sentence in place. What is typed is saved by itself, and kept in this browser until it is.

   "E", a double click or the pencil begin; Enter splits, Backspace at the start joins. Other modules may ask for it by
   "editword" (detail: {element, word}) and "rowaction" (detail: {name: "edit", element}). */
import { codePoints, select, selectionIn, tidy } from "./lib/caret.js";
import { canEdit, change, Conflict, known, placeOf, redo, segmentOp, tell, undo } from "./lib/changes.js";
import { drafts, dropDraft, keepDraft } from "./lib/drafts.js";
import { fill } from "./lib/format.js";
import { onKeys } from "./lib/keys.js";
import { currentRow, rowOf } from "./lib/rows.js";
import { bring, fetchedAt, neighbor, root, segmentOf, spanOf, textOf } from "./lib/stretches.js";
import { showConflict } from "./conflict.js";

const PAUSE_MS = 700; // after the last key
const LATEST_MS = 1700; // after the first unsaved key
const AGAIN_MS = [1000, 3000, 10_000, 30_000];

const words = document.querySelector("[data-editing-words]")?.dataset;
const say = (detail) => document.dispatchEvent(new CustomEvent("savestate", { detail }));

/** The sentence being corrected: {row, place, saved, timer, since, failures, isHeld, typed}; null when none is.
    `saved` is what the server has of it, `isHeld` while it is being cut or joined; keys pressed meanwhile are kept. */
let editor = null;

// Beginning and ending -------------------------------------------------------------------------------------------------

/** Correct a row, with the caret or a selection where [from, to] says, else at the end. */
function begin(row, span) {
  if (editor?.row !== row) leave();
  const place = textOf(row);
  const [from, to] = span ?? [place.textContent.length, place.textContent.length];
  editor ??= { row, place, saved: place.textContent, timer: 0, since: 0, failures: 0, isHeld: false, typed: "" };
  place.textContent = place.textContent; // one piece of text, without marks of the player
  place.contentEditable = "plaintext-only";
  if (!place.isContentEditable) place.contentEditable = "true"; // older browsers
  place.setAttribute("role", "textbox");
  place.setAttribute("aria-multiline", "true");
  place.setAttribute("aria-label", fill(words.editorLabel, { place: placeOf(row) }));
  place.spellcheck = true;
  row.classList.add("is-editing");
  place.focus({ preventScroll: true });
  select(place, from, to);
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
  const left = editor;
  const isEmpty = !tidy(left.place.textContent);
  if (isEmpty) {
    left.place.textContent = left.saved;
    tell(new Error(words.empty));
    settled(left);
  } else if (isUnsaved(left)) save(left);
  clearTimeout(left.timer);
  editor = null;
  left.place.textContent = tidy(left.place.textContent);
  for (const name of ["contenteditable", "role", "aria-multiline", "aria-label", "spellcheck"]) left.place.removeAttribute(name);
  left.row.classList.remove("is-editing");
}

function leaveToRow() {
  const row = editor?.row;
  leave();
  row?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

// Saving ---------------------------------------------------------------------------------------------------------------

const isUnsaved = ({ place, saved }) => tidy(place.textContent) !== tidy(saved);

function onInput() {
  if (!editor) return;
  const now = performance.now();
  editor.row.dataset.unsaved = "";
  if (!editor.since) {
    editor.since = now;
    say("unsaved");
  }
  clearTimeout(editor.timer);
  const own = editor;
  editor.timer = setTimeout(() => save(own), Math.max(0, Math.min(PAUSE_MS, LATEST_MS - (now - editor.since))));
  requestIdleCallback?.(() => own.since && keepDraft(own.row, own.place.textContent));
}

/** Resolves to whether the server has all that was typed. */
async function save(own) {
  clearTimeout(own.timer);
  if (!isUnsaved(own)) {
    settled(own);
    return true;
  }
  if (!tidy(own.place.textContent)) return false; // somebody is about to write it anew
  keepDraft(own.row, own.place.textContent);
  own.since = 0;
  let text = "";
  try {
    await change(() => {
      text = own.place.textContent;
      return isUnsaved(own) ? [segmentOp(rowNow(own), "text", { text })] : [];
    });
  } catch (error) {
    return failed(own, error);
  }
  Object.assign(own, { saved: text, failures: 0 });
  if (isUnsaved(own)) {
    if (editor !== own) return save(own);
    own.since ||= performance.now();
  } else settled(own);
  return true;
}

function settled(own) {
  own.since = 0;
  delete own.row.dataset.unsaved;
  dropDraft(own.row.dataset.segment);
}

/** The row as it stands on the page now; it may have been fetched again. */
function rowNow(own) {
  own.row = rowOf(own.row.dataset.segment) ?? own.row;
  return own.row;
}

function failed(own, error) {
  if (error instanceof Conflict) {
    const yours = tidy(own.place.textContent);
    if (editor === own) {
      own.place.textContent = own.saved;
      leave();
    }
    showConflict(own.row, yours, error);
  } else if (error.isLost) {
    own.timer = setTimeout(() => save(own), AGAIN_MS[Math.min(own.failures, AGAIN_MS.length - 1)]);
    own.failures += 1;
    say("again");
    if (own.failures === 1) tell(error);
  } else tell(error);
  return false;
}

/** Save what is being typed. Resolves to whether nothing is left to be saved. */
const flush = () => (editor ? save(editor) : Promise.resolve(true));

// Undo -----------------------------------------------------------------------------------------------------------------

async function turn(act) {
  await flush();
  if (!(act === undo ? known().undo : known().redo)) return;
  try {
    const answer = await act();
    showTurned(answer);
  } catch (error) {
    tell(error);
  }
}

function showTurned({ segments, removed }) {
  const own = editor && segments.find((segment) => String(segment.id) === editor.row.dataset.segment);
  if (own) {
    const at = selectionIn(editor.place)?.[0] ?? 0;
    editor.place.textContent = editor.saved = own.text;
    settled(editor);
    select(editor.place, Math.min(at, own.text.length));
  }
  if (own || removed.length || !segments.length) return;
  const row = rowOf(segments[0].id);
  if (!row) fetchedAt(segments[0].start).then(() => flash(rowOf(segments[0].id)));
  else flash(row);
}

function flash(row) {
  if (!row) return;
  comfort(row);
  row.classList.add("is-fresh");
  setTimeout(() => row.classList.remove("is-fresh"), 1600);
}

// Cutting and joining --------------------------------------------------------------------------------------------------

/** Do something with the sentence being corrected once it is saved; what is typed meanwhile comes after it. */
async function held(act) {
  const own = editor;
  if (!own || own.isHeld) return;
  own.isHeld = true;
  try {
    if (await save(own)) await act(own);
  } catch (error) {
    tell(error);
  }
  own.isHeld = false;
  if (own.typed && editor) document.execCommand("insertText", false, own.typed);
  own.typed = "";
}

async function cut(own) {
  const text = own.place.textContent;
  const at = codePoints(text, selectionIn(own.place)?.[0] ?? 0);
  if (at >= [...tidy(text)].length) return go(1);
  if (!at) return;
  const { id, answer } = await asked(own.row, "split", { offset: at });
  const behind = answer.segments.find((segment) => segment.id !== id);
  begin(rowOf(behind.id), [0, 0]);
}

async function asked(row, kind, values) {
  const id = Number(row.dataset.segment);
  return { id, answer: await change(() => [segmentOp(rowOf(id) ?? row, kind, typeof values === "function" ? values() : values)]) };
}

/** Join a row with the one behind it. Resolves to the joined row and where the second one's words begin in it. */
async function join(row, behind) {
  const added = tidy(textOf(behind).textContent).length;
  const { id, answer } = await asked(row, "join", () => {
    const now = rowOf(behind.dataset.segment) ?? behind;
    return { following: Number(now.dataset.segment), following_revision: Number(now.dataset.revision ?? 0) };
  });
  const { text } = answer.segments.find((segment) => segment.id === id);
  return [rowOf(id), text.length - added];
}

async function joinWithPrevious(own) {
  const before = await neighbor(segmentOf(own.row), -1);
  if (!before) return;
  const [row, seam] = await join(before.element, own.row);
  begin(row, [seam, seam]);
}

async function joinWithNext(own) {
  const behind = await neighbor(segmentOf(own.row), 1);
  if (!behind) return;
  const [row, seam] = await join(own.row, behind.element);
  begin(row, [seam, seam]);
}

async function joinRow(row) {
  leave();
  const behind = await neighbor(segmentOf(row), 1);
  if (!behind) return tell(new Error(words.last));
  const [joined] = await join(row, behind.element);
  flash(joined);
}

async function remove(row) {
  if (editor?.row === row) leave();
  const next = (await neighbor(segmentOf(row), 1)) ?? (await neighbor(segmentOf(row), -1));
  const { segment } = next?.element.dataset ?? {};
  await asked(row, "delete", {});
  rowOf(segment)?.querySelector("[data-seek-link]").focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: words.deleted, action: { label: words.undoLabel, run: () => turn(undo) } } }));
}

/** Correct the sentence before or behind. */
async function go(by) {
  const next = await neighbor(segmentOf(editor.row), by);
  if (next) begin(next.element, by > 0 ? [0, 0] : undefined);
}

// Keys and clicks ------------------------------------------------------------------------------------------------------

/** For keys that act only at the start or the end of the text; elsewhere the browser has them. */
function atEdge(edge, act) {
  const [from, to] = editor ? (selectionIn(editor.place) ?? [-1, -2]) : [-1, -2];
  const wanted = edge === "start" ? 0 : editor?.place.textContent.length;
  if (from !== to || from !== wanted) return false;
  act();
  return true;
}

function beforeInput(event) {
  if (!editor) return;
  const isBreak = ["insertParagraph", "insertLineBreak"].includes(event.inputType);
  if (isBreak || editor.isHeld) event.preventDefault();
  if (editor.isHeld && event.inputType === "insertText") editor.typed += event.data ?? "";
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

/** A sentence that is being corrected may have come anew with its stretch: go on in the new row. */
function reattach() {
  if (!editor || editor.row.isConnected) return;
  const own = editor;
  const row = rowOf(own.row.dataset.segment);
  editor = null;
  clearTimeout(own.timer);
  if (!row) return;
  const [typed, saved] = [own.place.textContent, textOf(row).textContent];
  const hasMore = tidy(typed) !== tidy(own.saved);
  begin(row, [0, 0]);
  editor.saved = saved;
  if (!hasMore) return select(editor.place, saved.length);
  editor.place.textContent = typed;
  select(editor.place, typed.length);
  onInput();
}

function onRowAction({ detail: { name, element } }) {
  const act = { edit: () => begin(element), join: () => joinRow(element), delete: () => remove(element) }[name];
  Promise.resolve(act?.()).catch(tell);
}

// Corrections of before ------------------------------------------------------------------------------------------------

function offerDrafts() {
  const left = Object.entries(drafts());
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

async function saveDraft(id, { text, revision, start }) {
  await fetchedAt(start);
  try {
    await change(() => [{ kind: "text", segment: Number(id), revision, text }]);
    dropDraft(id);
    flash(rowOf(id));
  } catch (error) {
    const row = rowOf(id) ?? (await fetchedAt(start))?.element;
    if (error instanceof Conflict && row) showConflict(row, tidy(text), error);
    else tell(error);
  }
}

// Wiring ---------------------------------------------------------------------------------------------------------------

if (canEdit) {
  onKeys({
    edit: () => (currentRow() ? begin(currentRow()) : false),
    leave: leaveToRow,
    save: () => void flush(),
    undo: () => void turn(undo),
    redo: () => void turn(redo),
    split: () => void held(cut),
    "join-previous": () => atEdge("start", () => held(joinWithPrevious)),
    "join-next": () => atEdge("end", () => held(joinWithNext)),
    "edit-previous": () => atEdge("start", () => go(-1)),
    "edit-next": () => atEdge("end", () => go(1)),
  });
  root.addEventListener("input", onInput);
  root.addEventListener("beforeinput", beforeInput);
  root.addEventListener("dblclick", onDoubleClick);
  // A row that is fetched again loses the focus too, so look a moment later where it went.
  root.addEventListener("focusout", ({ target }) => setTimeout(() => {
    if (editor && target === editor.place && !editor.isHeld && document.hasFocus() && document.activeElement !== editor.place && editor.row.isConnected) leave();
  }));
  document.addEventListener("stretchloaded", reattach);
  document.addEventListener("rowaction", onRowAction);
  document.addEventListener("editword", ({ detail: { element, word } }) => begin(element, word === undefined ? undefined : spanOf(element, word)));
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && flush());
  window.addEventListener("beforeunload", (event) => {
    if (!editor || !isUnsaved(editor)) return;
    flush();
    event.preventDefault();
  });
  document.querySelector("[data-undo-button]").addEventListener("click", () => turn(undo));
  document.querySelector("[data-redo-button]").addEventListener("click", () => turn(redo));
  offerDrafts();
}
