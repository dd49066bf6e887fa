/* Messages at the foot of the page. Good news goes by itself, unless somebody is at it with the pointer or the focus;
   errors stay until dismissed. Whoever had the focus in a message that goes gets back to where they came from.

   Behind a modal dialog nothing can be pressed, so while one is open they stand in it, above it. */
const SECONDS = 7;
const SECONDS_AFTER = 2; // how long it stays once nobody is at it any more

const region = document.querySelector("[data-toasts]");
const home = document.createComment("messages");
let cameFrom = null; // what had the focus before it came to the messages

function prepare(toast) {
  if (toast.classList.contains("toast-error")) return;
  setTimeout(expire, SECONDS * 1000, toast);
}

function expire(toast) {
  if (toast.matches(":hover, :focus-within")) setTimeout(expire, SECONDS_AFTER * 1000, toast);
  else toast.remove();
}

/** Take a message away at somebody's wish. */
function dismiss(toast) {
  const hadFocus = toast.contains(document.activeElement);
  toast.remove();
  if (!hadFocus) return;
  const next = region.querySelector("[data-toast-close]");
  const back = cameFrom?.isConnected && cameFrom.checkVisibility() ? cameFrom : (dialogOnTop() ?? document.getElementById("main"));
  (next ?? back).focus({ preventScroll: true });
}

document.addEventListener("click", (event) => {
  const toast = event.target.closest("[data-toast-close]")?.closest("[data-toast]");
  if (toast) dismiss(toast);
});

region.addEventListener("focusin", ({ relatedTarget }) => {
  if (!region.contains(relatedTarget)) cameFrom = relatedTarget;
});

/** A button that does something about the message: {label, run}. */
function actionButton(toast, { label, run }) {
  const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-quiet button-small", textContent: label });
  button.addEventListener("click", () => {
    dismiss(toast);
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
