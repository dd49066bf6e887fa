/* Our own controls for the page's <audio> or <video>. Other modules work on the media element itself. */
import { askedTime } from "./lib/address.js";
import { clock } from "./lib/format.js";
import { onKeys } from "./lib/keys.js";
import { recall, remember } from "./lib/storage.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
const BAR_PX = 3; // a bar of the waveform and the gap beside it
const BACK_STEP = 1.5; // seconds
const KEEP_EVERY_MS = 5000;
const ENDS_SECONDS = 5; // a position this near to the start or the end is not worth coming back to

const player = document.querySelector("[data-player]");
const media = document.querySelector("[data-media]");
const part = (name) => player.querySelector(`[data-${name}]`);
const seek = part("seek");
const canvas = player.querySelector("canvas");
let peaks = [];

const duration = () => (Number.isFinite(media.duration) && media.duration) || Number(player.dataset.duration) || 0;

function jump(seconds) {
  media.currentTime = Math.min(Math.max(0, seconds), duration() || seconds);
  showTime();
}

function toggle() {
  if (media.paused) media.play().catch((error) => error.name !== "AbortError" && showProblem());
  else media.pause();
}

function showProblem() {
  part("player-problem").hidden = false;
}

function showState() {
  const button = player.querySelector('[data-act="toggle"]');
  button.setAttribute("aria-label", media.paused ? button.dataset.play : button.dataset.pause);
  part("icon-play").hidden = !media.paused;
  part("icon-pause").hidden = media.paused;
}

function showTime() {
  part("now").textContent = clock(media.currentTime);
  part("total").textContent = clock(duration());
  seek.max = duration();
  seek.value = media.currentTime;
  seek.setAttribute("aria-valuetext", `${clock(media.currentTime)} / ${clock(duration())}`);
  draw();
}

function setSpeed(speed) {
  media.playbackRate = speed;
  media.defaultPlaybackRate = speed;
  part("speed").value = String(speed);
  remember("speed", speed);
}

function changeSpeed(step) {
  const here = SPEEDS.indexOf(media.playbackRate);
  setSpeed(SPEEDS[Math.min(Math.max(0, here + step), SPEEDS.length - 1)]);
}

// The picture ----------------------------------------------------------------------------------------------------------

const captions = { button: part("captions-button"), track: media.textTracks[0] };

function showCaptions(isOn) {
  captions.track.mode = isOn ? "showing" : "disabled";
  captions.button.setAttribute("aria-pressed", String(isOn));
  remember("captions", isOn);
}

const turnCaptions = () => showCaptions(captions.track.mode !== "showing");

function turnFullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (media.requestFullscreen) media.requestFullscreen().catch((error) => console.warn("no full screen:", error.message));
  else media.webkitEnterFullscreen(); // a phone that has it for videos only
}

/** Nothing but the picture can be pressed there, so the browser's own controls come. */
function onFullscreen() {
  media.controls = document.fullscreenElement === media;
}

if (captions.button && captions.track) {
  showCaptions(Boolean(recall("captions")));
  captions.button.addEventListener("click", turnCaptions);
  part("fullscreen-button").addEventListener("click", turnFullscreen);
  document.addEventListener("fullscreenchange", onFullscreen);
  onKeys({ captions: turnCaptions, fullscreen: turnFullscreen });
}

// Waveform -------------------------------------------------------------------------------------------------------------

async function loadPeaks() {
  if (!player.dataset.peaksUrl) return;
  try {
    const answer = await fetch(player.dataset.peaksUrl);
    if (answer.ok) peaks = (await answer.json()).peaks;
  } catch {
    // Without peaks the bar is a plain line.
  }
  draw();
}

function draw() {
  const box = canvas.getBoundingClientRect();
  if (!box.width) return;
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const style = getComputedStyle(canvas);
  const paint = canvas.getContext("2d");
  const share = duration() ? media.currentTime / duration() : 0;
  paint.setTransform(ratio, 0, 0, ratio, 0, 0);
  paint.clearRect(0, 0, box.width, box.height);
  const colors = { rest: style.color, played: style.borderTopColor, head: style.outlineColor };
  if (peaks.length) drawBars(paint, box, share, colors);
  else drawLine(paint, box, share, colors);
  paint.fillStyle = colors.head;
  paint.fillRect(Math.min(box.width - 2, Math.max(0, share * box.width - 1)), 0, 2, box.height);
}

function drawBars(paint, box, share, colors) {
  const count = Math.floor(box.width / BAR_PX);
  for (let index = 0; index < count; index += 1) {
    const from = Math.floor((index / count) * peaks.length);
    const to = Math.max(from + 1, Math.floor(((index + 1) / count) * peaks.length));
    let peak = 0;
    for (let at = from; at < to; at += 1) peak = Math.max(peak, peaks[at]);
    const tall = Math.max(2, peak * (box.height - 4));
    paint.fillStyle = (index + 0.5) / count <= share ? colors.played : colors.rest;
    paint.fillRect(index * BAR_PX, (box.height - tall) / 2, BAR_PX - 1, tall);
  }
}

function drawLine(paint, box, share, colors) {
  paint.fillStyle = colors.rest;
  paint.fillRect(0, box.height / 2 - 2, box.width, 4);
  paint.fillStyle = colors.played;
  paint.fillRect(0, box.height / 2 - 2, box.width * share, 4);
}

function showHover(event) {
  const box = canvas.getBoundingClientRect();
  const at = Math.min(Math.max(0, event.clientX - box.left), box.width);
  const hover = part("wave-hover");
  hover.hidden = event.pointerType === "touch";
  hover.textContent = clock((at / box.width) * duration());
  hover.style.insetInlineStart = `${at}px`;
}

// Keys -----------------------------------------------------------------------------------------------------------------

/** Who types hears a little of what came before again. */
function toggleWhileTyping() {
  if (media.paused) jump(media.currentTime - BACK_STEP);
  toggle();
}

onKeys({
  toggle,
  back: () => jump(media.currentTime - 5),
  forward: () => jump(media.currentTime + 5),
  "back-little": () => jump(media.currentTime - 2),
  "forward-little": () => jump(media.currentTime + 2),
  slower: () => changeSpeed(-1),
  faster: () => changeSpeed(1),
  "typing-toggle": toggleWhileTyping,
  "typing-back": () => jump(media.currentTime - 5),
  "typing-forward": () => jump(media.currentTime + 5),
  "typing-slower": () => changeSpeed(-1),
  "typing-faster": () => changeSpeed(1),
});

// Wiring ---------------------------------------------------------------------------------------------------------------

function followAddress() {
  if (askedTime() === null) return;
  jump(askedTime());
  document.dispatchEvent(new CustomEvent("recordingjump"));
}

/** Where this recording was left the last time. */
const place = { name: `position.${player.dataset.recording}`, keptAt: 0 };

function keepPlace() {
  if (media.seeking || !media.readyState) return;
  place.keptAt = performance.now();
  const isWorthIt = media.currentTime > ENDS_SECONDS && media.currentTime < duration() - ENDS_SECONDS;
  if (isWorthIt || recall(place.name)) remember(place.name, isWorthIt ? Math.round(10 * media.currentTime) / 10 : 0);
}

function start() {
  const left = recall(place.name);
  if (askedTime() !== null) followAddress();
  else if (left && media.paused && media.currentTime === 0) {
    jump(left);
    document.dispatchEvent(new CustomEvent("recordingresumed"));
  }
}

media.controls = false;
if (media.localName === "video") document.querySelector("[data-video-place]")?.append(media);
part("player-bar").hidden = false;
document.body.classList.add("can-play");

player.addEventListener("click", (event) => {
  const act = event.target.closest("[data-act]")?.dataset.act;
  if (act === "toggle") toggle();
  if (act === "back") jump(media.currentTime - 5);
  if (act === "forward") jump(media.currentTime + 5);
});
seek.addEventListener("input", () => {
  jump(Number(seek.value));
  document.dispatchEvent(new CustomEvent("recordingjump"));
});
part("speed").addEventListener("change", (event) => setSpeed(Number(event.target.value)));
part("wave").addEventListener("pointermove", showHover);
part("wave").addEventListener("pointerleave", () => {
  part("wave-hover").hidden = true;
});
if (media.localName === "video") media.addEventListener("click", () => media.controls || toggle());
for (const type of ["play", "pause", "ended"]) media.addEventListener(type, showState);
for (const type of ["timeupdate", "seeked", "loadedmetadata", "durationchange"]) media.addEventListener(type, showTime);
media.addEventListener("error", showProblem);
document.addEventListener("themechange", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(draw).observe(canvas);
window.addEventListener("hashchange", followAddress);

document.addEventListener("transcriptchanged", ({ detail: { revision } }) => {
  for (const track of media.querySelectorAll("[data-captions]")) track.src = `${track.src.split("?")[0]}?revision=${revision}`;
});

if (media.error) showProblem();
const speed = recall("speed");
if (SPEEDS.includes(speed)) setSpeed(speed);
showState();
showTime();
loadPeaks();
media.addEventListener("timeupdate", () => performance.now() - place.keptAt > KEEP_EVERY_MS && keepPlace());
for (const type of ["pause", "ended"]) media.addEventListener(type, keepPlace);
window.addEventListener("pagehide", keepPlace);
// The page's other modules come after this one; they shall hear of the place.
document.addEventListener("DOMContentLoaded", () => {
  if (media.readyState >= 1) start();
  else media.addEventListener("loadedmetadata", start, { once: true });
});
