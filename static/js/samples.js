/* Ten seconds of a voice, apart from the player. One is heard at a time. */
import { sentence } from "./lib/http.js";

const words = document.querySelector("[data-who]")?.dataset;
const audio = new Audio();
let heard = null; // the address of the sample that is on

function show() {
  for (const button of document.querySelectorAll("[data-sample]")) {
    const isOn = button.dataset.sample === heard;
    button.setAttribute("aria-pressed", String(isOn));
    button.querySelector("[data-icon-play]").hidden = isOn;
    button.querySelector("[data-icon-stop]").hidden = !isOn;
  }
}

function stop() {
  heard = null;
  audio.pause();
  show();
}

async function start(address) {
  stop();
  heard = address;
  show();
  try {
    const piece = await fetched(address);
    if (heard !== address) return;
    document.querySelector("[data-media]")?.pause();
    URL.revokeObjectURL(audio.src);
    audio.src = URL.createObjectURL(piece);
    await audio.play();
  } catch (error) {
    if (error.name === "AbortError" || heard !== address) return; // another one was begun
    stop();
    const text = error.name === "NotSupportedError" ? words.silent : error.message;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text, level: "error" } }));
  }
}

async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok || answer.redirected) throw new Error(sentence((await answer?.text()) ?? "") ?? words.problem);
  return answer.blob();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-sample]");
  if (!button) return;
  if (button.dataset.sample === heard) stop();
  else start(button.dataset.sample);
});
audio.addEventListener("ended", stop);
document.querySelector("[data-media]")?.addEventListener("play", stop);
for (const type of ["voicesshown", "panelshown"]) document.addEventListener(type, show);
