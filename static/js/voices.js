/* Who spoke how much, from the segments on the page; a press goes to that speaker's next turn. */
const panel = document.querySelector("[data-voices]");
const turns = [...document.querySelectorAll("[data-turn]")];

function seconds(turn) {
  return [...turn.querySelectorAll("[data-segment]")].reduce((sum, one) => sum + (one.dataset.end - one.dataset.start), 0);
}

function goToNext(index) {
  const own = turns.filter((turn) => turn.dataset.turn === index);
  const line = innerHeight * 0.35;
  const next = own.find((turn) => turn.getBoundingClientRect().top > line + 8) ?? own[0];
  if (!next) return;
  next.querySelector("[data-seek-link]").focus({ preventScroll: true });
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  scrollTo({ top: scrollY + next.getBoundingClientRect().top - line, behavior: isCalm ? "auto" : "smooth" });
}

if (panel) {
  const spoken = turns.map((turn) => ({ index: turn.dataset.turn, seconds: seconds(turn) }));
  const all = spoken.reduce((sum, turn) => sum + turn.seconds, 0) || 1;
  for (const voice of panel.querySelectorAll("[data-voice]")) {
    const own = spoken.filter((turn) => turn.index === voice.dataset.voice).reduce((sum, turn) => sum + turn.seconds, 0);
    voice.querySelector("progress").value = own / all;
    voice.querySelector("[data-share]").textContent = `${Math.round((100 * own) / all)} %`;
    voice.addEventListener("click", () => goToNext(voice.dataset.voice));
  }
}
