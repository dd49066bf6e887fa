/* Corrections of sentences that the server does not have yet, and sending them.

   Each knows the text it was made of and the revision of that, and both move on only by answers to itself: whatever
   somebody else makes of the sentence meanwhile is met as a conflict, never overwritten. A row whose correction is not
   saved has `data-unsaved`: "" while it is about to be sent, "again" while the server is not reached, "failed" when it
   was refused. Tells the document of "correctionrefused" (detail: {correction, error}) when somebody else was first. */
import { tidy } from "./caret.js";
import { change, Conflict, tell } from "./changes.js";
import { dropDraft, keepDraft } from "./drafts.js";
import { rowOf } from "./rows.js";
import { textOf } from "./stretches.js";

const PAUSE_MS = 700; // after the last key
const LATEST_MS = 1700; // after the first unsaved key
const DRAFT_MS = 250;
const AGAIN_MS = [1000, 3000, 10_000, 30_000];
const SHOWN_STATE = { "": "unsaved", again: "again", failed: "failed" };

/** By the id of the segment: {id, start, base, revision, text, state, isTyping, …}. */
const corrections = new Map();

export const isUnsaved = ({ text, base }) => tidy(text) !== tidy(base);

/** All that the server does not have. */
export const unsaved = () => [...corrections.values()].filter(isUnsaved);

/** The correction of a row that was begun before and is not saved; else a new one of the text that stands there. */
export function correctionOf(row) {
  const id = row.dataset.segment;
  const known = corrections.get(id);
  if (known && isUnsaved(known)) return known;
  const text = textOf(row).textContent;
  return { id, start: Number(row.dataset.start), base: text, revision: Number(row.dataset.revision ?? 0), text, state: "", isTyping: false, timer: 0, draftTimer: 0, since: 0, failures: 0, sending: null };
}

/** Somebody typed: what the sentence shall be. It is sent soon. */
export function write(correction, text) {
  const now = performance.now();
  correction.text = text;
  correction.since ||= now;
  corrections.set(correction.id, correction);
  mark(correction, "");
  clearTimeout(correction.timer);
  correction.timer = setTimeout(() => save(correction), Math.max(0, Math.min(PAUSE_MS, LATEST_MS - (now - correction.since))));
  correction.draftTimer ||= setTimeout(() => {
    correction.draftTimer = 0;
    if (isUnsaved(correction)) keepDraft(correction);
  }, DRAFT_MS);
}

/** What an answer of the server says a sentence is now; nothing of it is left to be saved. */
export function rebase(correction, segment) {
  Object.assign(correction, { base: segment.text, text: segment.text, revision: segment.revision });
  settle(correction);
}

/** Send what is not saved. Resolves to whether the server took it. */
export function save(correction) {
  clearTimeout(correction.timer);
  if (!isUnsaved(correction)) {
    settle(correction);
    return Promise.resolve(true);
  }
  if (!tidy(correction.text)) return Promise.resolve(false); // somebody is about to write it anew
  corrections.set(correction.id, correction);
  keepDraft(correction);
  correction.sending ??= send(correction).finally(() => {
    correction.sending = null;
  });
  return correction.sending;
}

/** Send until nothing is left. Resolves to whether that is so. */
export async function saveAll(correction) {
  while (isUnsaved(correction)) if (!(await save(correction))) return false;
  settle(correction);
  return true;
}

async function send(correction) {
  correction.since = 0;
  let sent = correction.text;
  try {
    const answer = await change(() => {
      sent = correction.text;
      return isUnsaved(correction) ? [{ kind: "text", segment: Number(correction.id), revision: correction.revision, text: sent }] : [];
    });
    const now = answer?.segments.find((segment) => String(segment.id) === correction.id);
    Object.assign(correction, { base: sent, failures: 0, revision: now?.revision ?? correction.revision });
  } catch (error) {
    failed(correction, error);
    return false;
  }
  if (!isUnsaved(correction)) settle(correction);
  else if (!correction.isTyping) setTimeout(() => save(correction));
  else mark(correction, "");
  return true;
}

function settle(correction) {
  clearTimeout(correction.timer);
  clearTimeout(correction.draftTimer);
  Object.assign(correction, { since: 0, failures: 0, draftTimer: 0 });
  corrections.delete(correction.id);
  dropDraft(correction.id);
  unmark(correction);
}

/** Give a correction up: its row shows what the server has. What becomes of its text is for others to say. */
export function forget(correction) {
  const row = rowOf(correction.id);
  if (row && !textOf(row).isContentEditable) textOf(row).textContent = tidy(correction.standing ?? correction.base);
  clearTimeout(correction.timer);
  clearTimeout(correction.draftTimer);
  corrections.delete(correction.id);
  unmark(correction);
}

function failed(correction, error) {
  if (error instanceof Conflict && error.conflicts.length) {
    document.dispatchEvent(new CustomEvent("correctionrefused", { detail: { correction, error } }));
    forget(correction);
    document.dispatchEvent(new CustomEvent("savestate", { detail: "failed" }));
  } else if (error.isPassing) {
    correction.timer = setTimeout(() => save(correction), AGAIN_MS[Math.min(correction.failures, AGAIN_MS.length - 1)]);
    correction.failures += 1;
    mark(correction, "again");
    if (correction.failures === 1) tell(error);
  } else {
    mark(correction, "failed");
    tell(error);
  }
}

function mark(correction, state) {
  correction.state = state;
  const row = rowOf(correction.id);
  if (row) row.dataset.unsaved = state;
  document.dispatchEvent(new CustomEvent("savestate", { detail: SHOWN_STATE[state] }));
}

function unmark({ id }) {
  const row = rowOf(id);
  if (row?.dataset.unsaved === undefined) return;
  delete row.dataset.unsaved;
  document.dispatchEvent(new CustomEvent("savestate", { detail: "saved" }));
}

// What else was changed by this page: the revision moves on, for the text it was made of still stands.
document.addEventListener("transcriptchanged", ({ detail: { segments } }) => {
  for (const segment of segments) {
    const correction = corrections.get(String(segment.id));
    if (correction && tidy(correction.base) === segment.text) correction.revision = Math.max(correction.revision, segment.revision);
  }
});

// A row that was fetched again shows what is not saved, not what the server has.
document.addEventListener("stretchloaded", () => {
  for (const correction of unsaved()) {
    const row = rowOf(correction.id);
    if (!row) continue;
    if (!textOf(row).isContentEditable) {
      correction.standing = textOf(row).textContent;
      textOf(row).textContent = correction.text;
    }
    row.dataset.unsaved = correction.state;
  }
});

window.addEventListener("online", () => unsaved().forEach(save));
