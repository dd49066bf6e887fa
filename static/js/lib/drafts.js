/* Corrections that are not saved yet, kept in this browser until they are: a crash or a lost connection takes nothing. */
import { recall, remember } from "./storage.js";

const name = `drafts.${document.querySelector("[data-editing]")?.dataset.changes ?? ""}`;

/** {id of a segment: {text, revision, start}} */
export const drafts = () => recall(name) ?? {};

export function keepDraft(row, text) {
  const { segment, revision, start } = row.dataset;
  remember(name, { ...drafts(), [segment]: { text, revision: Number(revision ?? 0), start: Number(start) } });
}

export function dropDraft(id) {
  const left = drafts();
  if (!(id in left)) return;
  delete left[id];
  remember(name, left);
}
