/* Find in this transcript: all hits marked, Enter goes to the next, Shift+Enter to the one before. "/" comes here. */
import { fill } from "./lib/format.js";

const box = document.querySelector("[data-find]");
const input = box?.querySelector("[data-find-input]");
const texts = [...document.querySelectorAll("[data-text]")].map((element) => element.firstChild).filter(Boolean);
const canMark = window.Highlight && CSS.highlights;
let hits = [];
let here = -1;

function find() {
  const wanted = input.value.trim().toLocaleLowerCase();
  hits = wanted.length < 1 ? [] : texts.flatMap((node) => hitsIn(node, wanted));
  here = -1;
  if (canMark) CSS.highlights.set("found", new Highlight(...hits));
  if (hits.length) go(1);
  else showCount(wanted);
}

function hitsIn(node, wanted) {
  const text = node.data.toLocaleLowerCase();
  const ranges = [];
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    if (at + wanted.length > node.length) break; // lower case grew longer than the text: rare letters
    const range = new Range();
    range.setStart(node, at);
    range.setEnd(node, at + wanted.length);
    ranges.push(range);
  }
  return ranges;
}

function go(step) {
  if (!hits.length) return;
  here = (here + step + hits.length) % hits.length;
  if (canMark) {
    const mark = new Highlight(hits[here]);
    mark.priority = 1;
    CSS.highlights.set("found-now", mark);
  }
  const segment = hits[here].startContainer.parentElement.closest("[data-segment]");
  const bounds = segment.getBoundingClientRect();
  if (bounds.top < innerHeight * 0.2 || bounds.bottom > innerHeight * 0.75) segment.scrollIntoView({ block: "center" });
  showCount(true);
}

function showCount(isSearching) {
  box.querySelector("[data-find-result]").hidden = !isSearching;
  const count = box.querySelector("[data-find-count]");
  count.textContent = hits.length ? fill(count.dataset.some, { n: here + 1, all: hits.length }) : isSearching ? count.dataset.none : "";
  if (canMark && !hits.length) CSS.highlights.delete("found-now");
}

if (box) {
  box.hidden = false;
  input.addEventListener("input", find);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") go(event.shiftKey ? -1 : 1);
    if (event.key !== "Escape") return;
    input.value = "";
    find();
    input.blur();
  });
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-find-step]");
    if (button) go(Number(button.dataset.findStep));
  });
}
