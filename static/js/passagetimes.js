/* The times of a sentence, and a sentence that the engine did not hear at all. */
import { tidy } from "./lib/caret.js";
import { canEdit, change, segmentOp, tell } from "./lib/changes.js";
import { rowOf } from "./lib/rows.js";
import { neighbor, segmentOf, textOf } from "./lib/stretches.js";

const TIME = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/;
const GAP = 0.05; // seconds; where less lies between two sentences, one that is inserted begins with the next
const SPOKEN = 2; // seconds a sentence takes when nothing says otherwise

const dialog = document.getElementById("passage-times");
const part = (name) => dialog.querySelector(`[data-passage-${name}]`);
const [startField, endField, text, onward] = ["passage-start", "passage-end", "passage-text", "passage-onward"].map((id) => document.getElementById(id));
const media = document.querySelector("[data-media]");
let task = null; // {kind: "times" or "insert", row, start, end}

/** "1:02:03.45" in seconds; NaN for what is no time. */
function secondsOf(written) {
  const found = TIME.exec(written.trim());
  if (!found) return NaN;
  const [, hours = 0, minutes = 0, seconds] = found;
  return Number((Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds.replace(",", "."))).toFixed(3));
}

function written(seconds) {
  const whole = Math.max(0, Math.round(seconds * 100));
  const pair = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 360_000), Math.floor(whole / 6000) % 60];
  const rest = `${pair(Math.floor(whole / 100) % 60)}.${pair(whole % 100)}`;
  return hours ? `${hours}:${pair(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function open(kind, row, start, end) {
  task = { kind, row, start, end };
  for (const place of dialog.querySelectorAll("[data-of-times]")) place.textContent = kind === "times" ? place.dataset.ofTimes : place.dataset.ofInsert;
  part("text-field").hidden = kind === "times";
  part("onward-field").hidden = kind === "insert";
  part("error").textContent = "";
  [startField.value, endField.value, text.value, onward.checked] = [written(start), written(end), "", false];
  for (const button of dialog.querySelectorAll("[data-take]")) button.hidden = !media;
  endField.disabled = false;
  dialog.showModal();
  (kind === "insert" ? text : startField).focus();
}

async function openInsert(row) {
  const { end } = segmentOf(row);
  const behind = await neighbor(segmentOf(row), 1);
  const last = Number(document.querySelector("[data-player]")?.dataset.duration) || end + SPOKEN;
  const limit = behind ? behind.start : Math.max(last, end);
  const free = limit - end > GAP;
  open("insert", row, end, free ? Math.min(limit, end + 2 * SPOKEN) : end + GAP);
}

/** The operations asked for; null after saying why they cannot be done. */
function wanted() {
  const [start, end] = [secondsOf(startField.value), secondsOf(endField.value)];
  const { row, kind } = task;
  const say = (name) => {
    part("error").textContent = part("error").dataset[name];
    return null;
  };
  if (Number.isNaN(start) || Number.isNaN(end)) return say("nonsense");
  if (kind === "times" && onward.checked) return () => [segmentOp(rowOf(row.dataset.segment) ?? row, "shift", { seconds: Number((start - task.start).toFixed(3)), reach: "onward" })];
  if (start >= end) return say("order");
  if (kind === "times") return () => [segmentOp(rowOf(row.dataset.segment) ?? row, "times", { start, end })];
  if (!tidy(text.value)) return say("empty");
  return () => [{ kind: "insert", start, end, text: text.value, speaker: Number(row.dataset.speaker) || null }];
}

async function submit(event) {
  event.preventDefault();
  const make = wanted();
  if (!make) return;
  try {
    const answer = await change(make);
    dialog.close();
    const shown = task.kind === "insert" ? rowOf(answer.segments[0]?.id) : rowOf(task.row.dataset.segment);
    shown?.querySelector("[data-seek-link]").focus({ preventScroll: true });
  } catch (error) {
    if (!error.conflicts) part("error").textContent = error.message;
    else {
      dialog.close();
      tell(error);
    }
  }
}

/** Moving all keeps the length, so only the start is asked for. */
function moved() {
  const [start, by] = [secondsOf(startField.value), task.end - task.start];
  endField.disabled = onward.checked;
  if (onward.checked && !Number.isNaN(start)) endField.value = written(start + by);
}

if (canEdit && dialog) {
  dialog.querySelector("form").addEventListener("submit", submit);
  dialog.addEventListener("input", moved);
  part("cancel").addEventListener("click", () => dialog.close());
  text.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && text.form.requestSubmit());
  dialog.addEventListener("click", (event) => {
    const { nudge, of, take } = event.target.closest("button")?.dataset ?? {};
    const field = document.getElementById(of ?? take);
    if (!field) return;
    field.value = written(take ? media.currentTime : (secondsOf(field.value) || 0) + Number(nudge));
    moved();
  });
  document.addEventListener("rowaction", ({ detail: { name, element } }) => {
    if (name === "times") open("times", element, segmentOf(element).start, segmentOf(element).end);
    if (name === "insert") openInsert(element);
  });
}
