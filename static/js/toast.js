/* Messages at the foot of the page. Good news goes by itself, errors stay until dismissed.

   Behind a modal dialog nothing can be pressed, so while one is open they stand in it, above it. */
const SECONDS = 7;

const region = document.querySelector("[data-toasts]");
const home = document.createComment("messages");

function prepare(toast) {
  if (toast.classList.contains("toast-error")) return;
  setTimeout(() => toast.remove(), SECONDS * 1000);
}

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());

/** A button that does something about the message: {label, run}. */
function actionButton(toast, { label, run }) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-quiet button-small", textContent: label });
  button.addEventListener("click", () => {
    toast.remove();
    run();
  });
  return button;
}

/** The modal dialog somebody is in; undefined where none is open. */
function dialogOnTop() {
  const open = [...document.querySelectorAll("dialog:modal")];
  return open.find((dialog) => dialog.contains(document.activeElement)) ?? open.at(-1);
}

/** Put the messages where they can be reached. */
function place() {
  const dialog = dialogOnTop();
  if (region.isConnected && region.parentNode === (dialog ?? home.parentNode)) return;
  if (dialog) dialog.append(region);
  else home.after(region);
  region.popover = dialog ? "manual" : null;
  if (dialog) region.showPopover();
}

document.addEventListener("toast", (event) => {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.classList.add(`toast-${event.detail.level ?? "info"}`);
  toast.querySelector("span").textContent = event.detail.text;
  if (event.detail.action) toast.querySelector("[data-toast-close]").before(actionButton(toast, event.detail.action));
  place();
  region.append(toast);
  prepare(toast);
});

region.before(home);
document.addEventListener("close", (event) => event.target.contains(region) && place(), true);
for (const toast of document.querySelectorAll("[data-toast]")) prepare(toast);
