/* Transcribing a recording again: the form in a dialog, or on a page of its own, offers what the chosen engine can. */
import { OptionFields } from "./lib/options.js";

const dialog = document.getElementById("again-dialog");

function prepare(form) {
  const fields = new OptionFields(form);
  fields.suit();
  form.addEventListener("change", () => fields.suit());
}

async function open(link) {
  const place = dialog.querySelector("[data-again-place]");
  try {
    const answer = await fetch(link.href, { headers: { "X-Partial": "1" } });
    if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
    place.replaceChildren(...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes);
  } catch {
    location.assign(link.href); // the same form, on its page
    return;
  }
  prepare(place.querySelector("[data-again-form]"));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  if (!dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("[data-transcribe-again]");
  const close = event.target.closest("#again-dialog [data-again-close]");
  if (link || close) event.preventDefault();
  if (link) open(link);
  if (close) dialog.close();
});

for (const form of document.querySelectorAll("[data-again-form]")) prepare(form);
