/* A press on a speaker goes to that speaker's next turn. */
import { load, lookAt, stretches } from "./lib/stretches.js";

const LINE = 0.35; // the turn before the eyes begins above this share of the window

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

for (const voice of document.querySelectorAll("[data-voice]")) {
  voice.addEventListener("click", async () => {
    const turn = await nextTurn(voice.dataset.voice);
    if (!turn) return;
    turn.querySelector("[data-seek-link]").focus({ preventScroll: true });
    lookAt(turn, LINE);
  });
}
