/* The list of speakers: a press on one goes to that speaker's next turn. It is fetched again when the words change. */
import { load, lookAt, stretches } from "./lib/stretches.js";
import "./samples.js";

const LINE = 0.35; // the turn before the eyes begins above this share of the window
const PAUSE_MS = 300; // several changes soon after each other are shown at once

const part = document.querySelector("[data-who]");
const list = () => part?.querySelector("[data-voice-list]");
let timer = 0;
let asked = 0;

/** Turns after the line, in order, then those from the start on; stretches without the speaker are not fetched. */
async function nextTurn(voice) {
  const line = innerHeight * LINE + 8;
  const from = stretches.findIndex(({ element }) => element.getBoundingClientRect().bottom > line);
  for (const [index, stretch] of [...stretches.slice(Math.max(0, from)), ...stretches].entries()) {
    if (!stretch.voices.includes(voice) || !(await load(stretch))) continue;
    const turns = [...stretch.element.querySelectorAll(`[data-turn="${voice}"]`)];
    const next = index === 0 ? turns.find((turn) => turn.getBoundingClientRect().top > line) : turns[0];
    if (next) return next;
  }
  return null;
}

async function goToNext(voice) {
  const turn = await nextTurn(voice);
  if (!turn) return;
  turn.querySelector("[data-seek-link]").focus({ preventScroll: true });
  lookAt(turn, LINE);
}

async function bringAgain() {
  const turn = (asked += 1);
  try {
    const answer = await fetch(part.dataset.url);
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-voice-list]");
    if (turn === asked) put(fresh);
  } catch (error) {
    console.warn("the list of speakers is old:", error.message);
  }
}

/** The same button of the same speaker keeps the focus. */
function put(fresh) {
  const focused = list().contains(document.activeElement) ? document.activeElement : null;
  const row = focused?.closest("[data-merge]");
  const index = row && [...row.querySelectorAll("button")].indexOf(focused);
  list().replaceWith(fresh);
  if (row) (fresh.querySelector(`[data-merge="${row.dataset.merge}"]`)?.querySelectorAll("button")[index] ?? fresh.querySelector("button"))?.focus();
  const count = document.querySelector("[data-speaker-count]");
  if (count) count.textContent = fresh.dataset.count;
  document.dispatchEvent(new CustomEvent("voicesshown"));
}

if (part) {
  part.addEventListener("click", (event) => {
    const voice = event.target.closest("[data-voice]");
    if (voice) goToNext(voice.dataset.voice);
  });
  document.addEventListener("transcriptchanged", () => {
    clearTimeout(timer);
    timer = setTimeout(bringAgain, PAUSE_MS);
  });
}
