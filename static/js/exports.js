/* The tab with what can be taken away. It works without this: here choices are kept as soon as they are made, the
   player's place can be taken for the range, and limits show what the chosen preset has. */
import { csrfToken, sentence } from "./lib/http.js";
import { clock } from "./lib/format.js";

const RANGE = ["start", "end"];
const media = () => document.querySelector("audio, video");
const formOf = (element) => element.closest("[data-exports]");

/** Send the choices, but for the range, which belongs to this recording alone. */
async function keep(form) {
  if (!form.dataset.rememberUrl) return; // whoever has no account chooses anew
  const chosen = new FormData(form);
  for (const name of RANGE) chosen.delete(name);
  try {
    const answer = await fetch(form.dataset.rememberUrl, { method: "POST", headers: { "X-CSRFToken": csrfToken() }, body: new URLSearchParams(chosen) });
    mark(form, answer.status === 422 ? sentence(await answer.text()) : null);
  } catch (error) {
    console.warn("the choices were not kept:", error.message); // The download carries them anyway.
  }
}

/** Limits no subtitle could hold are shown as wrong, with what the server says of them. */
function mark(form, problem) {
  form.querySelector("[data-export-error]").textContent = problem ?? "";
  for (const field of form.querySelectorAll("[data-export-limit]")) {
    field.removeAttribute("aria-invalid");
    if (problem && field.value) field.setAttribute("aria-invalid", "true");
  }
}

function showUsual(form) {
  const preset = form.elements.preset.selectedOptions[0];
  for (const field of form.querySelectorAll("[data-export-limit]")) field.placeholder = preset.dataset[field.dataset.exportLimit];
}

function offerPlace() {
  for (const button of document.querySelectorAll("[data-export-now]")) button.hidden = !media();
}

document.addEventListener("change", (event) => {
  const form = formOf(event.target);
  if (!form || RANGE.includes(event.target.name)) return;
  if (event.target.name === "preset") showUsual(form);
  keep(form);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-export-now]");
  if (!button || !media()) return;
  const field = document.getElementById(button.dataset.exportNow);
  field.value = clock(media().currentTime);
  field.focus();
});

document.addEventListener("panelshown", offerPlace);
offerPlace();
