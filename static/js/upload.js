/* Files go up in pieces while the options are chosen; "Transcribe" turns each into a job once it is up. */
import { dropAnywhere } from "./lib/drop.js";
import { FileOptions } from "./lib/fileoptions.js";
import { bytes, fill, number } from "./lib/format.js";
import { csrfToken, sentence } from "./lib/http.js";
import { NAMES, OptionFields } from "./lib/options.js";
import { Pace } from "./lib/pace.js";
import { Sending } from "./lib/sending.js";
import { notMedia } from "./lib/sniff.js";
import { recall, remember } from "./lib/storage.js";
import { Turns } from "./lib/turns.js";
import { isSameFile } from "./lib/twins.js";
import { Unfinished } from "./lib/unfinished.js";

const AT_ONCE = 2;
const PAUSES_MS = [0, 1000, 3000, 5000, 10_000, 20_000]; // after each break without a byte between; then the last again
const LONG_LIST = 6;
const BUSY = ["chosen", "waiting", "uploading", "paused", "checking", "submitting"];
const LATE = ["refused", "submitting", "done"];
const REMEMBERED = NAMES.filter((name) => name !== "vocabulary");
const NOT_COMPARED = ["checking", "same", "refused"];
const BAD_OPTIONS = 400;
const CONFLICT = 409;

const form = document.querySelector("[data-upload]");
const limits = {
  bytes: Number(form.dataset.maxBytes),
  piece: Number(form.dataset.pieceBytes),
  extensions: form.dataset.extensions.split(",").filter(Boolean),
};
const place = { createUrl: form.dataset.createUrl, tusSrc: form.dataset.tusSrc, pieceBytes: limits.piece };
const list = form.querySelector("[data-files]");
const rows = [];
const discarded = new Set(); // the addresses of uploads of removed rows
const common = new OptionFields(form.querySelector("[data-common]"));
const unfinished = new Unfinished(form.querySelector("[data-unfinished]"), form.querySelector("[data-file-input]"));
const handing = new Turns(AT_ONCE);
const pace = new Pace();

function word(name, values = {}) {
  return fill(form.querySelector(`[data-word="${name}"]`).textContent, values);
}

// Rows -----------------------------------------------------------------------------------------------------------------

function addRow(file) {
  const element = form.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
  const part = (name) => element.querySelector(`[data-${name}]`);
  const row = { file, element, part, state: "chosen", isWanted: false, isAnyway: false, twin: null, canMend: false, isReceived: false, sent: 0, breaks: 0, isCut: false, timer: 0, pace: new Pace() };
  row.sending = new Sending(file, place, {
    progress: (sent) => progress(row, sent),
    received: () => received(row),
    broken: (code) => pause(row, code),
    failed: (why) => failed(row, why),
  });
  const id = `title-${crypto.randomUUID?.() ?? rows.length}`;
  element.querySelector("label").htmlFor = id;
  part("title").id = id;
  part("title").value = file.name.replace(/\.[^.]+$/, "") || file.name;
  part("size").textContent = bytes(file.size);
  row.options = new FileOptions(element, common, form.querySelector("template[data-row-options]"), word);
  row.options.call(part("title").value);
  part("title").addEventListener("input", () => row.options.call(part("title").value));
  part("retry").addEventListener("click", () => retry(row));
  part("anyway").addEventListener("click", () => goOnAnyway(row));
  part("remove").addEventListener("click", () => remove(row));
  list.hidden = false;
  list.append(element);
  rows.push(row);
  return row;
}

function show(row, state, message = "") {
  row.state = state;
  row.canMend = false;
  row.element.dataset.state = state;
  row.part("message").textContent = message;
  row.part("retry").hidden = state !== "failed" && state !== "paused";
  row.part("same").hidden = state !== "same";
  row.part("remove").hidden = state === "submitting" || state === "done";
  row.part("title").hidden = state === "done";
  row.part("title").disabled = state === "submitting" || state === "refused";
  if (LATE.includes(state)) row.options.toggle(false);
  if (["refused", "failed", "paused", "same"].includes(state)) announce(`${row.file.name}: ${message}`);
  if (state === "uploaded" || state === "done") announce(`${row.part("title").value}: ${message}`);
  update();
}

/** A file that is not taken shows its whole name, as the extension may be why. */
function refuse(row, message) {
  row.part("title").value = row.file.name;
  show(row, "refused", message);
}

function announce(text) {
  form.querySelector("[data-announce]").textContent = text;
}

/** Whether "Transcribe" still concerns this file. */
function isOpen(row) {
  return ["chosen", "waiting", "uploading", "paused", "checking", "uploaded"].includes(row.state) || row.canMend;
}

/** One file needs no options besides those for all. */
function showChoices() {
  const taken = rows.filter((row) => row.state !== "refused");
  for (const row of rows) {
    const isLate = LATE.includes(row.state);
    row.part("choice").hidden = isLate ? row.options.own.size === 0 || row.state === "refused" : taken.length < 2 && row.options.own.size === 0 && !row.options.isOpen;
    row.part("options").hidden = isLate;
    row.part("reset").hidden = isLate || row.options.own.size === 0;
  }
}

function update() {
  showChoices();
  const open = rows.filter(isOpen);
  const unwanted = open.filter((row) => !row.isWanted);
  const button = form.querySelector("[data-start]");
  const label = button.querySelector("[data-start-label]");
  const note = form.querySelector("[data-start-note]");
  const isGoing = open.length > 0 && unwanted.length === 0;
  button.disabled = unwanted.length === 0;
  const count = unwanted.length;
  const isUploading = open.some((row) => !row.isReceived);
  label.textContent = fill(isGoing ? label.dataset.going : count > 1 ? label.dataset.many : label.dataset.one, { count });
  const isEnded = !open.length && rows.some((row) => row.state === "done") && !rows.some((row) => row.state === "submitting");
  const isHeld = !open.length && rows.some((row) => row.state === "same");
  note.textContent = isEnded ? note.dataset.ended : isHeld ? note.dataset.same : isGoing ? note.dataset.going : isUploading ? note.dataset.uploading : open.length ? note.dataset.ready : note.dataset.none;
  list.hidden = rows.length === 0;
  form.querySelector("[data-skip]").hidden = rows.length < LONG_LIST;
  showWhole();
}

/** "12 of 30 uploaded · 41 % · 3 min left", while there is more than one and not all are up. */
function showWhole() {
  const whole = form.querySelector("[data-whole]");
  const taken = rows.filter((row) => row.state !== "refused");
  const there = taken.filter((row) => row.isReceived);
  whole.hidden = taken.length < 2 || there.length === taken.length;
  if (whole.hidden) return;
  const total = taken.reduce((sum, row) => sum + row.file.size, 0);
  const sent = taken.reduce((sum, row) => sum + (row.isReceived ? row.file.size : row.sent), 0);
  const speed = taken.some((row) => row.state === "uploading") ? pace.perSecond : 0;
  const values = { done: number(there.length), count: number(taken.length), percent: Math.floor((100 * sent) / total), left: speed && left((total - sent) / speed) };
  whole.querySelector("[data-whole-progress]").value = sent / total;
  whole.querySelector("[data-whole-text]").textContent = word(speed ? "whole" : "wholestill", values);
}

function remove(row) {
  clearTimeout(row.timer);
  if (row.sending.url) discarded.add(pathOf(row.sending.url));
  row.sending.giveUp();
  rows.splice(rows.indexOf(row), 1);
  for (const twin of rows.filter((one) => one.state === "same" && one.twin === row)) received(twin);
  const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
  row.element.remove();
  (next?.querySelector("[data-remove]") ?? form.querySelector("[data-file-input]")).focus();
  update();
  startUploads();
}

function retry(row) {
  if (row.isReceived) return submit(row);
  wake(row);
}

// Checks before anything is sent ---------------------------------------------------------------------------------------

async function problem(file) {
  const extension = (file.name.match(/\.[^.]+$/)?.[0] ?? "").toLowerCase();
  const known = limits.extensions.slice(0, 8).map((name) => name.slice(1).toUpperCase()).join(", ");
  if (!extension) return word("nameless", { list: known });
  if (limits.extensions.length && !limits.extensions.includes(extension)) return word("extension", { extension, list: known });
  if (file.size === 0) return word("empty");
  if (limits.bytes && file.size > limits.bytes) return word("large", { size: bytes(file.size), limit: bytes(limits.bytes) });
  try {
    const kind = await notMedia(file);
    return kind && word("kind", { kind: word(kind) });
  } catch {
    return word("unreadable");
  }
}

async function isInList(row) {
  for (const other of rows.slice(0, rows.indexOf(row))) {
    if (other.state !== "refused" && (await isSameFile(other.file, row.file))) return true;
  }
  return false;
}

async function add(files) {
  const chosen = unfinished.takeChosen(files);
  if (!chosen) return;
  for (const file of chosen) {
    const row = addRow(file);
    const refusal = (await isInList(row)) ? word("twice") : await problem(file);
    if (!rows.includes(row)) continue;
    if (refusal) {
      refuse(row, refusal);
      continue;
    }
    row.sending.url = unfinished.claim(file);
    show(row, "waiting", word("waiting"));
  }
  startUploads();
}

/** Go on with a file that is all there and was never handed in. */
function adopt({ name, size, url }) {
  const row = addRow({ name, size });
  row.sending.url = url;
  received(row);
  row.part("title").focus();
}

// Uploading ------------------------------------------------------------------------------------------------------------

function startUploads() {
  const held = rows.filter((row) => row.state === "uploading" || (row.state === "paused" && row.isCut)); // no line, for none
  const free = AT_ONCE - held.length;
  for (const row of rows.filter((row) => row.state === "waiting").slice(0, Math.max(0, free))) send(row);
}

function send(row) {
  show(row, "uploading", word("starting"));
  row.pace = new Pace();
  row.sending.start();
}

function progress(row, sent) {
  if (row.state !== "uploading") return;
  const total = row.file.size;
  if (sent > row.sent) row.breaks = 0;
  row.sent = sent;
  row.pace.add(sent);
  pace.add(rows.reduce((sum, one) => sum + one.sent, 0));
  const speed = row.pace.perSecond;
  row.part("progress").value = total ? sent / total : 0;
  const percent = Math.floor((100 * sent) / total);
  if (speed <= 0) row.part("message").textContent = word("percent", { percent });
  else row.part("message").textContent = word("progress", { percent, speed: bytes(speed), left: left((total - sent) / speed) });
  showWhole();
}

function left(seconds) {
  if (seconds < 60) return word("seconds", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return word("minutes", { n: Math.ceil(seconds / 60) });
  return word("hours", { n: number(seconds / 3600, 1) });
}

/** A break that passes: it goes on by itself, sooner or later, or as soon as the browser is online again. */
function pause(row, code) {
  if (!rows.includes(row)) return;
  const rest = PAUSES_MS[Math.min(row.breaks, PAUSES_MS.length - 1)];
  row.breaks += 1;
  row.isCut = code === 0;
  row.timer = setTimeout(() => wake(row), rest);
  if (rest) show(row, "paused", word(code ? "stumbled" : "cut", { code }));
  startUploads();
}

function wake(row) {
  clearTimeout(row.timer);
  show(row, "waiting", word("waiting"));
  startUploads();
}

function wakeAll() {
  for (const row of rows.filter((row) => row.state === "paused")) wake(row);
}

function received(row) {
  row.isReceived = true;
  row.sent = row.file.size;
  show(row, "checking", word("checking"));
  handing.take(() => lookForSame(row));
  startUploads();
}

/** Whether the person has this very file already. The server knows it by all of its bytes. */
async function lookForSame(row) {
  let answer;
  try {
    answer = await fetch(`${row.sending.url}same/`, { headers: { Accept: "application/json" } });
  } catch {
    row.isReceived = false;
    return pause(row, 0);
  }
  const known = answer.ok && !answer.redirected ? await answer.json() : null;
  if (!rows.includes(row)) return;
  const twin = known && twinAmong(known, row);
  if (twin) showSame(row, twin);
  else uploaded(row, known ? word("uploaded") : word("unchecked"));
}

/** What goes before a file: a recording of it, the same in this list, or an upload made elsewhere. Null without any.
 *  Of two rows that are compared at once, the upper one goes before the other. */
function twinAmong({ recordings, uploads }, row = null) {
  if (recordings.length) return { said: "same", ...recordings[0] };
  const others = uploads.map((one) => ({ ...one, row: rows.find(({ sending }) => sending.url && pathOf(sending.url) === one.url) }));
  const listed = others.find((one) => one.row && goesBefore(one.row, row))?.row;
  if (listed) return { said: "samehere", title: listed.part("title").value, url: addressOf(listed), row: listed };
  const elsewhere = others.find(({ row, url }) => !row && !discarded.has(url));
  return elsewhere ? { said: "samewaiting", title: elsewhere.title, since: elsewhere.since } : null;
}

function goesBefore(other, row) {
  const isAbove = rows.indexOf(other) < rows.indexOf(row);
  return other.isReceived && (!NOT_COMPARED.includes(other.state) || (other.state === "checking" && isAbove));
}

/** Of a row in this page, or of what it has become. */
function addressOf({ state, part }) {
  return state === "done" ? part("link").href : `#${part("title").id}`;
}

function pathOf(url) {
  return new URL(url, location.href).pathname;
}

function showSame(row, { said, title, url, since = "", row: twin = null }) {
  const link = row.part("same-link");
  row.twin = twin;
  link.textContent = title;
  if (url) link.href = url;
  else link.removeAttribute("href"); // it has no page yet
  row.part("same-since").textContent = since;
  show(row, "same", word(said));
}

function goOnAnyway(row) {
  row.element.tabIndex = -1; // the button goes; the focus stays in the row
  row.element.focus();
  row.isAnyway = true;
  submit(row);
}

function uploaded(row, message) {
  show(row, "uploaded", message);
  if (row.isWanted) submit(row);
}

function refusal(code) {
  return word(code >= 500 ? "broken" : "server", { code });
}

function failed(row, { code, said, isSignedOut }) {
  const why = isSignedOut ? word("signedout") : said ?? (code ? refusal(code) : word("offline"));
  show(row, "failed", why);
  startUploads();
}

// Options and hand-over ------------------------------------------------------------------------------------------------

function options(row) {
  const data = new FormData();
  for (const [name, value] of Object.entries(row.options.values())) if (value) data.set(name, value);
  data.set("title", row.part("title").value.trim() || row.file.name);
  if (!row.isAnyway) data.set("unless_here", "1");
  return data;
}

function submit(row) {
  row.isWanted = true;
  row.options.fields?.showErrors({});
  show(row, "submitting", word("submitting"));
  return handing.take(() => handIn(row));
}

async function handIn(row) {
  let answer;
  try {
    answer = await fetch(`${row.sending.url}submit/`, {
      method: "POST",
      body: options(row),
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
    });
  } catch {
    return show(row, "failed", word("offline"));
  }
  const text = await answer.text();
  if (answer.ok && !answer.redirected) return done(row, JSON.parse(text).url);
  if (answer.status === 403 || answer.redirected) return show(row, "failed", word("signedout"));
  row.isWanted = false;
  const known = answer.status === CONFLICT ? JSON.parse(text).recordings : null;
  if (known) return showSame(row, twinAmong({ recordings: known, uploads: [] }));
  show(row, "failed", sentence(text) ?? refusal(answer.status));
  if (answer.status === BAD_OPTIONS) showRefusedOptions(row, JSON.parse(text).fields);
}

function done(row, url) {
  row.part("link").href = url;
  row.part("link").textContent = row.part("title").value || row.file.name;
  row.part("link").hidden = false;
  for (const one of rows.filter(({ twin }) => twin === row)) one.part("same-link").href = url;
  show(row, "done", word("done"));
  if (rows.length === 1) location.assign(url);
}

/** The file is there; with other options it can be sent again as it is. Each sentence stands at its field. */
function showRefusedOptions(row, fields) {
  if (!row.options.showErrors(fields)) common.showErrors(fields);
  if (Object.keys(fields).every((name) => NAMES.includes(name))) row.part("message").textContent = word("mend");
  row.canMend = true;
  update();
}

function restoreChoices() {
  const saved = recall("options") ?? {};
  for (const name of REMEMBERED.filter((name) => saved[name])) {
    common.set(name, saved[name]);
    if (name === "engine") common.suit();
  }
  showEngine();
}

function rememberChoices() {
  remember("options", Object.fromEntries(REMEMBERED.map((name) => [name, common.chosen(name)])));
}

/** Name the engine beside "more", and offer what it can do. */
function showEngine() {
  common.suit();
  form.querySelector("[data-engine-now]").textContent = common.engine()?.dataset.engineTitle ?? "";
}

// Wiring ---------------------------------------------------------------------------------------------------------------

form.querySelector("[data-file-input]").addEventListener("change", (event) => {
  add([...event.target.files]);
  event.target.value = "";
});
common.root.addEventListener("input", (event) => {
  if (!common.nameOf(event.target)) return;
  showEngine();
  rememberChoices();
  for (const row of rows) row.options.follow();
});
list.addEventListener("input", showChoices);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  common.showErrors({});
  for (const row of rows.filter(isOpen)) {
    row.isWanted = true;
    if (row.state === "uploaded" || row.canMend) submit(row);
  }
  update();
});
form.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-title], [data-file-options] input")) event.preventDefault();
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) add([...event.clipboardData.files]);
});
document.addEventListener("files", (event) => add(event.detail));
window.addEventListener("beforeunload", (event) => {
  if (rows.some((row) => BUSY.includes(row.state))) event.preventDefault();
});
window.addEventListener("online", wakeAll);
document.addEventListener("visibilitychange", () => document.hidden || wakeAll());
document.addEventListener("adopt", (event) => adopt(event.detail));
dropAnywhere(word("drop"), add);
restoreChoices();
update();
