/* Words the engine was not sure of, tinted where they are in sight. Off until asked for. */
import { recall, remember } from "./lib/storage.js";
import { rangeOf, segmentsOf, spanOf, stretches, wordsOf } from "./lib/stretches.js";

const box = document.querySelector("[data-doubt]");

function tint() {
  const limit = Number(box.querySelector("[data-doubt-limit]").value);
  const near = box.querySelector("[data-doubt-on]").checked ? stretches.filter((stretch) => stretch.isNear && stretch.isLoaded) : [];
  const ranges = near.flatMap(segmentsOf).flatMap(({ element }) =>
    wordsOf(element).flatMap((word, index) => (word[3] < limit ? [rangeOf(element, ...spanOf(element, index))] : [])));
  CSS.highlights.set("doubt", new Highlight(...ranges.filter(Boolean)));
}

function changed() {
  const isOn = box.querySelector("[data-doubt-on]").checked;
  const select = box.querySelector("[data-doubt-limit]");
  select.disabled = !isOn;
  remember("doubt", { isOn, limit: select.value });
  tint();
}

if (box && window.Highlight && CSS.highlights) {
  box.hidden = false;
  const kept = recall("doubt");
  box.querySelector("[data-doubt-on]").checked = Boolean(kept?.isOn);
  if (kept?.limit) box.querySelector("[data-doubt-limit]").value = kept.limit;
  box.addEventListener("change", changed);
  changed();
  for (const type of ["stretchloaded", "nearstretches"]) document.addEventListener(type, tint);
}
