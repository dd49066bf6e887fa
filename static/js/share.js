/* Links to a recording: made, copied and revoked in a dialog. The same forms work on a page of their own. */
const COPIED_MS = 2000;

const dialog = document.getElementById("share");
const place = document.querySelector("[data-share-place]");
const canCopy = Boolean(navigator.clipboard?.writeText);

// Showing --------------------------------------------------------------------------------------------------------------

/** Put what the server sent in place, and the focus on the link that was made, or on what was asked to be set right. */
function put(html) {
  place.replaceChildren(...new DOMParser().parseFromString(html, "text/html").body.childNodes);
  for (const button of place.querySelectorAll("[data-share-copy]")) button.hidden = !canCopy;
  const wrong = place.querySelector("[aria-invalid=true]");
  const made = place.querySelector(canCopy ? ".is-new [data-share-copy]" : ".is-new [data-share-address]");
  (wrong ?? made ?? place.querySelector("[data-share-form] :checked"))?.focus();
  tellWhatWasDone();
}

/** A sentence is read out only when it is written after its place has come. */
function tellWhatWasDone() {
  const said = place.querySelector("[data-share-said]");
  const sentence = said.textContent;
  said.textContent = "";
  setTimeout(() => (said.textContent = sentence), 100);
}

async function bring(address, options) {
  const answer = await fetch(address, { ...options, headers: { "X-Partial": "1" } });
  if (!answer.ok || answer.redirected) throw new Error(`status ${answer.status}`);
  put(await answer.text());
}

async function open(link) {
  try {
    await bring(link.href);
    dialog.showModal();
    place.querySelector("[data-share-form] :checked")?.focus();
  } catch {
    location.assign(link.href); // the same forms, on their page
  }
}

async function send(form) {
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await bring(form.action, { method: "POST", body: new FormData(form) });
  } catch {
    button.disabled = false;
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: dialog.dataset.problem, level: "error" } }));
  }
}

// Copying --------------------------------------------------------------------------------------------------------------

async function copy(button) {
  const [label, usual] = [button.querySelector("span"), button.textContent];
  try {
    await navigator.clipboard.writeText(button.parentElement.querySelector("[data-share-address]").value);
    label.textContent = button.dataset.done;
    setTimeout(() => (label.textContent = usual.trim()), COPIED_MS);
  } catch {
    document.dispatchEvent(new CustomEvent("toast", { detail: { text: button.dataset.problem, level: "error" } }));
  }
}

// Wiring ---------------------------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-share-copy]");
  if (button) copy(button);
  const link = event.target.closest("[data-share-open]");
  if (!link || !dialog || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link);
});

place?.addEventListener("focusin", ({ target }) => target.matches("[data-share-address]") && target.select());

if (dialog) {
  dialog.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-share-form]")) return;
    event.preventDefault();
    send(event.target);
  });
} else {
  for (const button of document.querySelectorAll("[data-share-copy]")) button.hidden = !canCopy;
}
