/* Looking for a phrase in the transcript, also in what is not on the page yet: the server says where, hits in sight are
   marked. Shared by finding and replacing. Tells the document of "searched". */
import { fill } from "./format.js";
import { answerFrom } from "./http.js";
import { patternOf, placesIn } from "./phrase.js";
import { rowOf } from "./rows.js";
import { complain, fetchedAt, firstInView, lookAt, rangeOf, root, segmentsOf, stretches, textOf } from "./stretches.js";

export const box = document.querySelector("[data-find]");
const input = box?.querySelector("[data-find-input]");
const canMark = Boolean(window.Highlight && CSS.highlights);
let search = newSearch({ phrase: "" });

/** `places`: one [id of its segment, time, which one inside the segment] for each hit told so far. */
function newSearch(asked) {
  const pattern = asked.phrase.trim() ? patternOf(asked) : null;
  return { ...asked, pattern, places: [], segments: 0, total: 0, hasMore: Boolean(pattern), here: -1, stop: new AbortController() };
}

/** What is looked for: {phrase, matchCase, wholeWord, total, …}. */
export const searched = () => search;

/** The same as the server takes it. */
export function queryOf({ phrase, matchCase, wholeWord }) {
  return new URLSearchParams({ q: phrase, ...(matchCase ? { case: 1 } : {}), ...(wholeWord ? { word: 1 } : {}) });
}

// Asking ---------------------------------------------------------------------------------------------------------------

/** What stands in the field: {phrase, matchCase, wholeWord}. */
export function asked() {
  const isOn = (name) => box.querySelector(`[data-find-option="${name}"]`).getAttribute("aria-pressed") === "true";
  return { phrase: input.value, matchCase: isOn("matchCase"), wholeWord: isOn("wholeWord") };
}

function begin() {
  search.stop.abort();
  search = newSearch(asked());
  markAll();
  return search;
}

/** Look for what is asked, beginning where one reads. */
export async function find() {
  const own = begin();
  const from = firstInView()?.start ?? 0;
  await tellUpTo(own, from);
  if (own !== search) return;
  const first = own.places.findIndex(([, start]) => start >= from);
  if (own.total) await go(own, Math.max(0, first));
  else showCount();
}

async function tellUpTo(own, time) {
  while (own === search && own.hasMore && (own.places.at(-1)?.[1] ?? -1) <= time) await more(own);
}

/** Ask for the next hits. */
async function more(own) {
  const query = queryOf(own);
  query.set("skip", own.segments);
  try {
    const answer = await answerFrom(`${root.dataset.findUrl}?${query}`, { signal: own.stop.signal });
    const found = await answer.json();
    for (const [id, start, count] of found.hits) for (let nth = 0; nth < count; nth += 1) own.places.push([id, start, nth]);
    Object.assign(own, { segments: own.segments + found.hits.length, total: found.total, hasMore: found.more });
  } catch (error) {
    own.hasMore = false;
    if (error.name !== "AbortError") complain(error);
  }
}

// Going ----------------------------------------------------------------------------------------------------------------

export async function step(by) {
  const own = search;
  if (!own.total) return;
  const index = own.here + by;
  while (own.hasMore && (index < 0 || index >= own.places.length)) await more(own);
  if (own === search && own.places.length) await go(own, (index + own.places.length) % own.places.length);
}

async function go(own, index) {
  own.here = index;
  showCount();
  const found = await hitHere();
  if (own !== search || own.here !== index || !found) return;
  markHere(found);
  const bounds = found.row.getBoundingClientRect();
  if (bounds.top < innerHeight * 0.2 || bounds.bottom > innerHeight * 0.75) lookAt(found.row, 0.45);
}

/** {row, from, to} of the hit one is at, fetched if need be; null when there is none. */
export async function hitHere() {
  const own = search;
  const place = own.places[own.here];
  if (!place) return null;
  await fetchedAt(place[1]);
  const row = rowOf(place[0]);
  const hit = row && hitsIn(row, own)[place[2]];
  return hit ? { row, from: hit[0], to: hit[1] } : null;
}

/** Look again after a change. Stays with the hit one is at, or goes to the first one from `offset` of a row on. */
export async function findAgain({ row, offset = 0, isGoing = false } = {}) {
  if (!search.pattern) return;
  const [id, start, nth] = row ? [Number(row.dataset.segment), Number(row.dataset.start), 0] : (search.places[search.here] ?? [0, -1, 0]);
  const own = begin();
  await tellUpTo(own, start);
  if (own !== search) return;
  const index = Math.max(0, row ? indexFrom(own, id, start, offset) : own.places.findIndex((place) => place[1] > start || (place[0] === id && place[2] >= nth)));
  if (!own.total) showCount();
  else if (isGoing) await go(own, index);
  else {
    own.here = index;
    showCount();
    markAgain();
  }
}

/** The number of the first hit from an offset of a segment on; -1 behind the last. */
function indexFrom(own, id, start, offset) {
  const row = rowOf(id);
  const hits = row ? hitsIn(row, own) : [];
  return own.places.findIndex((place) => place[1] > start || (place[0] === id && (hits[place[2]]?.[0] ?? 0) >= offset));
}

// Marking --------------------------------------------------------------------------------------------------------------

const hitsIn = (row, own) => placesIn(textOf(row).textContent, own.pattern);

/** Mark the hits in sight; those elsewhere when they come. */
function markAll() {
  if (!canMark) return;
  const near = search.pattern ? stretches.filter((stretch) => stretch.isNear && stretch.isLoaded) : [];
  const ranges = near.flatMap(segmentsOf).flatMap(({ element }) => hitsIn(element, search).map(([from, to]) => rangeOf(element, from, to)));
  CSS.highlights.set("found", new Highlight(...ranges.filter(Boolean)));
  if (!search.pattern) markHere(null);
}

function markHere(found) {
  if (!canMark) return;
  const range = found && rangeOf(found.row, found.from, found.to);
  const mark = new Highlight(...(range ? [range] : []));
  mark.priority = 1;
  CSS.highlights.set("found-now", mark);
}

/** Rows may have been written anew, and marks are on what was there before. */
export function markAgain() {
  if (!search.pattern) return;
  const own = search;
  markAll();
  const place = own.places[own.here];
  const row = place && rowOf(place[0]);
  const hit = row && hitsIn(row, own)[place[2]];
  markHere(hit ? { row, from: hit[0], to: hit[1] } : null);
}

export function showTools() {
  box.querySelector("[data-find-result]").hidden = !search.pattern && !box.querySelector("[data-replace]:not([hidden])");
}

function showCount() {
  showTools();
  const count = box.querySelector("[data-find-count]");
  count.textContent = search.total ? fill(count.dataset.some, { n: search.here + 1, all: search.total }) : search.pattern ? count.dataset.none : "";
  for (const button of box.querySelectorAll("[data-find-step]")) button.disabled = !search.total;
  if (!search.total) markHere(null);
  document.dispatchEvent(new CustomEvent("searched"));
}
