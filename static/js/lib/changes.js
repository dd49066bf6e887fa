/* Asking the server to change the transcript, and showing on the page what came of it. The only module that does.

   Requests go one after the other, so that each knows the revisions the one before it led to. Tells the document of
   "transcriptchanged" (detail: the server's answer) and of "savestate" (detail: "saving", "saved" or "failed"). */
import { clock } from "./format.js";
import { csrfToken } from "./http.js";
import { rowOf } from "./rows.js";
import { refresh, root, stretchOf, textOf } from "./stretches.js";

const SHOWN_SECONDS = 0.006; // rows tell times to the hundredth
const PATIENCE_MS = 30_000;
const KEEPALIVE_BYTES = 60_000; // browsers send at most 64 KiB after the page has gone
const TRANSPORT_TRIES = 3;
const TRY_AGAIN_MS = [400, 1500];

const part = document.querySelector("[data-editing]");
const words = part?.dataset ?? {};

/** Whether there is anything that can be changed. */
export const canEdit = Boolean(root && part);

let state = { revision: Number(root?.dataset.revision ?? 0), speakers: [], undo: null, redo: null };
let line = Promise.resolve();

/** The server cannot do what was asked for; the message says why. `isLost`: no answer came. `isPassing`: later it may. */
export class Refused extends Error {
  constructor(message, { isLost = false, isPassing = isLost } = {}) {
    super(message);
    Object.assign(this, { isLost, isPassing });
  }
}

/** Somebody else changed the same. `conflicts`: [{segment, revision, base, theirs, yours, who, at}, …]. */
export class Conflict extends Error {
  constructor({ error, conflicts = [], undo, redo }) {
    super(error);
    Object.assign(this, { conflicts, undo, redo });
  }
}

/** {revision, speakers, undo, redo} as of the last answer. */
export const known = () => state;

// Asking ---------------------------------------------------------------------------------------------------------------

/** Do what `make()` returns, a list of operations, when it is its turn. Resolves to the answer, null for none. */
export function change(make) {
  return inLine(async () => {
    const operations = make();
    return operations.length ? ask(words.changes, { operations }) : null;
  });
}

export const undo = () => inLine(() => ask(words.undo, {}));
export const redo = () => inLine(() => ask(words.redo, {}));
export const restore = (what) => inLine(() => ask(words.restore, { revision: state.revision, ...what }));

/** An operation on a row of the page. */
export function segmentOp(element, kind, values = {}) {
  return { kind, segment: Number(element.dataset.segment), revision: Number(element.dataset.revision ?? 0), ...values };
}

/** Say what went wrong where there is no better place. */
export function tell(error) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: error.message, level: "error" } }));
}

function inLine(act) {
  const turn = line.then(act);
  line = turn.catch(() => {});
  return turn;
}

async function ask(address, body) {
  say("saving");
  try {
    const answer = await reach(address, { ...body, request: newName() });
    await show(answer);
    say("saved");
    document.dispatchEvent(new CustomEvent("transcriptchanged", { detail: answer }));
    return answer;
  } catch (error) {
    say("failed");
    if (error instanceof Conflict) await meet(error);
    throw error;
  }
}

/** Somebody else was first: show what stands now, and what can be undone instead. */
async function meet({ conflicts, undo: undoable, redo: redoable }) {
  if (undoable !== undefined) Object.assign(state, { undo: undoable, redo: redoable });
  document.dispatchEvent(new CustomEvent("statelearned"));
  await refresh(conflicts.flatMap(({ segment }) => placeLeft(segment)));
}

const say = (detail) => document.dispatchEvent(new CustomEvent("savestate", { detail }));

/** What the server knows a request by, so that one that comes twice is done once. */
const newName = () => `${Date.now().toString(36)}-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;

async function reach(address, body) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await post(address, body);
    } catch (error) {
      if (!error.isLost || attempt === TRANSPORT_TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS[attempt - 1]));
    }
  }
}

async function post(address, body) {
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  let answer;
  try {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": csrfToken() };
    answer = await fetch(address, { method: "POST", body: bytes, headers, keepalive: bytes.length < KEEPALIVE_BYTES, signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch {
    throw new Refused(words.lost, { isLost: true });
  }
  if (answer.redirected || answer.status === 403) throw new Refused(words.signedOut, { isPassing: true });
  if (answer.status === 404) throw new Refused(words.gone);
  const told = await answer.json().catch(() => null);
  if (answer.status === 409 && told) throw new Conflict(told);
  if (!answer.ok || !told) throw new Refused(told?.error ?? words.lost, { isLost: answer.status >= 500 || !told });
  return told;
}

// Showing --------------------------------------------------------------------------------------------------------------

async function show(answer) {
  const { revision, speakers, undo: undoable, redo: redoable } = answer;
  const hasNewNames = JSON.stringify(speakers) !== JSON.stringify(state.speakers) && state.speakers.length;
  state = { revision, speakers, undo: undoable, redo: redoable };
  root.dataset.revision = revision;
  if (answer.reload || hasNewNames) await refresh();
  else await refresh([...answer.segments.flatMap(placesToShow), ...answer.removed.flatMap(placeLeft)]);
}

/** The numbers of the stretches that must be fetched for a segment; none when its row could be set right. */
function placesToShow(segment) {
  const row = rowOf(segment.id);
  if (row && isInPlace(row, segment)) {
    setRow(row, segment);
    return [];
  }
  return [stretchOf(segment.start), ...placeLeft(segment.id)];
}

function placeLeft(id) {
  const place = rowOf(id)?.closest("[data-stretch]");
  return place ? [Number(place.dataset.stretch)] : [];
}

function isInPlace(row, segment) {
  const isSameTime = Math.abs(Number(row.dataset.start) - segment.start) < SHOWN_SECONDS;
  return isSameTime && row.dataset.speaker === String(segment.speaker ?? "") && segment.marks.length === row.querySelectorAll(".mark-tag").length;
}

function setRow(row, segment) {
  const place = textOf(row);
  row.dataset.revision = segment.revision;
  row.dataset.end = segment.end;
  const isOurs = place.isContentEditable || row.dataset.unsaved !== undefined; // what is typed there is not the server's
  if (!isOurs && place.textContent !== segment.text) place.textContent = segment.text;
  row.dataset.times = JSON.stringify(segment.times);
  document.dispatchEvent(new CustomEvent("rowchanged", { detail: row }));
}

/** What a place in the recording is called, for sentences about it. */
export const placeOf = (row) => clock(Number(row.dataset.start));

// Wiring ---------------------------------------------------------------------------------------------------------------

async function learn() {
  try {
    const answer = await fetch(words.state);
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    state = await answer.json();
    document.dispatchEvent(new CustomEvent("statelearned"));
  } catch (error) {
    console.warn("what can be undone was not told:", error.message);
  }
}

if (canEdit) learn();
