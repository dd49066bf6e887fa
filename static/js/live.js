/* The page of a job at work: snapshots by socket, and by polling whenever the socket is missing or silent. */
import { fill, number } from "./lib/format.js";

const POLL_MS = 2000;
const SILENCE_MS = 10_000;
const LOOK_AGAIN_MS = 500;
const RECONNECT_MS = [500, 1000, 2000, 5000, 10_000];
const ENDED = ["completed", "failed", "cancelled"];

const root = document.querySelector("[data-live]");
const part = (name) => root.querySelector(`[data-${name}]`);
const shown = { sequence: -1, percent: Number(part("bar").value), stage: null };
const preview = part("preview");
let heardAt = 0;
let attempts = 0;
let hasEnded = false;

// Snapshots ------------------------------------------------------------------------------------------------------------

function apply(snapshot) {
  if (hasEnded || snapshot.sequence < shown.sequence) return;
  shown.sequence = snapshot.sequence;
  if (ENDED.includes(snapshot.status)) {
    end();
    return;
  }
  showPercent(snapshot.percent);
  showStage(snapshot);
  showSteps(snapshot.steps);
  showWarnings(snapshot.warnings);
  if (preview) showPreview(snapshot.preview ?? []);
}

/** Show the result, but cut nobody off who listens, writes or chooses meanwhile. */
function end() {
  hasEnded = true;
  if (!isBusy()) return location.reload();
  showPercent(100);
  setInterval(() => isBusy() || location.reload(), LOOK_AGAIN_MS);
}

function isBusy() {
  const media = document.querySelector("[data-media]");
  return Boolean((media && !media.paused) || document.activeElement?.isContentEditable || document.querySelector("dialog[open], [data-segment][data-unsaved='']"));
}

function showPercent(percent) {
  shown.percent = Math.max(shown.percent, percent);
  part("percent").textContent = Math.floor(shown.percent);
  part("bar").value = shown.percent;
  const title = document.title.replace(/^\d+ % · /, "");
  document.title = shown.percent >= 1 ? `${Math.floor(shown.percent)} % · ${title}` : title;
}

function showStage(snapshot) {
  const place = part("stage");
  const isQueued = snapshot.status === "queued";
  const stage = isQueued ? place.dataset.queued : snapshot.stage_title || place.textContent;
  place.textContent = stage;
  part("left").textContent = isQueued ? inLine(snapshot.queue_position) : timeLeft(snapshot.seconds_left);
  if (shown.stage !== null && shown.stage !== stage) part("announce").textContent = stage;
  shown.stage = stage;
}

function inLine(position) {
  const words = part("left").dataset;
  return position ? fill(words.place, { n: position }) : words.soon;
}

function timeLeft(seconds) {
  const words = part("left").dataset;
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 10) return words.few;
  if (seconds < 55) return fill(words.seconds, { n: Math.round(seconds / 10) * 10 });
  if (seconds < 5400) return fill(words.minutes, { n: Math.max(1, Math.round(seconds / 60)) });
  return fill(words.hours, { n: number(seconds / 3600, 1) });
}

function showSteps(steps) {
  const list = part("steps");
  const names = new Set(steps.map((step) => step.name));
  for (const line of [...list.children]) if (!names.has(line.dataset.step)) line.remove(); // found not to be needed
  for (const step of steps) {
    let line = list.querySelector(`[data-step="${CSS.escape(step.name)}"]`);
    if (!line) {
      line = part("step-template").content.firstElementChild.cloneNode(true);
      line.dataset.step = step.name;
      list.append(line);
    }
    line.className = `step step-${step.status}`;
    line.querySelector("[data-title]").textContent = step.title;
    line.querySelector("[data-note]").textContent = stepNote(step);
    if (step.status === "running") line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
  }
}

function stepNote(step) {
  if (step.status === "running" && step.parts > 1) return `${step.parts_done}/${step.parts}`;
  if (step.status !== "done") return "";
  const seconds = step.seconds ?? 0;
  const words = part("steps").dataset;
  if (seconds < 0.05) return words.instant;
  if (seconds < 60) return fill(words.seconds, { n: number(seconds, seconds < 10 ? 1 : 0) });
  return fill(words.minutes, { m: Math.floor(seconds / 60), n: Math.round(seconds % 60) });
}

function showWarnings(warnings) {
  const box = part("warnings");
  box.hidden = !warnings?.length;
  box.querySelector("ul").replaceChildren(...(warnings ?? []).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
}

// Words as they come ---------------------------------------------------------------------------------------------------

const parts = []; // per part: its element, how many segments it shows, whether a request is under way
let wanted = [];

function showPreview(counts) {
  wanted = counts;
  counts.forEach((count, index) => {
    parts[index] ??= newPart();
    if (count !== parts[index].count) fetchPart(index);
  });
}

function newPart() {
  const element = document.createElement("div");
  element.className = "preview-part";
  preview.append(element);
  return { element, count: 0, isBusy: false };
}

async function fetchPart(index) {
  const own = parts[index];
  if (own.isBusy) return;
  own.isBusy = true;
  const isAnew = wanted[index] < own.count; // the part is heard a second time
  const after = isAnew ? 0 : own.count;
  try {
    const answer = await fetch(`${root.dataset.previewUrl}?part=${index}&after=${after}`);
    if (answer.ok) insert(own, await answer.text(), isAnew);
  } catch {
    // No connection: the next snapshot asks again.
  } finally {
    own.isBusy = false;
  }
}

function insert(own, html, isAnew) {
  const wasAtEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 120;
  const hadScrolled = scrollY > 0;
  const segments = new DOMParser().parseFromString(html, "text/html").body.children;
  if (isAnew) own.element.replaceChildren();
  own.element.append(...segments);
  own.count = own.element.children.length;
  const last = parts.filter((one) => one?.count).at(-1);
  for (const one of parts) one?.element.classList.toggle("is-last", one === last);
  preview.classList.add("is-live");
  part("preview-empty").hidden = parts.some((one) => one?.count);
  if (wasAtEnd && hadScrolled) scrollTo({ top: document.documentElement.scrollHeight });
}

// Where snapshots come from --------------------------------------------------------------------------------------------

function connect() {
  if (hasEnded) return;
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}${root.dataset.socket}`);
  socket.addEventListener("message", (event) => {
    attempts = 0;
    heardAt = Date.now();
    apply(JSON.parse(event.data));
  });
  socket.addEventListener("close", () => {
    heardAt = 0;
    setTimeout(connect, RECONNECT_MS[Math.min(attempts, RECONNECT_MS.length - 1)]);
    attempts += 1;
  });
}

async function poll() {
  if (hasEnded || Date.now() - heardAt < SILENCE_MS) return;
  try {
    const answer = await fetch(root.dataset.snapshotUrl, { headers: { Accept: "application/json" } });
    if (answer.status === 404 || answer.redirected) end();
    else if (answer.ok) apply(await answer.json());
  } catch {
    // No connection: the next round asks again.
  }
}

connect();
poll();
setInterval(poll, POLL_MS);
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && poll());
