/* Find in this transcript, also in what is not on the page yet: the server says where, hits in sight are marked.
   Enter goes to the next, Shift+Enter to the one before. "/" comes here. */
import { fill } from "./lib/format.js";
import { fetchedAt, firstInView, lookAt, rangeOf, root, segmentsOf, stretches, textOf } from "./lib/stretches.js";

const PAUSE_MS = 150;

const box = document.querySelector("[data-find]");
const input = box?.querySelector("[data-find-input]");
const canMark = window.Highlight && CSS.highlights;
let search = newSearch("");
let waiting = 0;

/** `places`: one [id of its segment, time, which one inside the segment] for each hit told so far. */
function newSearch(wanted) {
  return { wanted, places: [], segments: 0, total: 0, hasMore: Boolean(wanted), here: -1, stop: new AbortController() };
}

async function find() {
  search.stop.abort();
  const own = newSearch(input.value.trim().toLowerCase());
  search = own;
  markAll();
  const from = firstInView()?.start ?? 0;
  while (own === search && own.hasMore && (own.places.at(-1)?.[1] ?? -1) < from) await more(own);
  if (own !== search) return;
  const first = own.places.findIndex(([, start]) => start >= from);
  if (own.total) await go(own, Math.max(0, first));
  else showCount();
}

/** Ask for the next hits. */
async function more(own) {
  const query = new URLSearchParams({ q: own.wanted, skip: own.segments });
  try {
    const answer = await fetch(`${root.dataset.findUrl}?${query}`, { signal: own.stop.signal });
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const found = await answer.json();
    for (const [id, start, count] of found.hits) for (let nth = 0; nth < count; nth += 1) own.places.push([id, start, nth]);
    Object.assign(own, { segments: own.segments + found.hits.length, total: found.total, hasMore: found.more });
  } catch (error) {
    own.hasMore = false;
    if (error.name !== "AbortError") document.dispatchEvent(new CustomEvent("toast", { detail: { text: root.dataset.problem, level: "error" } }));
  }
}

async function step(by) {
  const own = search;
  if (!own.total) return;
  const index = own.here + by;
  while (own.hasMore && (index < 0 || index >= own.places.length)) await more(own);
  if (own === search && own.places.length) await go(own, (index + own.places.length) % own.places.length);
}

async function go(own, index) {
  own.here = index;
  showCount();
  const [id, start, nth] = own.places[index];
  await fetchedAt(start);
  const element = root.querySelector(`[data-segment="${id}"]`);
  if (own !== search || own.here !== index || !element) return;
  const range = hitsIn(element, own.wanted)[nth];
  if (canMark && range) {
    const mark = new Highlight(range);
    mark.priority = 1;
    CSS.highlights.set("found-now", mark);
  }
  const bounds = element.getBoundingClientRect();
  if (bounds.top < innerHeight * 0.2 || bounds.bottom > innerHeight * 0.75) lookAt(element, 0.45);
}

// Marking --------------------------------------------------------------------------------------------------------------

function hitsIn(element, wanted) {
  const text = textOf(element).textContent;
  const small = text.toLowerCase();
  const ranges = [];
  if (small.length !== text.length) return ranges; // rare letters grow when they get small
  for (let at = small.indexOf(wanted); at >= 0; at = small.indexOf(wanted, at + wanted.length)) {
    const range = rangeOf(element, at, at + wanted.length);
    if (range) ranges.push(range);
  }
  return ranges;
}

/** Mark the hits in sight; those elsewhere when they come. */
function markAll() {
  if (!canMark) return;
  const near = search.wanted ? stretches.filter((stretch) => stretch.isNear && stretch.isLoaded) : [];
  const ranges = near.flatMap(segmentsOf).flatMap(({ element }) => hitsIn(element, search.wanted));
  CSS.highlights.set("found", new Highlight(...ranges));
  if (!search.wanted) CSS.highlights.delete("found-now");
}

function showCount() {
  box.querySelector("[data-find-result]").hidden = !search.wanted;
  const count = box.querySelector("[data-find-count]");
  count.textContent = search.total ? fill(count.dataset.some, { n: search.here + 1, all: search.total }) : search.wanted ? count.dataset.none : "";
  if (canMark && !search.total) CSS.highlights.delete("found-now");
}

if (box) {
  box.hidden = false;
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(find, PAUSE_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      if (search.wanted === input.value.trim().toLowerCase()) step(event.shiftKey ? -1 : 1);
      else {
        clearTimeout(waiting);
        find();
      }
    }
    if (event.key !== "Escape") return;
    clearTimeout(waiting);
    input.value = "";
    find();
    input.blur();
  });
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-find-step]");
    if (button) step(Number(button.dataset.findStep));
  });
  for (const type of ["stretchloaded", "nearstretches"]) document.addEventListener(type, () => search.wanted && markAll());
}
