/* Corrections that are not saved yet, kept in this browser until they are: a crash or a lost connection takes nothing.

   They belong to the recording, so they are still found when another run has made another text of it. */
import { recall, remember } from "./storage.js";

const name = `drafts.${location.pathname}`;

/** Which text of the recording the page shows. */
export const shownText = document.querySelector("[data-editing]")?.dataset.changes ?? "";

/** {id of a segment: {of, text, base, revision, start}}; `of` is the text it belongs to, `base` what it was made of. */
export const drafts = () => recall(name) ?? {};

export function keepDraft({ id, text, base, revision, start }) {
  remember(name, { ...drafts(), [id]: { of: shownText, text, base, revision, start } });
}

export function dropDraft(id) {
  const left = drafts();
  if (!(id in left)) return;
  delete left[id];
  remember(name, left);
}
