/* Hearing a passage again with another engine or model: choose it, wait, and take over word by word what is right.

   Opened by "rowaction" (detail: {name: "again", element}) or its key, for a sentence or for the sentences of a text
   selection. The text stays as it is until something is accepted, so the dialog may be closed meanwhile. */
import { canEdit, change, Conflict, undo } from "./lib/changes.js";
import { playExcerpt } from "./lib/excerpt.js";
import { clock, fill } from "./lib/format.js";
import { csrfToken } from "./lib/http.js";
import { onKeys } from "./lib/keys.js";
import { currentRow, rowOf } from "./lib/rows.js";
import { neighbor, segmentOf, textOf } from "./lib/stretches.js";

const POLL_MS = 1000;
const AROUND_SECONDS = 0.6;
const ENDED = ["completed", "failed", "cancelled"];
const AT_ONCE = 100; // operations the server takes together

const dialog = document.getElementById("passage");
const part = (name) => dialog.querySelector(`[data-hear-${name}]`);
const words = dialog?.dataset;

/** What was chosen: the ids of its sentences in order, and from when to when. */
const passage = { ids: [], start: 0, end: 0 };
/** What is heard again: {snapshotUrl, cancelUrl, differenceUrl, ids, start, end, accepted, isHeard}, until it was seen. */
const tasks = new Set();
/** The one the dialog shows; null while one chooses. */
let task = null;
let isBusy = false;

// Which part of the dialog is shown ------------------------------------------------------------------------------------

const PARTS = {
  choice: ["choice", "start"],
  run: ["run", "cancel"],
  result: ["result", "again", "done"],
};

function show(name) {
  for (const [other, parts] of Object.entries(PARTS)) for (const one of parts) part(one).hidden = other !== name;
  dialog.dataset.shows = name;
  part("all").hidden = part("undo").hidden = true;
  complain("");
}

function complain(sentence) {
  part("problem").textContent = sentence;
  if (sentence) part("problem").scrollIntoView({ block: "nearest" });
}

function announce(...sentences) {
  part("announce").textContent = sentences.join(" ");
}

const sayElsewhere = (text, action) => document.dispatchEvent(new CustomEvent("toast", { detail: { text, ...(action ? { action } : { level: "error" }) } }));

// Choosing -------------------------------------------------------------------------------------------------------------

/** The first and the last row of a selection that reaches over several; else the one row. */
function chosenRows(row) {
  const selection = getSelection();
  if (selection.isCollapsed || !selection.rangeCount) return [row, row];
  const range = selection.getRangeAt(0);
  const [first, last] = [range.startContainer, range.endContainer].map((node) => (node.nodeType === Node.TEXT_NODE ? node.parentElement : node).closest("[data-segment]"));
  return first && last && first !== last ? [first, last] : [row, row];
}

/** A passage that is being heard, or was while one did something else, is shown; for any other one chooses. */
async function open(row) {
  if (!row) return;
  const [first, last] = chosenRows(row);
  const known = first === last && [...tasks].find(({ ids }) => ids.includes(row.dataset.segment));
  if (known) return openTask(known);
  task = null;
  show("choice");
  dialog.showModal();
  part("body").scrollTop = 0;
  await choose(first, last);
  await bringForm();
}

function openTask(own) {
  task = own;
  Object.assign(passage, { ids: own.ids, start: own.start, end: own.end });
  if (!dialog.open) dialog.showModal();
  if (own.isHeard) return showResult();
  show("run");
  part("bar").value = 0;
  part("cancel").focus();
}

async function choose(first, last) {
  const rows = [first];
  for (let at = first; at !== last; rows.push(at)) {
    at = (await neighbor(segmentOf(at), 1))?.element;
    if (!at) break;
  }
  const spans = rows.map(segmentOf);
  Object.assign(passage, { ids: rows.map((row) => row.dataset.segment), start: Math.min(...spans.map(({ start }) => start)), end: Math.max(...spans.map(({ end }) => end)) });
  [part("from").textContent, part("to").textContent] = [clock(passage.start), clock(passage.end)];
  const times = part("times");
  times.textContent = fill(rows.length === 1 ? times.dataset.one : times.dataset.some, { from: clock(passage.start), to: clock(passage.end), n: rows.length });
  part("text").replaceChildren(...rows.map((row) => Object.assign(document.createElement("p"), { textContent: textOf(row).textContent })));
  showEdges();
}

async function showEdges() {
  const rows = passage.ids.map(rowOf);
  const longest = part("longest");
  const isLong = longest && passage.end - passage.start > Number(longest.dataset.hearLongest);
  complain(isLong ? longest.textContent : "");
  part("start").disabled = isLong || !longest; // without the fields there is nothing to start with
  const [before, after] = await Promise.all([neighbor(segmentOf(rows[0]), -1), neighbor(segmentOf(rows.at(-1)), 1)]);
  for (const button of dialog.querySelectorAll("[data-hear-edge]")) {
    const isOutward = (button.dataset.hearEdge === "first") === (button.dataset.by === "-1");
    const isPossible = isOutward ? (button.dataset.hearEdge === "first" ? before : after) : rows.length > 1;
    button.setAttribute("aria-disabled", String(!isPossible)); // keeps the focus where it is
  }
}

async function moveEdge({ hearEdge, by }) {
  const [first, last] = [rowOf(passage.ids[0]), rowOf(passage.ids.at(-1))];
  const moved = (await neighbor(segmentOf(hearEdge === "first" ? first : last), Number(by)))?.element;
  if (moved) await choose(hearEdge === "first" ? moved : first, hearEdge === "first" ? last : moved);
}

/** Fetch what can be chosen: an engine's model may have come since. */
async function bringForm() {
  const fields = part("fields");
  fields.setAttribute("aria-busy", "true");
  const kept = new FormData(part("choice"));
  try {
    fields.replaceChildren(...(await fetched(words.formUrl)));
    for (const [name, value] of kept) keepChoice(fields.querySelector(`[name="${name}"]`), value);
    fields.querySelector("select").focus({ preventScroll: true });
  } catch (error) {
    complain(error.message);
  }
  fields.removeAttribute("aria-busy");
  showEdges();
}

function keepChoice(field, value) {
  if (field && (!field.options || [...field.options].some((option) => option.value === value))) field.value = value;
}

async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  if (!answer || (!answer.ok && answer.status !== 403)) throw new Error(words.unreached);
  if (answer.redirected || answer.status === 403) throw new Error(words.signedOut);
  return new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes;
}

async function start(event) {
  event.preventDefault();
  if (isBusy || part("start").disabled) return;
  isBusy = true;
  showFieldProblem("", "");
  try {
    const body = new FormData(part("choice"));
    body.set("start", passage.start);
    body.set("end", passage.end);
    const told = await post(words.startUrl, body);
    const { snapshot, snapshot_url: snapshotUrl, cancel_url: cancelUrl, difference_url: differenceUrl } = told;
    const own = { snapshotUrl, cancelUrl, differenceUrl, ...passage, accepted: 0, isHeard: false };
    tasks.add(own);
    openTask(own);
    showProgress(snapshot);
    follow(own);
  } catch (error) {
    showFieldProblem(error.field, error.message);
  }
  isBusy = false;
}

async function post(address, body) {
  const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => null);
  if (!answer) throw new Error(words.unreached);
  if (answer.redirected || answer.status === 403) throw new Error(words.signedOut);
  const told = await answer.json().catch(() => null);
  if (!answer.ok || !told) throw Object.assign(new Error(told?.error ?? words.unreached), { field: told?.field });
  return told;
}

/** Beside the field it is about, if there is one. */
function showFieldProblem(name, sentence) {
  for (const place of part("fields").querySelectorAll("[data-error-for]")) {
    const isIt = place.dataset.errorFor === name;
    place.hidden = !isIt;
    place.textContent = isIt ? sentence : "";
    const field = part("fields").querySelector(`[name="${place.dataset.errorFor}"]`);
    if (isIt) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (isIt) field.focus();
  }
  const isBeside = part("fields").querySelector("[aria-invalid]");
  if (isBeside) announce(sentence);
  complain(isBeside ? "" : sentence);
}

// Waiting --------------------------------------------------------------------------------------------------------------

async function follow(own) {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const snapshot = await asked(own.snapshotUrl);
    if (!tasks.has(own)) return;
    if (!snapshot) continue; // no connection: the next round asks again
    if (ENDED.includes(snapshot.status)) return ended(own, snapshot);
    if (own === task) showProgress(snapshot);
  }
}

async function asked(address) {
  try {
    const answer = await fetch(address, { headers: { Accept: "application/json" } });
    if (answer.status === 404) return { status: "cancelled" };
    return answer.ok && !answer.redirected ? await answer.json() : null;
  } catch {
    return null;
  }
}

function showProgress({ status, percent, stage_title: title, queue_position: place }) {
  const waiting = place > 1 ? fill(words.placeInLine, { n: place }) : words.inLine;
  part("stage").textContent = status === "queued" ? waiting : title || words.starting;
  part("bar").value = Math.max(part("bar").value, percent);
  part("percent").textContent = status === "queued" ? "" : `${Math.floor(part("bar").value)} %`;
}

async function ended(own, { status, error }) {
  own.isHeard = status === "completed";
  if (!own.isHeard) tasks.delete(own);
  if (!dialog.open) endedUnseen(own, status, error);
  else if (own !== task) dialog.addEventListener("close", () => endedUnseen(own, status, error), { once: true });
  else if (own.isHeard) showResult();
  else await chooseAgain(status === "failed" ? error : words.cancelled);
}

/** Somebody went on working meanwhile: say it beside that. */
function endedUnseen(own, status, error) {
  if (status === "failed") sayElsewhere(error);
  if (tasks.has(own)) sayElsewhere(fill(words.ready, { time: clock(own.start) }), { label: words.look, run: () => openTask(own) });
}

async function cancel() {
  const own = task;
  if (!own || isBusy) return;
  isBusy = true;
  try {
    await post(own.cancelUrl, new FormData());
    if (tasks.has(own)) await ended(own, { status: "cancelled" });
  } catch (error) {
    if (own === task) complain(error.message); // it has perhaps just ended: the next snapshot says so
  }
  isBusy = false;
}

// What was heard otherwise ---------------------------------------------------------------------------------------------

const choices = () => [...part("result").querySelectorAll("[data-choice]")];

/** What was heard otherwise, as nodes; null when it did not come. */
async function difference(own) {
  part("result").setAttribute("aria-busy", "true");
  try {
    return await fetched(own.differenceUrl);
  } catch (error) {
    if (own === task) {
      complain(error.message);
      part("done").focus();
    }
    return null;
  } finally {
    part("result").removeAttribute("aria-busy");
  }
}

/** Compare what was heard with what stands now. Resolves to how much is left, in words; null when it did not come. */
async function showResult(index = 0) {
  const own = task;
  const isNew = dialog.dataset.shows !== "result";
  if (isNew) show("result");
  if (isNew) part("result").replaceChildren();
  const found = await difference(own);
  if (!found || own !== task) return null;
  tasks.delete(own);
  part("result").replaceChildren(...found);
  const told = part("result").querySelector("[data-difference]").dataset;
  const count = Number(told.difference);
  part("all").hidden = !count || told.heard === "0"; // what nobody heard is looked at piece by piece
  part("undo").hidden = !own.accepted;
  const title = part("result").querySelector(".passage-same h3");
  if (title && own.accepted) title.textContent = told.left;
  if (isNew) announce(title?.textContent ?? told.left);
  focusOn(Math.min(index, count - 1));
  return told.left;
}

function focusOn(index) {
  const button = choices()[index]?.querySelector("[data-choice-accept]") ?? part("done");
  button.focus({ preventScroll: true });
  button.scrollIntoView({ block: "nearest" });
}

function operation(place, taken) {
  const { sentence, revision } = place.closest("[data-sentence]").dataset;
  const about = { segment: Number(sentence), revision: Number(revision) };
  return taken ? { kind: "text", ...about, text: taken } : { kind: "delete", ...about };
}

/** Change the text, and compare again: what is shown next to each other is always what stands now. One may have gone
    on to something else meanwhile. */
async function act(done, index, sentence) {
  if (isBusy) return;
  const own = task;
  isBusy = true;
  part("result").setAttribute("aria-busy", "true");
  complain("");
  try {
    await compareAgain(own, await problemOf(own, done), index, sentence);
  } finally {
    part("result").removeAttribute("aria-busy");
    isBusy = false;
  }
}

/** Do it; what went wrong comes back as a sentence. */
async function problemOf(own, done) {
  try {
    own.accepted += await done();
    return "";
  } catch (error) {
    return error instanceof Conflict ? words.changed : error.message;
  }
}

async function compareAgain(own, problem, index, sentence) {
  if (own !== task || !dialog.open) {
    if (problem) sayElsewhere(problem);
    return;
  }
  const left = await showResult(index);
  if (problem) complain(problem);
  else if (left) announce(sentence, left);
}

function accept(place) {
  const wanted = operation(place, place.dataset.taken);
  return act(async () => (await change(() => [wanted])).changes.length, choices().indexOf(place), words.accepted);
}

function acceptAll() {
  const wanted = [...part("result").querySelectorAll("[data-differs]")].map((place) => operation(place, place.dataset.taken));
  const done = async () => {
    let count = 0;
    for (let first = 0; first < wanted.length; first += AT_ONCE) count += (await change(() => wanted.slice(first, first + AT_ONCE))).changes.length;
    return count;
  };
  return act(done, 0, words.accepted);
}

function takeBack() {
  const done = async () => {
    await undo();
    return -1;
  };
  return act(done, 0, words.undone);
}

function play({ start: from, end: to }) {
  playExcerpt(Number(from) - AROUND_SECONDS, Number(to) + AROUND_SECONDS);
}

// Wiring ---------------------------------------------------------------------------------------------------------------

function onResultKey(event) {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  const all = choices();
  const here = event.target.closest("[data-choice]");
  if (!step || !here || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  focusOn(Math.min(Math.max(0, all.indexOf(here) + step), all.length - 1));
}

function onClick(event) {
  const button = event.target.closest("button");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  const place = button.closest("[data-choice]");
  if (button.matches("[data-hear-close], [data-hear-done]")) dialog.close();
  else if (button.matches("[data-hear-edge]")) moveEdge(button.dataset);
  else if (button.matches("[data-hear-play]")) playExcerpt(passage.start, passage.end);
  else if (button.matches("[data-hear-cancel]")) cancel();
  else if (button.matches("[data-hear-again]")) chooseAgain();
  else if (button.matches("[data-hear-all]")) acceptAll();
  else if (button.matches("[data-hear-undo]")) takeBack();
  else if (button.matches("[data-choice-play]")) play(place.dataset);
  else if (button.matches("[data-choice-accept]")) accept(place);
}

/** Back to the choice, with the same passage as far as its sentences are still there. */
async function chooseAgain(sentence = "") {
  const rows = passage.ids.map(rowOf).filter(Boolean);
  task = null;
  if (!rows.length) return dialog.close();
  show("choice");
  await choose(rows[0], rows.at(-1));
  await bringForm();
  if (sentence) complain(sentence);
}

if (canEdit && dialog) {
  dialog.addEventListener("click", onClick);
  part("choice").addEventListener("submit", start);
  part("result").addEventListener("keydown", onResultKey);
  dialog.addEventListener("close", () => rowOf(passage.ids[0])?.querySelector("[data-seek-link]").focus({ preventScroll: true }));
  document.addEventListener("rowaction", ({ detail: { name, element } }) => name === "again" && open(element));
  onKeys({ again: () => void open(currentRow()) });
}
