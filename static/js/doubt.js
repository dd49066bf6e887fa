/* Words the engine was not sure of: tinted where they are in sight, counted, and gone through one by one.

   One is shown and played with what is around it, and is confirmed or corrected with one key. Marked passages are
   stepped through likewise. The server says where all of them are; see jobs/views/doubts.py. */
import { canEdit, change, Conflict, segmentOp, tell } from "./lib/changes.js";
import { playExcerpt } from "./lib/excerpt.js";
import { fill, number } from "./lib/format.js";
import { oncePerFrame } from "./lib/frames.js";
import { answerFrom } from "./lib/http.js";
import { entryOf, keysFor, onKeys, shown, spoken } from "./lib/keys.js";
import { rowOf } from "./lib/rows.js";
import { recall, remember } from "./lib/storage.js";
import { complain, fetchedAt, firstInView, lookAt, rangeOf, refresh as fetchAgain, root, segmentsOf, spanOf, stretches, stretchOf, textOf, wordsOf } from "./lib/stretches.js";

const AROUND_SECONDS = 1.5;
const HALF = 500; // of the words the server tells at once
const SAME_SECONDS = 0.006; // times in the page are rounded to 0.01 s
const PAUSE_MS = 300;
const MOVING_MS = 800; // the view may still be on its way to another word
const COMFORT = { top: 0.18, bottom: 0.68 }; // where the word may stand, as shares of the window

const box = document.querySelector("[data-doubt]");
const part = (name) => box.querySelector(`[data-doubt-${name}]`);
const media = document.querySelector("[data-player] [data-media], [data-video-place] [data-media]");
const canMark = Boolean(window.Highlight && CSS.highlights);

/** `told`: the server's last answer. `word`: [segment, start, index] of the one at hand, `number` where it stands among
    all, or would stand if it were still in doubt. `isAway`: somebody went elsewhere in the recording since. */
const state = { told: null, word: null, number: 0, isStanding: false, isAway: false, isBusy: false, asking: new AbortController() };

const limit = () => Number(part("limit").value);

// Asking ---------------------------------------------------------------------------------------------------------------

/** Where doubtful words are: around a time, or after the first `skip`. Resolves to whether it was told. */
async function ask(where) {
  state.asking.abort();
  const { signal } = (state.asking = new AbortController());
  try {
    const answer = await answerFrom(`${box.dataset.url}?${new URLSearchParams({ below: limit(), ...where })}`, { signal });
    state.told = await answer.json();
    return true;
  } catch (error) {
    if (error.name !== "AbortError") complain(error);
    return false;
  }
}

/** Ask again after a change, and find the word at hand among those that are left. */
async function refresh() {
  const { word } = state;
  if (!(await ask({ at: Math.floor(word?.[1] ?? 0) }))) return;
  const { first, words, total } = state.told;
  const same = ([, start]) => Math.abs(start - word[1]) < 0.001;
  const at = word ? Math.max(words.findIndex((one) => same(one) && one[0] === word[0] && one[2] === word[2]), words.findIndex(same)) : -1;
  state.isStanding = at >= 0;
  if (at >= 0) Object.assign(state, { word: words[at], number: first + at });
  else if (word) state.number = first + words.filter(([, start]) => start < word[1]).length;
  if (!total) leave();
  showAll();
}

let waiting = 0;

function refreshSoon() {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, PAUSE_MS);
}

// From word to word ----------------------------------------------------------------------------------------------------

async function step(by) {
  if (!state.told && !(await ask({ at: 0 }))) return;
  if (!state.told.total) return;
  if (!state.word || state.isAway) await startHere(by);
  else await go(by < 0 ? state.number - 1 : state.number + (state.isStanding ? 1 : 0));
}

/** The first doubtful word from where one listens or reads, or the last one before it. */
async function startHere(by) {
  const isListening = media && (!media.paused || state.isAway);
  const from = isListening ? media.currentTime : (firstInView(innerHeight * COMFORT.top)?.start ?? 0);
  if (!(await ask({ at: Math.floor(from) }))) return;
  const { first, words } = state.told;
  const behind = words.findIndex(([, start]) => start >= from);
  const number = first + (behind < 0 ? words.length : behind);
  await go(by < 0 ? number - 1 : number);
}

async function go(wanted) {
  const { total } = state.told;
  const number = ((wanted % total) + total) % total;
  if (!isTold(number) && !((await ask({ skip: Math.max(0, number - HALF) })) && isTold(number))) return;
  const word = state.told.words[number - state.told.first];
  Object.assign(state, { word, number, isStanding: true, isAway: false });
  const row = await fetched(word[0], word[1]);
  if (state.word !== word) return;
  showAll();
  if (!row) return;
  look(row);
  play(row);
}

const isTold = (number) => number >= state.told.first && number < state.told.first + state.told.words.length;

/** The row of a segment that has a word at a time; it may begin in the stretch before. Null when it cannot be had. */
async function fetched(id, time) {
  for (const at of [time, time - Number(root.dataset.seconds)]) {
    await fetchedAt(Math.max(0, at));
    if (rowOf(id)) return rowOf(id);
  }
  return null;
}

/** Which of the words of a row the page shows is the one at hand; -1 when it is none by now. */
function indexIn(row, [, start, index]) {
  const isIt = (word) => word && Math.abs(word[1] - start) < SAME_SECONDS;
  const words = wordsOf(row);
  return isIt(words[index]) ? index : words.findIndex(isIt);
}

function rangeIn(row) {
  const index = indexIn(row, state.word);
  return index < 0 ? null : rangeOf(row, ...spanOf(row, index));
}

let movingUntil = 0;

function look(row) {
  const place = rangeIn(row) ?? row;
  const bounds = place.getBoundingClientRect();
  const isInView = bounds.top > innerHeight * COMFORT.top && bounds.bottom < innerHeight * COMFORT.bottom;
  if (isInView && performance.now() > movingUntil) return;
  movingUntil = performance.now() + MOVING_MS;
  lookAt(place, 0.4);
}

function play(row) {
  const [, start, end] = wordsOf(row)[indexIn(row, state.word)] ?? [0, state.word[1], state.word[1]];
  playExcerpt(start - AROUND_SECONDS, end + AROUND_SECONDS);
}

function leave() {
  Object.assign(state, { word: null, isStanding: false });
  showAll();
}

// Confirming and correcting --------------------------------------------------------------------------------------------

async function confirm() {
  const { word } = state;
  if (state.isBusy || !state.isStanding) return;
  state.isBusy = true;
  try {
    await fetched(word[0], word[1]);
    await change(() => confirmation(word));
    clearTimeout(waiting);
    await refresh();
    if (state.word && state.told.total) await step(1);
  } catch (error) {
    tell(error);
    if (error instanceof Conflict) await lookAgain(word);
  }
  state.isBusy = false;
}

/** Nothing when the word is no more there. It is told by its place in the row as it stands: words before it may have
    come or gone since the server was asked. */
function confirmation(word) {
  const row = rowOf(word[0]);
  const index = row ? indexIn(row, word) : -1;
  return index >= 0 ? [segmentOp(row, "confirm", { word: index })] : [];
}

/** Somebody else changed the sentence. */
async function lookAgain(word) {
  const row = rowOf(word[0]);
  if (row) await fetchAgain([stretchOf(Number(row.dataset.start))]);
  await refresh();
}

/** The editor of the row takes the word from here. */
async function correct() {
  const { word } = state;
  const row = await fetched(word[0], word[1]);
  if (row && state.word === word) document.dispatchEvent(new CustomEvent("editword", { detail: { element: row, word: indexIn(row, word) } }));
}

// Marked passages ------------------------------------------------------------------------------------------------------

/** Go to the next passage with a mark, and play from there. */
async function toPassage(button) {
  const places = state.told.passages.filter(([, , mark]) => mark === button.dataset.doubtMark);
  const at = (Number(button.dataset.at ?? -1) + 1) % places.length;
  const [id, start] = places[at];
  button.dataset.at = at;
  const row = await fetched(id, start);
  if (!row) return;
  lookAt(row, 0.32);
  row.querySelector("[data-seek-link]").click();
  showPassages();
}

function showPassages() {
  for (const button of box.querySelectorAll("[data-doubt-mark]")) {
    const count = state.told.marks[button.dataset.doubtMark] ?? 0;
    const at = Number(button.dataset.at ?? -1);
    button.closest("li").hidden = !count;
    button.querySelector("[data-doubt-places]").textContent = at >= 0 && at < count ? fill(button.dataset.some, { n: at + 1, all: count }) : count;
  }
  const list = part("list");
  list.hidden = !list.querySelector("li:not([hidden])");
}

// Showing --------------------------------------------------------------------------------------------------------------

function showAll() {
  tint();
  if (!state.told) return;
  showPassages();
  const hasWords = state.told.known > 0;
  for (const place of box.querySelectorAll("[data-doubt-words]")) place.hidden = !hasWords;
  box.hidden = !hasWords && part("list").hidden;
  box.classList.toggle("is-stepping", Boolean(state.word));
  for (const button of box.querySelectorAll("[data-doubt-step]")) button.disabled = !state.told.total;
  for (const button of box.querySelectorAll("[data-doubt-word-act]")) button.disabled = !state.isStanding;
  showCount();
}

function showCount() {
  const { total, known } = state.told;
  const [count, word] = [part("count"), part("word")];
  const row = state.isStanding && rowOf(state.word[0]);
  const index = row ? indexIn(row, state.word) : -1;
  const numbers = { here: number(state.number + 1), n: number(total), all: number(known), limit: limit() };
  count.textContent = fill(total ? (index >= 0 ? count.dataset.here : count.dataset.some) : count.dataset.none, numbers);
  word.hidden = index < 0;
  if (index >= 0) word.textContent = fill(word.dataset.word, { word: textOf(row).textContent.slice(...spanOf(row, index)), sure: wordsOf(row)[index][3] ?? "–" });
}

function tint() {
  if (!canMark) return;
  const [isOn, below] = [part("on").checked, limit()];
  const near = isOn ? stretches.filter((stretch) => stretch.isNear && stretch.isLoaded) : [];
  const ranges = near.flatMap(segmentsOf).flatMap(({ element }) =>
    wordsOf(element).flatMap((word, index) => (word[3] < below ? [rangeOf(element, ...spanOf(element, index))] : [])));
  CSS.highlights.set("doubt", new Highlight(...ranges.filter(Boolean)));
  const row = state.isStanding && rowOf(state.word[0]);
  const range = row && rangeIn(row);
  const now = new Highlight(...(range ? [range] : []));
  now.priority = 2;
  CSS.highlights.set("doubt-now", now);
}

function showKeys() {
  for (const button of box.querySelectorAll("[data-doubt-key]")) {
    const entry = entryOf(button.dataset.doubtKey);
    const key = entry && keysFor(entry)[0];
    button.title = key ? `${button.getAttribute("aria-label")} (${shown(key)})` : button.getAttribute("aria-label");
    if (key) button.setAttribute("aria-keyshortcuts", spoken(key));
    else button.removeAttribute("aria-keyshortcuts");
  }
}

// Wiring ---------------------------------------------------------------------------------------------------------------

function changed(event) {
  if (!event.target.matches("[data-doubt-on], [data-doubt-limit]")) return;
  remember("doubt", { isOn: part("on").checked, limit: part("limit").value });
  if (event.target.matches("[data-doubt-limit]")) refresh();
  tint();
}

const ACTS = { confirm, correct, leave };

function clicked(event) {
  const button = event.target.closest("button");
  if (button?.dataset.doubtStep) step(Number(button.dataset.doubtStep));
  if (button?.dataset.doubtMark) toPassage(button);
  ACTS[button?.dataset.doubtAct]?.();
}

/** Whether the recording was taken away from the word at hand. */
function notice() {
  const seconds = state.word ? media.currentTime - state.word[1] : 0;
  state.isAway = seconds < -2 * AROUND_SECONDS || seconds > 10 * AROUND_SECONDS;
}

function start() {
  const kept = recall("doubt");
  part("on").checked = Boolean(kept?.isOn);
  if (kept?.limit) part("limit").value = kept.limit;
  part("tint").hidden = !canMark;
  if (matchMedia("(max-width: 60rem)").matches) part("list").open = false;
  box.addEventListener("change", changed);
  box.addEventListener("click", clicked);
  const isAtWord = () => canEdit && state.isStanding;
  onKeys({
    "next-doubt": () => void step(1),
    "previous-doubt": () => void step(-1),
    "confirm-word": () => (isAtWord() ? void confirm() : false),
    "correct-word": () => (isAtWord() && !state.isAway ? void correct() : false),
  });
  const tintSoon = oncePerFrame(tint);
  for (const type of ["stretchloaded", "nearstretches", "rowchanged"]) document.addEventListener(type, tintSoon);
  document.addEventListener("transcriptchanged", refreshSoon);
  document.addEventListener("keyschanged", showKeys);
  for (const type of ["seeked", "timeupdate"]) media?.addEventListener(type, notice);
  showKeys();
  tint();
  refresh();
}

if (box) start();
