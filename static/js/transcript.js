/* The words and the sound, tied together: click to seek, the spoken word marked, the page following.

   Without a player the address alone says which sentence is meant. */
import { askedTime } from "./lib/address.js";
import { answerFrom } from "./lib/http.js";
import { onKeys } from "./lib/keys.js";
import { bring, fetchedAt, lastAtMost, load, neighbor, rangeOf, root, segmentAt, segmentOf, spanOf, stretchAt, textOf, whyNot, wordsOf } from "./lib/stretches.js";

const COMFORT = { top: 0.22, bottom: 0.68 }; // where the spoken sentence may stand, as shares of the window
const OWN_SCROLL_MS = 900;
const AHEAD_SECONDS = 20;

const media = document.querySelector("[data-player] [data-media], [data-video-place] [data-media]");
const spoken = window.Highlight && CSS.highlights ? new Highlight() : null;
const follow = { isOn: true, ownScrollUntil: 0, isHeld: false };
const repeat = { button: document.querySelector("[data-repeat]"), segment: null };
let current = null;

// The spoken word ------------------------------------------------------------------------------------------------------

function show() {
  if (again()) return;
  const now = media.currentTime + 0.02;
  const segment = segmentAt(now);
  if (segment === undefined) load(stretchAt(now)).then((isHere) => isHere && show());
  if (segment?.element !== current?.element) setCurrent(segment ?? null);
  markWord(segment && now < segment.end + 0.5 ? segment.element : null, now);
}

function setCurrent(segment) {
  clearWord();
  current?.element.classList.remove("is-current");
  segment?.element.classList.add("is-current");
  current = segment;
  if (follow.isOn && !media.paused) scrollToCurrent();
  load(stretchAt(media.currentTime + AHEAD_SECONDS));
}

function markWord(element, now) {
  if (element?.dataset.unsaved !== undefined) element = null; // its words have no times yet
  if (!spoken) {
    markAlone(element, now);
    return;
  }
  spoken.clear();
  const index = element ? lastAtMost(wordsOf(element), now, (word) => word[1]) : -1;
  const range = index >= 0 && rangeOf(element, ...spanOf(element, index));
  if (range) spoken.add(range);
}

/** Without the Highlight API the text of the spoken sentence, and of no other, is split around the word. */
const alone = { place: null, index: -1 };

function markAlone(element, now) {
  const place = element && textOf(element);
  const index = element ? lastAtMost(wordsOf(element), now, (word) => word[1]) : -1;
  if (place === alone.place && index === alone.index) return;
  clearWord();
  if (index < 0 || place.isContentEditable || place.contains(getSelection().anchorNode)) return;
  const [from, to] = spanOf(element, index);
  const text = place.textContent;
  const mark = Object.assign(document.createElement("mark"), { textContent: text.slice(from, to) });
  place.replaceChildren(text.slice(0, from), mark, text.slice(to));
  Object.assign(alone, { place, index });
}

function clearWord() {
  spoken?.clear();
  if (alone.place?.querySelector("mark")) alone.place.textContent = alone.place.textContent;
  Object.assign(alone, { place: null, index: -1 });
}

function tick() {
  show();
  if (!media.paused && !media.ended) requestAnimationFrame(tick);
}

// Repeating a sentence -------------------------------------------------------------------------------------------------

/** Go back to the start of the repeated sentence when its end is reached. True when that was done. */
function again() {
  const { segment } = repeat;
  if (!segment || media.paused || media.currentTime < segment.end || media.currentTime > segment.end + 1) return false;
  media.currentTime = segment.start;
  return true;
}

function setRepeat(segment) {
  repeat.segment = segment;
  repeat.button.setAttribute("aria-pressed", String(Boolean(segment)));
}

async function toggleRepeat() {
  setRepeat(repeat.segment ? null : (current ?? (await fetchedAt(media.currentTime))));
}

/** The listener went elsewhere: repeat what is said there. */
function repeatHere() {
  const { segment } = repeat;
  if (segment && (media.currentTime < segment.start - 0.1 || media.currentTime > segment.end + 0.1)) setRepeat(segmentAt(media.currentTime + 0.02) || segment);
}

// Following ------------------------------------------------------------------------------------------------------------

function scrollToCurrent(isForced = false) {
  if (!current) return;
  const box = current.element.getBoundingClientRect();
  const isComfortable = box.top > innerHeight * COMFORT.top && box.bottom < innerHeight * COMFORT.bottom;
  if (isComfortable && !isForced) return;
  follow.ownScrollUntil = performance.now() + OWN_SCROLL_MS;
  bring(current.element);
}

function setFollow(isOn) {
  follow.isOn = isOn;
  document.querySelector("[data-follow]").hidden = isOn;
}

async function backToCurrent() {
  setFollow(true);
  if (!(await fetchedAt(media.currentTime))) return;
  show();
  scrollToCurrent(true);
}

/** Go to the place that was chosen in the player or by the address. */
async function jumped() {
  setFollow(true);
  const segment = await fetchedAt(media.currentTime);
  show();
  if (current) scrollToCurrent();
  else if (segment) bring(segment.element);
}

function userScrolled() {
  if (!media.paused && follow.isOn) setFollow(false);
}

// A scroll counts as the reader's own only while something is held: the view also moves when text above it comes.
function onHold(event) {
  follow.isHeld = event.type === "pointerdown";
  if (follow.isHeld && event.clientX >= document.documentElement.clientWidth) userScrolled(); // the scroll bar
}

// Seeking --------------------------------------------------------------------------------------------------------------

function seekTo(seconds, isPlaying = false) {
  media.currentTime = seconds;
  setFollow(true);
  show();
  if (isPlaying) media.play().catch(() => {}); // the player says so when the media cannot be played
}

/** How many characters of `place` stand before a point of the window; null beside the text. */
function offsetAt(place, x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  const range = caret ? null : document.caretRangeFromPoint?.(x, y);
  const [node, offset] = caret ? [caret.offsetNode, caret.offset] : [range?.startContainer, range?.startOffset];
  if (!node || !place.contains(node)) return null;
  const before = new Range();
  before.setStart(place, 0);
  before.setEnd(node, offset);
  return before.toString().length;
}

function onClick(event) {
  if (event.defaultPrevented) return;
  const link = event.target.closest("[data-seek-link]");
  if (link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.hash);
    seekTo(Number(link.hash.slice(3)), true);
    if (!root.contains(link)) jumped();
    return;
  }
  const place = event.target.closest("[data-text]");
  if (!place || place.isContentEditable || !getSelection().isCollapsed) return; // a drag selects
  const segment = segmentOf(place.closest("[data-segment]"));
  const offset = offsetAt(place, event.clientX, event.clientY);
  const words = wordsOf(segment.element);
  if (!words.length || offset === null) seekTo(segment.start);
  else seekTo(words[Math.max(0, lastAtMost(words, offset, (word) => word[0]))][1]);
}

async function step(by) {
  const here = await fetchedAt(media.currentTime + 0.02);
  if (!here) return;
  // "Previous" first goes to the start of this sentence, as in music players.
  const isInside = by < 0 && media.currentTime - here.start > 1.5;
  const isBefore = media.currentTime + 0.02 < here.start;
  const target = isInside || isBefore ? here : ((await neighbor(here, by)) ?? here);
  seekTo(target.start);
  scrollToCurrent();
}

// Without a player -----------------------------------------------------------------------------------------------------

/** Mark the sentence that the address asks for, and bring it to where one reads. */
async function openAtAddress() {
  const time = askedTime();
  if (time === null) return;
  const segment = await fetchedAt(time + 0.02);
  if (!segment || time !== askedTime()) return;
  current?.element.classList.remove("is-current");
  current?.element.removeAttribute("aria-current");
  current = segment;
  segment.element.classList.add("is-current");
  segment.element.setAttribute("aria-current", "location");
  bring(segment.element);
}

// Copying --------------------------------------------------------------------------------------------------------------

async function wholeText() {
  const answer = await answerFrom(root.dataset.textUrl);
  return new Blob([await answer.text()], { type: "text/plain" });
}

const copy = document.querySelector("[data-copy-text]");
if (copy && root && navigator.clipboard && window.ClipboardItem) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    let detail = { text: copy.dataset.done };
    let failure = null; // the browser tells an error of its own
    const text = wholeText().catch((error) => {
      failure = error;
      throw error;
    });
    try {
      await navigator.clipboard.write([new ClipboardItem({ "text/plain": text })]);
    } catch {
      detail = { text: failure ? whyNot(failure) : copy.dataset.problem, level: "error" };
    }
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  });
}

// Wiring ---------------------------------------------------------------------------------------------------------------

if (root && !media) window.addEventListener("hashchange", openAtAddress);
// The page's other modules come after this one, and some of them scroll.
if (root && (!media || media.error)) document.addEventListener("DOMContentLoaded", openAtAddress);

if (media && root) {
  if (spoken) CSS.highlights.set("spoken", spoken);
  else document.body.classList.add("no-highlights");
  for (const place of document.querySelectorAll("[data-transcript], [data-places]")) place.addEventListener("click", onClick);
  onKeys({
    "previous-sentence": () => void step(-1),
    "next-sentence": () => void step(1),
    current: () => void backToCurrent(),
    repeat: () => void toggleRepeat(),
  });
  document.addEventListener("keydown", (event) => ["PageUp", "PageDown", "Home", "End"].includes(event.key) && userScrolled());
  document.querySelector("[data-follow]").addEventListener("click", backToCurrent);
  repeat.button.addEventListener("click", toggleRepeat);
  media.addEventListener("play", () => {
    setFollow(true);
    requestAnimationFrame(tick);
  });
  media.addEventListener("error", openAtAddress);
  media.addEventListener("timeupdate", show); // also in a hidden tab, where no frames come
  media.addEventListener("seeked", () => {
    repeatHere();
    show();
  });
  media.addEventListener("ended", () => {
    if (!repeat.segment) return;
    media.currentTime = repeat.segment.start;
    media.play().catch(() => {});
  });
  document.addEventListener("recordingjump", jumped);
  document.addEventListener("recordingresumed", () => {
    show();
    setFollow(false);
  });
  document.addEventListener("lookedaway", userScrolled);
  for (const type of ["wheel", "touchmove"]) window.addEventListener(type, userScrolled, { passive: true });
  for (const type of ["pointerdown", "pointerup", "pointercancel"]) window.addEventListener(type, onHold, { passive: true });
  window.addEventListener("scroll", () => follow.isHeld && performance.now() > follow.ownScrollUntil && userScrolled(), { passive: true });
}
