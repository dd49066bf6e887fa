/* Two people changed the same sentence: both texts side by side, and nothing happens until one of them chooses. */
import { tidy } from "./lib/caret.js";
import { change, Conflict, tell } from "./lib/changes.js";
import { dropDraft, keepDraft } from "./lib/drafts.js";
import { fill } from "./lib/format.js";
import { rowOf } from "./lib/rows.js";
import { fetchedAt, lookAt, root } from "./lib/stretches.js";
import { novelties, together } from "./lib/worddiff.js";

const open = new Map(); // id of the segment -> {section, start}
let count = 0;

/** Show what stands, what was written ({id, start, text}), and both together. */
export async function showConflict({ id, start, text }, error) {
  const [found] = error.conflicts;
  const yours = tidy(text);
  keepDraft({ id, text: yours, base: found.base?.text ?? "", revision: found.revision ?? 0, start });
  const section = document.getElementById("conflict-template").content.firstElementChild.cloneNode(true);
  const conflict = { ...found, draft: id, start, yours, section };
  fillIn(conflict);
  open.get(id)?.section.remove();
  open.set(id, conflict);
  section.addEventListener("click", (event) => {
    const use = event.target.closest("[data-conflict-use]")?.dataset.conflictUse;
    if (use) choose(conflict, use);
  });
  await fetchedAt(start);
  put(conflict);
  if (document.activeElement?.matches("input, textarea, [contenteditable]:not([contenteditable=false])")) say(section);
  else {
    section.focus({ preventScroll: true });
    lookAt(section, 0.3);
  }
}

/** Whoever is writing something else by now is told, and writes on: the focus stays where it is. */
function say(section) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: section.querySelector("[data-conflict-title]").textContent } }));
}

/** Behind the row it is about; that of a deleted sentence behind what is said before it. */
function put({ section, segment, start }) {
  const rows = [...root.querySelectorAll("[data-segment]")];
  const row = rowOf(segment) ?? rows.findLast((one) => Number(one.dataset.start) <= start) ?? rows[0];
  if (row) row.after(section);
  else root.prepend(section);
}

function fillIn({ base, theirs, who, yours, section }) {
  const title = section.querySelector("[data-conflict-title]");
  title.textContent = fill(theirs ? title.dataset.by : title.dataset.gone, { who: who || title.dataset.somebody });
  mark(section.querySelector("[data-conflict-yours]"), base?.text ?? "", yours);
  for (const part of ["theirs-part", "merged-part"]) section.querySelector(`[data-conflict-${part}]`).hidden = !theirs;
  section.querySelector('[data-conflict-use="merged"]').hidden = !theirs;
  if (!theirs) return;
  mark(section.querySelector("[data-conflict-theirs]"), base?.text ?? "", theirs.text);
  const merged = section.querySelector("[data-conflict-merged]");
  merged.value = together(base?.text ?? theirs.text, theirs.text, yours);
  merged.id = `merged-${(count += 1)}`;
  section.querySelector("[data-conflict-merged-part] label").htmlFor = merged.id;
}

/** A text with what is new in it marked. */
function mark(place, before, after) {
  const pieces = novelties(before, after).map(({ isNew, text }) => (isNew ? Object.assign(document.createElement("ins"), { textContent: text }) : text));
  place.replaceChildren(...pieces);
}

async function choose(conflict, use) {
  const { section, draft, segment } = conflict;
  const text = use === "merged" ? tidy(section.querySelector("[data-conflict-merged]").value) : conflict.yours;
  try {
    if (use !== "theirs") await change(() => [wanted(conflict, text)]);
  } catch (error) {
    if (!(error instanceof Conflict) || !error.conflicts.length) return tell(error);
    section.remove();
    return showConflict({ id: draft, start: conflict.start, text }, error);
  }
  dropDraft(draft);
  open.delete(draft);
  section.remove();
  rowOf(segment)?.querySelector("[data-seek-link]").focus({ preventScroll: true });
}

/** The sentence as it was chosen; one that was deleted is put back where it was. */
function wanted({ segment, revision, theirs, base, start }, text) {
  if (theirs) return { kind: "text", segment, revision, text };
  return { kind: "insert", start: base?.start ?? start, end: base?.end ?? start + 2, text, speaker: base?.speaker ?? null };
}

document.addEventListener("stretchloaded", () => {
  for (const conflict of open.values()) if (!conflict.section.isConnected) put(conflict);
});
