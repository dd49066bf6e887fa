/* Two people changed the same sentence: both texts side by side, and nothing happens until one of them chooses. */
import { tidy } from "./lib/caret.js";
import { change, Conflict, tell } from "./lib/changes.js";
import { dropDraft, keepDraft } from "./lib/drafts.js";
import { fill } from "./lib/format.js";
import { rowOf } from "./lib/rows.js";
import { lookAt, refresh } from "./lib/stretches.js";
import { novelties, together } from "./lib/worddiff.js";

const open = new Map(); // id of the segment -> {section, before: the row it stands behind}

/** Show what stands, what was written, and both together. */
export async function showConflict(row, yours, error) {
  const [found] = error.conflicts;
  if (!found?.segment) return tell(error);
  keepDraft(row, yours);
  const place = row.closest("[data-stretch]");
  if (found.theirs && place) await refresh([Number(place.dataset.stretch)]);
  const section = document.getElementById("conflict-template").content.firstElementChild.cloneNode(true);
  fillIn(section, found, yours);
  open.get(found.segment)?.remove();
  open.set(found.segment, section);
  section.addEventListener("click", (event) => {
    const use = event.target.closest("[data-conflict-use]")?.dataset.conflictUse;
    if (use) choose(section, found, yours, use).catch((problem) => settle(found, section, yours, problem));
  });
  const now = rowOf(found.segment) ?? row;
  put(section, now);
  section.focus({ preventScroll: true });
  lookAt(now, 0.3);
}

/** Beside the row it is about; a deleted one has none, so where it was. */
function put(section, row) {
  if (row.isConnected) row.after(section);
}

function fillIn(section, { base, theirs, who }, yours) {
  const title = section.querySelector("[data-conflict-title]");
  title.textContent = fill(theirs ? title.dataset.by : title.dataset.gone, { who: who || title.dataset.somebody });
  mark(section.querySelector("[data-conflict-yours]"), base?.text ?? "", yours);
  for (const part of ["theirs-part", "merged-part"]) section.querySelector(`[data-conflict-${part}]`).hidden = !theirs;
  section.querySelector('[data-conflict-use="merged"]').hidden = !theirs;
  if (!theirs) return;
  mark(section.querySelector("[data-conflict-theirs]"), base?.text ?? "", theirs.text);
  const merged = section.querySelector("[data-conflict-merged]");
  merged.value = together(base?.text ?? theirs.text, theirs.text, yours);
  merged.id = `merged-${Math.random().toString(36).slice(2)}`;
  section.querySelector("[data-conflict-merged-part] label").htmlFor = merged.id;
}

/** A text with what is new in it marked. */
function mark(place, before, after) {
  const pieces = novelties(before, after).map(({ isNew, text }) => (isNew ? Object.assign(document.createElement("ins"), { textContent: text }) : text));
  place.replaceChildren(...pieces);
}

async function choose(section, { segment, revision, base, theirs }, yours, use) {
  const text = use === "merged" ? tidy(section.querySelector("[data-conflict-merged]").value) : yours;
  if (use !== "theirs") await change(() => [theirs ? { kind: "text", segment, revision, text } : { kind: "insert", start: base.start, end: base.end, text, speaker: null }]);
  dropDraft(segment);
  open.delete(segment);
  section.remove();
  rowOf(segment)?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

/** What was chosen could not be done either. */
function settle(found, section, yours, problem) {
  const row = rowOf(found.segment);
  if (!(problem instanceof Conflict) || !row) return tell(problem);
  section.remove();
  return showConflict(row, yours, problem);
}

document.addEventListener("stretchloaded", () => {
  for (const [segment, section] of open) {
    const row = rowOf(segment);
    if (!section.isConnected && row) put(section, row);
  }
});
