/* Two speakers who are one: merged by dragging one onto the other, or by other modules. */
import { canEdit, change, known, tell, undo } from "./lib/changes.js";
import { fill } from "./lib/format.js";

const FAR_ENOUGH = 6; // pixels; a shorter way is a click

const words = document.querySelector("[data-who]")?.dataset;
const nameOf = (id) => known().speakers.find((speaker) => speaker.id === id)?.display_name ?? "";

/** All that one speaker said was said by another. Rejects as `change` does. */
export async function merge(speaker, into) {
  const names = { name: nameOf(speaker), into: nameOf(into) };
  const { changes } = await change(() => [{ kind: "merge", speaker, into }]);
  const action = { label: words.undo, run: () => takeBack(changes.at(-1)).catch(tell) };
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: fill(words.merged, names), action } }));
}

async function takeBack(number) {
  if (known().undo?.number !== number) throw new Error(words.since);
  await undo();
}

// Dragging -------------------------------------------------------------------------------------------------------------

let drag = null; // {source, from, ghost, target}

const speakerOf = (place) => Number(place.dataset.merge);

function press(event) {
  const source = event.target.closest("[data-merge]");
  const isOther = event.button || event.pointerType === "touch" || event.target.closest("[data-sample], [data-speaker-menu], [data-strip]");
  if (source && !isOther) drag = { source, from: [event.clientX, event.clientY], ghost: null, target: null };
}

function move(event) {
  if (!drag) return;
  const [x, y] = [event.clientX, event.clientY];
  if (!drag.ghost && Math.hypot(x - drag.from[0], y - drag.from[1]) < FAR_ENOUGH) return;
  if (!drag.ghost) begin();
  drag.ghost.style.translate = `${x}px ${y}px`;
  aim(document.elementFromPoint(x, y)?.closest("[data-merge]"));
}

function begin() {
  drag.ghost = document.createElement("div");
  drag.ghost.className = "merge-ghost";
  drag.ghost.append(drag.source.querySelector(".pill").cloneNode(true), document.createElement("span"));
  document.body.append(drag.ghost);
  document.body.classList.add("is-merging");
  drag.source.classList.add("is-dragged");
}

function aim(place) {
  const target = place && place.dataset.merge !== drag.source.dataset.merge ? place : null;
  if (target === drag.target) return;
  drag.target?.classList.remove("is-target");
  target?.classList.add("is-target");
  drag.target = target;
  const names = target && { name: nameOf(speakerOf(drag.source)), into: nameOf(speakerOf(target)) };
  drag.ghost.lastElementChild.textContent = names ? fill(words.mergeInto, names) : "";
}

function end() {
  drag?.ghost?.remove();
  drag?.source.classList.remove("is-dragged");
  drag?.target?.classList.remove("is-target");
  document.body.classList.remove("is-merging");
  drag = null;
}

function release() {
  if (!drag) return;
  const { source, target, ghost } = drag;
  end();
  if (!ghost) return;
  // The press that ends a drag is no click on what lies below.
  const swallow = (event) => event.stopPropagation();
  document.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => document.removeEventListener("click", swallow, { capture: true }));
  if (target) merge(speakerOf(source), speakerOf(target)).catch(tell);
}

if (canEdit) {
  document.addEventListener("pointerdown", press);
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", release);
  document.addEventListener("pointercancel", end);
  document.addEventListener("dragstart", (event) => drag && event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !drag?.ghost) return;
    event.preventDefault();
    event.stopPropagation();
    end();
  }, true);
}
