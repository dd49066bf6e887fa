/* Files go up in pieces (tus) while the options are chosen; "Transcribe" turns each into a job once it is up. */
import { dropAnywhere } from "./lib/drop.js";
import { FileOptions } from "./lib/fileoptions.js";
import { bytes, fill, number } from "./lib/format.js";
import { csrfToken, sentence } from "./lib/http.js";
import { NAMES, OptionFields } from "./lib/options.js";
import { notMedia } from "./lib/sniff.js";
import { recall, remember } from "./lib/storage.js";

const AT_ONCE = 2;
const RETRY_DELAYS_MS = [0, 1000, 3000, 5000, 10_000, 20_000];
const REMEMBERED = NAMES.filter((name) => name !== "vocabulary");
const BAD_OPTIONS = 400;

const form = document.querySelector("[data-upload]");
const limits = {
  bytes: Number(form.dataset.maxBytes),
  piece: Number(form.dataset.pieceBytes),
  extensions: form.dataset.extensions.split(",").filter(Boolean),
};
const list = form.querySelector("[data-files]");
const rows = [];
const common = new OptionFields(form.querySelector("[data-common]"));

function word(name, values = {}) {
  return fill(form.querySelector(`[data-word="${name}"]`).textContent, values);
}

// Rows -----------------------------------------------------------------------------------------------------------------

function addRow(file) {
  const element = form.querySelector("template[data-row]").content.firstElementChild.cloneNode(true);
  const part = (name) => element.querySelector(`[data-${name}]`);
  const row = { file, element, part, state: "waiting", isWanted: false, canMend: false, upload: null, url: null, sent: [] };
  const id = `title-${crypto.randomUUID?.() ?? rows.length}`;
  element.querySelector("label").htmlFor = id;
  part("title").id = id;
  part("title").value = file.name.replace(/\.[^.]+$/, "") || file.name;
  part("size").textContent = bytes(file.size);
  row.options = new FileOptions(element, common, form.querySelector("template[data-row-options]"), word);
  row.options.call(part("title").value);
  part("title").addEventListener("input", () => row.options.call(part("title").value));
  part("retry").addEventListener("click", () => retry(row));
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
  row.part("retry").hidden = state !== "failed";
  row.part("remove").hidden = ["submitting", "done"].includes(state);
  row.part("title").hidden = state === "done";
  row.part("title").disabled = state === "submitting" || state === "refused";
  if (["refused", "submitting", "done"].includes(state)) row.options.toggle(false);
  if (state === "refused" || state === "failed") announce(`${row.file.name}: ${message}`);
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
  return ["waiting", "uploading", "uploaded"].includes(row.state) || row.canMend;
}

/** One file needs no options besides those for all. */
function showChoices() {
  const taken = rows.filter((row) => row.state !== "refused");
  for (const row of rows) {
    const isLate = ["refused", "submitting", "done"].includes(row.state);
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
  const isUploading = open.some((row) => !row.url);
  label.textContent = fill(isGoing ? label.dataset.going : count > 1 ? label.dataset.many : label.dataset.one, { count });
  const isEnded = !open.length && rows.some((row) => row.state === "done") && !rows.some((row) => row.state === "submitting");
  note.textContent = isEnded ? note.dataset.ended : isGoing ? note.dataset.going : isUploading ? note.dataset.uploading : open.length ? note.dataset.ready : note.dataset.none;
  list.hidden = rows.length === 0;
}

function remove(row) {
  row.upload?.abort(true).catch(() => {}); // the server forgets unfinished uploads by itself
  rows.splice(rows.indexOf(row), 1);
  const next = row.element.nextElementSibling ?? row.element.previousElementSibling;
  row.element.remove();
  (next?.querySelector("[data-remove]") ?? form.querySelector("[data-file-input]")).focus();
  update();
  startUploads();
}

function retry(row) {
  row.isWanted = true;
  if (row.url) submit(row);
  else {
    show(row, "waiting", word("waiting"));
    startUploads();
  }
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

async function add(files) {
  for (const file of files) {
    const isTwice = rows.some((row) => row.file.name === file.name && row.file.size === file.size && row.state !== "refused");
    const row = addRow(file);
    const refusal = isTwice ? word("twice") : await problem(file);
    if (refusal) refuse(row, refusal);
    else show(row, "waiting", word("waiting"));
  }
  startUploads();
}

// Uploading ------------------------------------------------------------------------------------------------------------

let tusLoading = null;
function loadTus() {
  tusLoading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = form.dataset.tusSrc;
    script.addEventListener("load", () => resolve(window.tus));
    script.addEventListener("error", () => {
      tusLoading = null;
      reject(new Error(word("offline")));
    });
    document.head.append(script);
  });
  return tusLoading;
}

function startUploads() {
  const free = AT_ONCE - rows.filter((row) => row.state === "uploading").length;
  for (const row of rows.filter((row) => row.state === "waiting").slice(0, Math.max(0, free))) send(row);
}

async function send(row) {
  show(row, "uploading", word("starting"));
  try {
    const tus = await loadTus();
    const upload = new tus.Upload(row.file, {
      endpoint: form.dataset.createUrl,
      chunkSize: limits.piece,
      retryDelays: RETRY_DELAYS_MS,
      metadata: { filename: row.file.name, filetype: row.file.type },
      headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" },
      removeFingerprintOnSuccess: true,
      onProgress: (sent, total) => progress(row, sent, total),
      onSuccess: () => uploaded(row),
      onError: (error) => failed(row, error),
    });
    row.upload = upload;
    const [previous] = await upload.findPreviousUploads();
    if (previous) upload.resumeFromPreviousUpload(previous);
    if (rows.includes(row)) upload.start();
  } catch (error) {
    show(row, "failed", error.message);
  }
}

function progress(row, sent, total) {
  if (row.state !== "uploading") return;
  const now = performance.now();
  row.sent.push([now, sent]);
  row.sent = row.sent.filter(([time]) => now - time < 6000);
  const [since, first] = row.sent[0];
  const speed = now > since ? ((sent - first) / (now - since)) * 1000 : 0;
  row.part("progress").value = total ? sent / total : 0;
  const percent = Math.floor((100 * sent) / total);
  if (speed <= 0) row.part("message").textContent = word("percent", { percent });
  else row.part("message").textContent = word("progress", { percent, speed: bytes(speed), left: left((total - sent) / speed) });
}

function left(seconds) {
  if (seconds < 60) return word("seconds", { n: Math.max(1, Math.ceil(seconds)) });
  if (seconds < 5400) return word("minutes", { n: Math.ceil(seconds / 60) });
  return word("hours", { n: number(seconds / 3600, 1) });
}

function uploaded(row) {
  row.url = row.upload.url;
  show(row, "uploaded", word("uploaded"));
  startUploads();
  if (row.isWanted) submit(row);
}

function refusal(code) {
  return word(code >= 500 ? "broken" : "server", { code });
}

function failed(row, error) {
  const code = error.originalResponse?.getStatus();
  const said = error.originalResponse && sentence(error.originalResponse.getBody());
  if (said) show(row, "failed", said);
  else if (code === 401 || code === 403) show(row, "failed", word("signedout"));
  else show(row, "failed", code ? refusal(code) : word("offline"));
  startUploads();
}

// Options and hand-over ------------------------------------------------------------------------------------------------

function options(row) {
  const data = new FormData();
  for (const [name, value] of Object.entries(row.options.values())) if (value) data.set(name, value);
  data.set("title", row.part("title").value.trim() || row.file.name);
  return data;
}

async function submit(row) {
  row.options.fields?.showErrors({});
  show(row, "submitting", word("submitting"));
  let answer;
  try {
    answer = await fetch(`${row.url.replace(/\/$/, "")}/submit/`, {
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
  show(row, "failed", sentence(text) ?? refusal(answer.status));
  if (answer.status === BAD_OPTIONS) showRefusedOptions(row, JSON.parse(text).fields);
}

function done(row, url) {
  row.part("link").href = url;
  row.part("link").textContent = row.part("title").value || row.file.name;
  row.part("link").hidden = false;
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
    if (row.url) submit(row);
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
  if (rows.some((row) => ["waiting", "uploading", "submitting"].includes(row.state))) event.preventDefault();
});
dropAnywhere(word("drop"), add);
restoreChoices();
update();
