/* Videos with subtitles in them, in the tab with what can be taken away: making one, waiting, cancelling, deleting.

   The server renders where each stands; after whatever changes that, the list comes anew. */
import { ENDED, follow } from "./lib/following.js";
import { csrfToken, sentence } from "./lib/http.js";

const sectionOf = (element) => element.closest("[data-videos]");
const itemIn = (section, mode) => section.querySelector(`[data-video="${mode}"]`);
const followed = new WeakSet();

function announce(section, words) {
  section.querySelector("[data-videos-announce]").textContent = words;
}

// Where they stand -----------------------------------------------------------------------------------------------------

/** Follow what is being made, wherever it came onto the page. */
function followAll() {
  for (const run of document.querySelectorAll("[data-video-run]")) {
    if (followed.has(run)) continue;
    followed.add(run);
    follow(run.dataset, (snapshot) => show(run, snapshot), () => run.isConnected);
  }
}

function show(run, snapshot) {
  if (!snapshot || ENDED.includes(snapshot.status)) return ended(run, snapshot?.status);
  const words = sectionOf(run).dataset;
  const isQueued = snapshot.status === "queued";
  const bar = run.querySelector("[data-video-bar]");
  bar.value = Math.max(bar.value, snapshot.percent);
  run.querySelector("[data-video-percent]").textContent = isQueued ? "" : `${Math.floor(bar.value)} %`;
  run.querySelector("[data-video-stage]").textContent = isQueued ? words.inLine : snapshot.stage_title || words.starting;
}

function ended(run, status) {
  const section = sectionOf(run);
  const words = { completed: section.dataset.ready, failed: section.dataset.failed }[status];
  return refresh(section, run.closest("[data-video]").dataset.video, words ?? section.dataset.stopped);
}

/** Bring the list anew. What had the focus has it again, or else the next thing to do with the same video. */
async function refresh(section, mode, words = "") {
  section.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(section.dataset.url);
    if (!answer.ok || answer.redirected) throw new Error(answer.redirected ? section.dataset.signedOut : section.dataset.unreached);
    put(section, new DOMParser().parseFromString(await answer.text(), "text/html"), mode);
    announce(section, words);
    followAll();
  } catch (error) {
    console.warn("the list of videos did not come:", error.message);
    complain(section, mode, error instanceof TypeError ? section.dataset.unreached : error.message);
  }
  section.removeAttribute("aria-busy");
}

function put(section, page, mode) {
  const held = section.querySelector("[data-video] :focus")?.closest("[data-video]").dataset.video;
  section.querySelector("[data-videos-list]").replaceWith(page.querySelector("[data-videos-list]"));
  if (held) (nextIn(itemIn(section, held ?? mode)) ?? section).focus({ preventScroll: true });
}

function nextIn(item) {
  return item?.querySelector("[data-video-cancel], [data-video-download], [data-video-make]") ?? item?.querySelector("[data-video-title]");
}

// Doing something ------------------------------------------------------------------------------------------------------

/** What can be wrong stands where it was pressed. */
function complain(section, mode, words) {
  const place = itemIn(section, mode)?.querySelector("[data-video-problem]");
  if (!place) return;
  place.textContent = words;
  place.hidden = !words;
}

async function post(section, address, body) {
  const answer = await fetch(address, { method: "POST", body, headers: { "X-CSRFToken": csrfToken(), Accept: "application/json" } }).catch(() => null);
  if (!answer) throw new Error(section.dataset.unreached);
  if (answer.redirected || answer.status === 403) throw new Error(section.dataset.signedOut);
  if (!answer.ok) throw new Error(sentence(await answer.text()) ?? section.dataset.unreached);
}

/** Ask for something about one video, then show where it stands. */
async function act(button, address, body, words = "") {
  const section = sectionOf(button);
  const { video: mode } = button.closest("[data-video]").dataset;
  if (section.hasAttribute("aria-busy")) return;
  complain(section, mode, "");
  section.setAttribute("aria-busy", "true");
  try {
    await post(section, address, body);
  } catch (error) {
    section.removeAttribute("aria-busy");
    complain(section, mode, error.message);
    return;
  }
  await refresh(section, mode, words);
}

/** The choices as they stand in the form around it, whether or not they are remembered already. */
function choices(button) {
  const chosen = new FormData(button.closest("form"));
  chosen.set("mode", button.dataset.videoMake);
  return new URLSearchParams(chosen);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-video-make], [data-video-cancel], [data-video-delete]");
  if (!button) return;
  const { videoMake, videoCancel, videoDelete } = button.dataset;
  const section = sectionOf(button);
  if (videoMake) act(button, section.dataset.makeUrl, choices(button));
  if (videoCancel) act(button, videoCancel, null, section.dataset.stopped);
  if (videoDelete) act(button, videoDelete, null, section.dataset.deleted);
});

document.addEventListener("panelshown", followAll);
followAll();
