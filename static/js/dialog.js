/* Buttons with data-confirm ask first. Without this script they act at once, as plain form buttons. */
const dialog = document.getElementById("confirm");
let pending = null;

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-confirm]");
  if (!button || !dialog?.showModal) return;
  event.preventDefault();
  pending = button;
  dialog.querySelector("#confirm-title").textContent = button.dataset.confirmTitle;
  dialog.querySelector("#confirm-text").textContent = button.dataset.confirm;
  const yes = dialog.querySelector("[data-confirm-yes]");
  yes.dataset.usual ??= yes.textContent;
  yes.textContent = button.dataset.confirmAction || yes.dataset.usual;
  const no = dialog.querySelector("[data-confirm-no]");
  no.dataset.usual ??= no.textContent;
  no.textContent = button.dataset.confirmKeep || no.dataset.usual;
  dialog.returnValue = "no";
  dialog.showModal();
});

dialog?.addEventListener("close", () => {
  const button = pending;
  pending = null;
  if (!button || dialog.returnValue !== "yes") return;
  // A page may act itself (and cancel this event); else the form goes its ordinary way.
  const allowed = button.dispatchEvent(new CustomEvent("confirmed", { bubbles: true, cancelable: true }));
  if (allowed) button.form.requestSubmit(button);
});

// Dialogs opened by a button, closed by a button inside or a click beside them.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens)?.showModal();
  if (event.target instanceof HTMLDialogElement && !inside(event, event.target)) event.target.close("no");
});

function inside(event, element) {
  const box = element.getBoundingClientRect();
  return event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
}
