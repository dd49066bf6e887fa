/* The transcript in stretches of some minutes, each fetched when it comes near. Shared by all modules of the page.

   Tells the document of "stretchloaded" (detail: the stretch), of "nearstretches" when others are in sight, and of
   "lookedaway" when a module took the reader elsewhere. Elements of segments may be changed, added and removed by
   anybody: what is known of them is read anew after each change. */
import { answerFrom } from "./http.js";

const SOON_MS = 40; // a stretch that is passed quickly is not fetched
const AGAIN_MS = 5000;
const ROW_CHARACTERS = 34; // what a row takes besides its characters, in characters
const GONE = 404; // deleted, or shared no longer

export const root = document.querySelector("[data-transcript]");
export const stretches = [...(root?.querySelectorAll("[data-stretch]") ?? [])].map((element) => ({
  element,
  number: Number(element.dataset.stretch),
  voices: element.dataset.voices.split(" "),
  weight: Number(element.dataset.characters) + ROW_CHARACTERS * Number(element.dataset.rows),
  isLoaded: !element.querySelector("[data-stretch-link]"),
  isNear: false,
  segments: null,
  coming: null,
  failedAt: -AGAIN_MS,
}));
const ofElement = new Map(stretches.map((stretch) => [stretch.element, stretch]));
const seconds = Number(root?.dataset.seconds);

/** Index of the last item whose `key` is at most `value`, or -1. Items are in rising order. */
export function lastAtMost(items, value, key) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// Fetching -------------------------------------------------------------------------------------------------------------

/** The stretch a time belongs to. */
export function stretchAt(time) {
  return stretches[Math.max(0, lastAtMost(stretches, Math.floor(time / seconds), (stretch) => stretch.number))];
}

/** Resolves to whether the stretch is here now. One that could not be had is asked for again after a while. */
export function load(stretch) {
  if (stretch.isLoaded) return Promise.resolve(true);
  if (performance.now() - stretch.failedAt < AGAIN_MS) return Promise.resolve(false);
  stretch.coming ??= bringIn(stretch).finally(() => {
    stretch.coming = null;
  });
  return stretch.coming;
}

/** Why something of the text could not be had, for people. */
export const whyNot = (error) => (error.status === GONE ? root.dataset.gone : root.dataset.problem);

export function complain(error) {
  document.dispatchEvent(new CustomEvent("toast", { detail: { text: whyNot(error), level: "error" } }));
}

async function bringIn(stretch) {
  stretch.element.setAttribute("aria-busy", "true");
  try {
    const answer = await answerFrom(`${root.dataset.segmentsUrl}?stretch=${stretch.number}`);
    put(stretch, await answer.text());
  } catch (error) {
    stretch.failedAt = performance.now();
    console.warn("a part of the transcript did not come:", error.message);
    complain(error);
  }
  stretch.element.removeAttribute("aria-busy");
  return stretch.isLoaded;
}

function put(stretch, html) {
  const { element } = stretch;
  const before = element.getBoundingClientRect();
  const held = holdFocus(element);
  element.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  element.style.minBlockSize = "";
  stretch.isLoaded = true;
  stretch.segments = null;
  stretch.voices = [...new Set([...element.querySelectorAll("[data-turn]")].map((turn) => turn.dataset.turn))].filter(Boolean);
  held?.();
  // Browsers that hold the view still by themselves need no help.
  if (!CSS.supports("overflow-anchor", "auto") && before.bottom < innerHeight / 2)
    scrollBy({ top: element.getBoundingClientRect().bottom - before.bottom, behavior: "instant" });
  document.dispatchEvent(new CustomEvent("stretchloaded", { detail: stretch }));
}

/** What gives the focus back to the row that has it now; null when none has. */
function holdFocus(element) {
  if (!element.contains(document.activeElement)) return null;
  const id = document.activeElement.closest("[data-segment]")?.dataset.segment;
  return () => (element.querySelector(`[data-segment="${id}"] [data-seek-link]`) ?? element.querySelector("[data-seek-link]"))?.focus({ preventScroll: true });
}

// Fetching again -------------------------------------------------------------------------------------------------------

/** The number of the stretch that a segment beginning at a time belongs to. */
export const stretchOf = (start) => Math.floor(start / seconds);

/** Fetch stretches again that are on the page, all of them when no numbers are given. What one reads stays in place. */
export async function refresh(numbers = stretches.map((stretch) => stretch.number)) {
  const wanted = [...new Set(numbers)].map((number) => stretches.find((stretch) => stretch.number === number) ?? added(number));
  const here = wanted.filter((stretch) => stretch.isLoaded);
  if (!here.length) return;
  const hold = holdView();
  await Promise.all(here.map(bringIn));
  hold();
}

/** A stretch in which nothing was said so far. */
function added(number) {
  const element = document.createElement("div");
  Object.assign(element.dataset, { stretch: number, rows: 0, characters: 0, voices: "" });
  element.className = "stretch";
  const stretch = { element, number, voices: [], weight: 0, isLoaded: true, isNear: true, segments: null, coming: null, failedAt: -AGAIN_MS };
  const place = lastAtMost(stretches, number, (other) => other.number) + 1;
  root.insertBefore(element, stretches[place]?.element ?? null);
  stretches.splice(place, 0, stretch);
  ofElement.set(element, stretch);
  near.observe(element);
  return stretch;
}

/** What puts the row that is read now back to where it stands in the window. */
function holdView() {
  const row = firstInView(innerHeight * 0.25)?.element;
  const [id, top] = [row?.dataset.segment, row?.getBoundingClientRect().top];
  return () => {
    const again = root.querySelector(`[data-segment="${id}"]`);
    const moved = again ? again.getBoundingClientRect().top - top : 0;
    if (Math.abs(moved) > 1) scrollBy({ top: moved, behavior: "instant" });
  };
}

/** Give what is not here the height it will about have, so that the scroll bar is true. */
function estimate() {
  const known = stretches.find((stretch) => stretch.isLoaded && stretch.weight);
  if (!known || stretches.length < 2) return;
  known.element.style.contentVisibility = "visible"; // out of sight it would only tell its own estimate
  const share = known.element.getBoundingClientRect().height / known.weight;
  known.element.style.contentVisibility = "";
  for (const { element, weight, isLoaded } of stretches) {
    element.style.containIntrinsicBlockSize = `auto ${Math.round(weight * share)}px`;
    if (!isLoaded) element.style.minBlockSize = `${Math.round(weight * share)}px`;
  }
}

function seen(entries) {
  for (const entry of entries) ofElement.get(entry.target).isNear = entry.isIntersecting;
  setTimeout(() => stretches.filter((stretch) => stretch.isNear).forEach(load), SOON_MS);
  document.dispatchEvent(new CustomEvent("nearstretches"));
}

// Segments and words ---------------------------------------------------------------------------------------------------

/** [{element, start, end}, …] of a stretch that is here. */
export function segmentsOf(stretch) {
  stretch.segments ??= [...stretch.element.querySelectorAll("[data-segment]")].map(segmentOf);
  return stretch.segments;
}

export function segmentOf(element) {
  return { element, start: Number(element.dataset.start), end: Number(element.dataset.end) };
}

/** The segment heard last at a time; null before the first one, undefined while its stretch is not here. */
export function segmentAt(time) {
  for (let index = stretches.indexOf(stretchAt(time)); index >= 0; index -= 1) {
    if (!stretches[index].isLoaded) return undefined;
    const segments = segmentsOf(stretches[index]);
    const at = lastAtMost(segments, time, (segment) => segment.start);
    if (at >= 0) return segments[at];
  }
  return null;
}

/** The segment heard at a time, fetched if need be; the first one for a time before it; null when it cannot be had. */
export async function fetchedAt(time) {
  for (let index = stretches.indexOf(stretchAt(time)); index >= 0; index -= 1) {
    if (!(await load(stretches[index]))) return null;
    const found = segmentAt(time);
    if (found) return found;
  }
  return segmentsOf(stretches[0])[0] ?? null;
}

/** The segment before (-1) or after (1) one, fetched if need be; null beyond the ends. */
export async function neighbor({ element }, by) {
  let index = stretches.indexOf(ofElement.get(element.closest("[data-stretch]")));
  const place = segmentsOf(stretches[index]).findIndex((one) => one.element === element) + by;
  const inside = segmentsOf(stretches[index])[place];
  if (inside) return inside;
  for (index += by; stretches[index] && (await load(stretches[index])); index += by) {
    const found = segmentsOf(stretches[index]).at(by < 0 ? -1 : 0);
    if (found) return found;
  }
  return null;
}

/** Where the words of a segment are shown. */
export const textOf = (element) => element.querySelector("[data-text]");

const read = new WeakMap();

/** [[offset, start, end, confidence in percent?], …] of a segment, offsets in UTF-16 units as the browser counts them. */
export function wordsOf(element) {
  const times = element.dataset.times || "[]";
  const known = read.get(element);
  if (known?.times === times) return known.words;
  const words = JSON.parse(times);
  const text = textOf(element).textContent;
  const points = [...text];
  if (points.length !== text.length) {
    const units = [0];
    for (const point of points) units.push(units.at(-1) + point.length);
    for (const word of words) word[0] = units[word[0]] ?? text.length;
  }
  read.set(element, { times, words });
  return words;
}

/** From where to where a word stands in the text of its segment, without the space behind it. */
export function spanOf(element, index) {
  const words = wordsOf(element);
  const text = textOf(element).textContent;
  const next = words[index + 1]?.[0] ?? text.length;
  return [words[index][0], words[index][0] + text.slice(words[index][0], next).trimEnd().length];
}

/** A range over some of the text of a segment; null when the text is shorter by now. */
export function rangeOf(element, from, to) {
  const range = new Range();
  const walker = document.createTreeWalker(textOf(element), NodeFilter.SHOW_TEXT);
  let passed = 0;
  let hasStart = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!hasStart && from < passed + node.length) {
      range.setStart(node, from - passed);
      hasStart = true;
    }
    if (hasStart && to <= passed + node.length) {
      range.setEnd(node, to - passed);
      return range;
    }
    passed += node.length;
  }
  return null;
}

// Looking at a place ---------------------------------------------------------------------------------------------------

export const isCalm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Scroll an element to where one reads. What is above it may get its true height meanwhile, so look twice. */
export function bring(element, share = 0.32) {
  const missing = () => element.getBoundingClientRect().top - innerHeight * share;
  const isFar = Math.abs(missing()) > innerHeight * 1.5;
  scrollBy({ top: missing(), behavior: isFar || isCalm() ? "instant" : "smooth" });
  if (!isFar) return;
  let rounds = 3;
  const settle = () => {
    if (Math.abs(missing()) > 4) scrollBy({ top: missing(), behavior: "instant" });
    if ((rounds -= 1)) requestAnimationFrame(settle);
  };
  requestAnimationFrame(settle);
}

/** Bring an element into view for a module other than the one that follows the sound. */
export function lookAt(element, share) {
  document.dispatchEvent(new CustomEvent("lookedaway"));
  bring(element, share);
}

/** The first segment that reaches below a height of the window; null where none is here. */
export function firstInView(line = 0) {
  for (const stretch of stretches) {
    if (!stretch.isNear || !stretch.isLoaded) continue;
    const found = segmentsOf(stretch).find(({ element }) => element.getBoundingClientRect().bottom > line);
    if (found) return found;
  }
  return null;
}

// Wiring ---------------------------------------------------------------------------------------------------------------

const near = new IntersectionObserver(seen, { rootMargin: "100% 0px" });

if (root) {
  const forget = () => stretches.forEach((stretch) => (stretch.segments = null));
  new MutationObserver(forget).observe(root, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-start", "data-end"] });
  estimate();
  let width = root.clientWidth;
  new ResizeObserver(() => {
    if (root.clientWidth === width) return;
    width = root.clientWidth;
    estimate();
  }).observe(root);
  for (const stretch of stretches) near.observe(stretch.element);
  root.addEventListener("click", (event) => {
    const link = event.target.closest("[data-stretch-link]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const stretch = ofElement.get(link.closest("[data-stretch]"));
    stretch.failedAt = -AGAIN_MS;
    load(stretch);
  });
}
