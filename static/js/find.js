/* Find in this transcript. Enter goes to the next hit, Shift+Enter to the one before. "/" comes here from any tab. */
import { oncePerFrame } from "./lib/frames.js";
import { isComposing, onKeys } from "./lib/keys.js";
import { asked, box, find, markAgain, searched, step } from "./lib/search.js";
import { recall, remember } from "./lib/storage.js";

const PAUSE_MS = 150;

const input = box?.querySelector("[data-find-input]");
let waiting = 0;

function isAsked() {
  const now = asked();
  return ["phrase", "matchCase", "wholeWord"].every((name) => searched()[name] === now[name]);
}

function findNow() {
  clearTimeout(waiting);
  return find();
}

/** Go to the field. It stands beside the words. */
function come() {
  if (!box.checkVisibility()) document.dispatchEvent(new CustomEvent("opentab", { detail: "transcript" }));
  input.focus();
  input.select();
}

function onKey(event) {
  if (isComposing(event)) return; // this key ends the composition
  if (event.key === "Enter") {
    event.preventDefault();
    if (isAsked()) step(event.shiftKey ? -1 : 1);
    else findNow();
  }
  if (event.key !== "Escape") return;
  input.value = "";
  findNow();
  input.blur();
}

function setOption(button, isOn) {
  button.setAttribute("aria-pressed", String(isOn));
}

function onClick(event) {
  const button = event.target.closest("button");
  if (button?.dataset.findStep) step(Number(button.dataset.findStep));
  if (!button?.dataset.findOption) return;
  setOption(button, button.getAttribute("aria-pressed") !== "true");
  const { matchCase, wholeWord } = asked();
  remember("find", { matchCase, wholeWord });
  findNow();
}

if (box) {
  box.hidden = false;
  const kept = recall("find");
  for (const button of box.querySelectorAll("[data-find-option]")) setOption(button, Boolean(kept?.[button.dataset.findOption]));
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE_MS);
  });
  input.addEventListener("keydown", onKey);
  onKeys({ find: come });
  box.addEventListener("click", onClick);
  const markSoon = oncePerFrame(markAgain);
  for (const type of ["stretchloaded", "nearstretches", "rowchanged"]) document.addEventListener(type, markSoon);
}
