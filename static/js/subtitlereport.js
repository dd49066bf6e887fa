/* What of the subtitles does not hold its limits: asked for when its tab opens, and anew when a choice changes. Where
   the server says that a limit cannot be, its field is marked. Places are opened by tabs.js and transcript.js. */

const SOON_MS = 300; // while somebody types
const LONG_MS = 1000; // after which it is said that something is going on
const NEAR = "2000px";
const WITHOUT_MEANING = ["times", "by_turn", "bom"]; // for subtitles

const formOf = (element) => element.closest("[data-exports]");
const boxOf = (form) => form?.querySelector("[data-subtitle-check]");
const part = (box, name) => box.querySelector(`[data-check-${name}]`);

/** What is known of each report on the page: {asked, kind, request, timer}. A panel that comes anew begins anew. */
const reports = new WeakMap();

function reportOf(box) {
  if (!reports.has(box)) reports.set(box, { asked: null, kind: "", request: null, timer: 0 });
  return reports.get(box);
}

function addressOf(box, more = {}) {
  const chosen = new FormData(formOf(box));
  for (const name of WITHOUT_MEANING) chosen.delete(name);
  const report = reportOf(box);
  const query = new URLSearchParams([...chosen, ...(report.kind ? [["kind", report.kind]] : []), ...Object.entries(more)]);
  return `${box.dataset.url}?${query}`;
}

/** Ask when nothing has changed for a moment. */
export function checkSoon(form) {
  const box = boxOf(form);
  if (!box) return;
  const report = reportOf(box);
  clearTimeout(report.timer);
  report.timer = setTimeout(check, SOON_MS, box);
}

/** Ask for the report of what is chosen now. Only the last answer counts; what was asked already is not asked again. */
async function check(box) {
  const report = reportOf(box);
  const address = addressOf(box);
  if (!box.isConnected || address === report.asked) return;
  report.asked = address;
  report.request?.abort();
  const request = (report.request = new AbortController());
  try {
    const answer = await patiently(box, fetch(address, { signal: request.signal }), request);
    if (!request.signal.aborted) await show(box, answer, request.signal);
  } catch (error) {
    if (request.signal.aborted) return;
    console.warn("the subtitles were not checked:", error.message);
    report.asked = null;
    showProblem(box);
  }
}

/** Says that something is going on when an answer takes its time. */
async function patiently(box, coming, request) {
  const progress = part(box, "progress");
  const timer = setTimeout(() => {
    if (request.signal.aborted) return;
    progress.hidden = false;
    box.setAttribute("aria-busy", "true");
  }, LONG_MS);
  try {
    return await coming;
  } finally {
    clearTimeout(timer);
    if (reportOf(box).request === request) {
      progress.hidden = true;
      box.removeAttribute("aria-busy");
    }
  }
}

async function show(box, answer, signal) {
  if (answer.status === 422) {
    const { error, fields } = await answer.json();
    if (signal.aborted) return;
    mark(formOf(box), fields);
    showProblem(box, error);
    return;
  }
  if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
  const html = await answer.text();
  if (signal.aborted) return;
  mark(formOf(box), {});
  put(box, nodesOf(html));
  tell(box, part(box, "summary").textContent);
}

const nodesOf = (html) => [...new DOMParser().parseFromString(html, "text/html").body.childNodes];

/** Replace what is shown; what had the focus has it again, or the whole where that is gone. */
function put(box, nodes) {
  const body = part(box, "body");
  const held = body.contains(document.activeElement) ? document.activeElement : null;
  body.replaceChildren(...nodes);
  if (held) ((held.id && document.getElementById(held.id)) || box).focus({ preventScroll: true });
}

/** Without a sentence it is the connection, and can be tried again. */
function showProblem(box, sentence = null) {
  const note = part(box, "problem").content.firstElementChild.cloneNode(true);
  const text = note.querySelector("[data-check-sentence]");
  if (sentence) {
    text.textContent = sentence;
    note.querySelector("[data-check-again]").remove();
  }
  put(box, [note]);
  tell(box, text.textContent);
}

function tell(box, text) {
  part(box, "status").textContent = text.trim();
}

/** Show at each field what is wrong with it, and at all others nothing. */
function mark(form, problems) {
  for (const place of form.querySelectorAll("[data-error-for]")) {
    const problem = problems[place.dataset.errorFor] ?? "";
    const field = form.elements[place.dataset.errorFor];
    place.textContent = problem;
    place.hidden = !problem;
    if (problem) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
    if (problem && place.closest("details")) place.closest("details").open = true;
  }
}

/** Those of one kind, or all. */
function choose(button) {
  const box = button.closest("[data-subtitle-check]");
  reportOf(box).kind = button.dataset.checkKind;
  check(box);
}

/** The next places, under those that are there. */
async function showMore(button) {
  const box = button.closest("[data-subtitle-check]");
  const row = button.parentElement;
  button.disabled = true;
  try {
    const answer = await fetch(addressOf(box, { after: button.dataset.checkMore }));
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    const nodes = nodesOf(await answer.text());
    if (!row.isConnected) return; // another choice was made meanwhile
    row.replaceWith(...nodes);
    nodes.find((node) => node.matches?.(".check-place"))?.querySelector("a").focus();
  } catch (error) {
    console.warn("the next places did not come:", error.message);
    button.disabled = false;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: part(box, "problem").content.querySelector("[data-check-sentence]").textContent, level: "error" } }));
  }
}

// A panel that is hidden is near to nothing, so this waits until its tab is open.
const near = new IntersectionObserver(
  (entries) => entries.filter((entry) => entry.isIntersecting).forEach((entry) => check(entry.target)),
  { rootMargin: NEAR },
);

function watch() {
  for (const box of document.querySelectorAll("[data-subtitle-check]")) {
    box.hidden = false;
    near.observe(box);
  }
}

document.addEventListener("click", (event) => {
  const kind = event.target.closest("[data-check-kind]");
  if (kind) choose(kind);
  const more = event.target.closest("[data-check-more]");
  if (more) showMore(more);
  const again = event.target.closest("[data-check-again]");
  if (again) check(again.closest("[data-subtitle-check]"));
});
for (const type of ["input", "change"])
  document.addEventListener(type, (event) => {
    const form = formOf(event.target);
    if (form) checkSoon(form);
  });
document.addEventListener("panelshown", watch);
watch();
