/* The words and the sound, tied together: click to seek, the spoken word marked, the page following. */

const COMFORT = { top: 0.22, bottom: 0.68 }; // where the spoken sentence may stand, as shares of the window
const OWN_SCROLL_MS = 900;

const transcript = document.querySelector("[data-transcript]");
const media = document.querySelector("[data-player] [data-media], [data-video-place] [data-media]");
const segments = [...(transcript?.querySelectorAll("[data-segment]") ?? [])].map((element) => ({
  element,
  start: Number(element.dataset.start),
  end: Number(element.dataset.end),
  node: element.querySelector("[data-text]").firstChild,
  words: null,
}));
const spoken = window.Highlight && CSS.highlights ? new Highlight() : null;
const follow = { isOn: true, ownScrollUntil: 0 };
let current = -1;

// Words and times ------------------------------------------------------------------------------------------------------

/** [[offset, start, end], …] of a segment, offsets in UTF-16 units as the browser counts them. */
function wordsOf(segment) {
  if (segment.words) return segment.words;
  const text = segment.node?.data ?? "";
  const words = JSON.parse(segment.element.dataset.times || "[]");
  const points = [...text];
  if (points.length !== text.length) {
    const units = [0];
    for (const point of points) units.push(units.at(-1) + point.length);
    for (const word of words) word[0] = units[word[0]] ?? text.length;
  }
  segment.words = words;
  return words;
}

/** Index of the last item whose `key` is at most `value`, or -1. Items are in rising order. */
function lastAtMost(items, value, key) {
  let [low, high] = [0, items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (key(items[middle]) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function wordRange(segment, seconds) {
  const words = wordsOf(segment);
  const index = lastAtMost(words, seconds, (word) => word[1]);
  if (index < 0) return null;
  const text = segment.node.data;
  const next = words[index + 1]?.[0] ?? text.length;
  const range = new Range();
  range.setStart(segment.node, words[index][0]);
  range.setEnd(segment.node, words[index][0] + text.slice(words[index][0], next).trimEnd().length);
  return range;
}

// The spoken word ------------------------------------------------------------------------------------------------------

function show() {
  const now = media.currentTime + 0.02;
  const index = lastAtMost(segments, now, (segment) => segment.start);
  if (index !== current) {
    segments[current]?.element.classList.remove("is-current");
    segments[index]?.element.classList.add("is-current");
    current = index;
    if (follow.isOn && !media.paused) scrollToCurrent();
  }
  if (!spoken) return;
  spoken.clear();
  const segment = segments[index];
  const range = segment?.node && now < segment.end + 0.5 && wordRange(segment, now);
  if (range) spoken.add(range);
}

function tick() {
  show();
  if (!media.paused && !media.ended) requestAnimationFrame(tick);
}

// Following ------------------------------------------------------------------------------------------------------------

function scrollToCurrent(isForced = false) {
  const element = segments[current]?.element;
  if (!element) return;
  const box = element.getBoundingClientRect();
  const isComfortable = box.top > innerHeight * COMFORT.top && box.bottom < innerHeight * COMFORT.bottom;
  if (isComfortable && !isForced) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  follow.ownScrollUntil = performance.now() + OWN_SCROLL_MS;
  scrollTo({ top: scrollY + box.top - innerHeight * 0.32, behavior: isCalm ? "auto" : "smooth" });
}

function setFollow(isOn) {
  follow.isOn = isOn;
  document.querySelector("[data-follow]").hidden = isOn || current < 0;
}

function backToCurrent() {
  setFollow(true);
  scrollToCurrent(true);
}

function userScrolled() {
  if (!media.paused && follow.isOn) setFollow(false);
}

// Seeking --------------------------------------------------------------------------------------------------------------

function seekTo(seconds, isPlaying = false) {
  media.currentTime = seconds;
  setFollow(true);
  show();
  if (isPlaying) media.play().catch(() => {}); // the player says so when the media cannot be played
}

function caretAt(x, y) {
  if (document.caretPositionFromPoint) {
    const caret = document.caretPositionFromPoint(x, y);
    return caret && { node: caret.offsetNode, offset: caret.offset };
  }
  const range = document.caretRangeFromPoint?.(x, y);
  return range && { node: range.startContainer, offset: range.startOffset };
}

function onClick(event) {
  const link = event.target.closest("[data-seek-link]");
  if (link) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.hash);
    seekTo(Number(link.hash.slice(3)), true);
    return;
  }
  if (!event.target.closest("[data-text]") || !getSelection().isCollapsed) return; // a drag selects
  const segment = segments.find((one) => one.element === event.target.closest("[data-segment]"));
  const caret = caretAt(event.clientX, event.clientY);
  const words = segment && wordsOf(segment);
  if (!words?.length || caret?.node !== segment.node) seekTo(segment.start);
  else seekTo(words[Math.max(0, lastAtMost(words, caret.offset, (word) => word[0]))][1]);
}

function step(by) {
  const from = Math.max(0, current);
  // "Previous" first goes to the start of this sentence, as in music players.
  const isInside = by < 0 && media.currentTime - segments[from].start > 1.5;
  const target = segments[isInside ? from : Math.min(segments.length - 1, Math.max(0, current + by))];
  seekTo(target.start);
  scrollToCurrent();
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input:not([type=range]), select, textarea, details[data-menu][open]")) return;
  if (event.key === "?") document.getElementById("shortcuts").showModal();
  else if (event.key === "ArrowUp") step(-1);
  else if (event.key === "ArrowDown") step(1);
  else if (event.key.toLowerCase() === "c") backToCurrent();
  else {
    if (["PageUp", "PageDown", "Home", "End"].includes(event.key)) userScrolled();
    return;
  }
  event.preventDefault();
}

// Copying --------------------------------------------------------------------------------------------------------------

/** Paragraph per turn, with its speaker in front if speakers are known. */
function plainText() {
  return [...transcript.querySelectorAll(".turn")]
    .map((turn) => {
      const name = turn.querySelector(".turn-speaker")?.textContent.trim();
      const text = [...turn.querySelectorAll("[data-text]")].map((one) => one.textContent.trim()).join(" ");
      return name ? `${name}: ${text}` : text;
    })
    .join("\n\n");
}

const copy = document.querySelector("[data-copy-text]");
if (copy && transcript && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    let detail = { text: copy.dataset.done };
    try {
      await navigator.clipboard.writeText(plainText());
    } catch {
      detail = { text: copy.dataset.problem, level: "error" };
    }
    document.dispatchEvent(new CustomEvent("toast", { detail }));
  });
}

// Wiring ---------------------------------------------------------------------------------------------------------------

if (media && segments.length) {
  if (spoken) CSS.highlights.set("spoken", spoken);
  else document.body.classList.add("no-highlights");
  for (const place of document.querySelectorAll("[data-transcript], [data-places]")) place.addEventListener("click", onClick);
  document.addEventListener("keydown", onKey);
  document.querySelector("[data-follow]").addEventListener("click", backToCurrent);
  media.addEventListener("play", () => {
    setFollow(true);
    requestAnimationFrame(tick);
  });
  media.addEventListener("timeupdate", show); // also in a hidden tab, where no frames come
  media.addEventListener("seeked", show);
  document.addEventListener("recordingjump", () => {
    show();
    setFollow(true);
    scrollToCurrent();
  });
  for (const type of ["wheel", "touchmove"]) window.addEventListener(type, userScrolled, { passive: true });
  window.addEventListener("scroll", () => performance.now() > follow.ownScrollUntil && userScrolled(), { passive: true });
}
