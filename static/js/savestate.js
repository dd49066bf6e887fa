/* Whether all is saved, and what can be undone. */
import { canEdit, known } from "./lib/changes.js";
import { fill } from "./lib/format.js";

const part = document.querySelector("[data-editing]");
const state = part?.querySelector("[data-save-state]");
const buttons = { undo: part?.querySelector("[data-undo-button]"), redo: part?.querySelector("[data-redo-button]") };

function showButtons() {
  for (const [name, button] of Object.entries(buttons)) {
    const change = known()[name];
    button.disabled = !change;
    button.title = change ? fill(button.dataset.title, { what: change.title }) : "";
  }
}

/** All is saved only when no sentence waits for it. */
function showState(asked) {
  const waiting = asked === "saved" ? document.querySelector("[data-segment][data-unsaved]")?.dataset.unsaved : undefined;
  const name = waiting === undefined ? asked : waiting || "unsaved";
  state.textContent = state.dataset[name];
  part.dataset.now = name;
}

if (canEdit) {
  part.hidden = false;
  document.addEventListener("savestate", ({ detail }) => showState(detail));
  for (const type of ["transcriptchanged", "statelearned"]) document.addEventListener(type, showButtons);
  showButtons();
}
