/* The tab with what can be taken away. It works without this: here choices are kept as soon as they are made, the
   player's place can be taken for the range, and limits show what the chosen preset has. */
import { csrfToken } from "./lib/http.js";
import { clock } from "./lib/format.js";
import { checkSoon } from "./subtitlereport.js";

const RANGE = ["start", "end"];
const media = () => document.querySelector("audio, video");
const formOf = (element) => element.closest("[data-exports]");
const limitsOf = (form) => [...form.querySelectorAll("[data-export-limit]")];

/** Send the choices, but for the range, which belongs to this recording alone. */
async function keep(form) {
  if (!form.dataset.rememberUrl) return; // whoever has no account chooses anew
  const chosen = new FormData(form);
  for (const name of RANGE) chosen.delete(name);
  try {
    // Limits that cannot be are not kept; the report of the subtitles marks them.
    await fetch(form.dataset.rememberUrl, { method: "POST", headers: { "X-CSRFToken": csrfToken() }, body: new URLSearchParams(chosen) });
  } catch (error) {
    console.warn("the choices were not kept:", error.message); // The download carries them anyway.
  }
}

/** What the preset has, in fields that are left to it. */
function showUsual(form) {
  const preset = form.elements.preset.selectedOptions[0];
  for (const field of limitsOf(form)) {
    const usual = preset.dataset[field.dataset.exportLimit];
    if (field.matches("select")) field.options[0].textContent = usual;
    else field.placeholder = usual;
  }
}

/** How many limits are not the preset's. */
function countOwn(form) {
  const own = limitsOf(form).filter((field) => field.value).length;
  const place = form.querySelector("[data-limit-count]");
  place.textContent = own;
  place.hidden = !own;
}

function reset(form) {
  for (const field of limitsOf(form)) field.value = "";
  countOwn(form);
  checkSoon(form);
  keep(form);
}

/** What does not work without scripts is not offered without them. */
function offer() {
  for (const button of document.querySelectorAll("[data-export-now]")) button.hidden = !media();
  for (const button of document.querySelectorAll("[data-limits-reset]")) button.hidden = false;
}

document.addEventListener("change", (event) => {
  const form = formOf(event.target);
  if (!form || RANGE.includes(event.target.name)) return;
  if (event.target.name === "preset") showUsual(form);
  if (event.target.matches("[data-export-limit]")) countOwn(form);
  keep(form);
});

document.addEventListener("click", (event) => {
  const resets = event.target.closest("[data-limits-reset]");
  if (resets) reset(formOf(resets));
  const button = event.target.closest("[data-export-now]");
  if (!button || !media()) return;
  const field = document.getElementById(button.dataset.exportNow);
  field.value = clock(media().currentTime);
  field.focus();
  checkSoon(formOf(field));
});

// A file under limits that cannot be is not asked for: what is wrong stands at its field.
document.addEventListener("submit", (event) => {
  const wrong = formOf(event.target)?.querySelector("[aria-invalid]");
  if (!wrong) return;
  event.preventDefault();
  wrong.closest("details")?.setAttribute("open", "");
  wrong.focus();
});

document.addEventListener("panelshown", offer);
offer();
