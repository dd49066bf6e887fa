/* Messages at the foot of the page. Good news goes by itself, errors stay until dismissed. */
const SECONDS = 7;

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

document.addEventListener("toast", (event) => {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.classList.add(`toast-${event.detail.level ?? "info"}`);
  toast.querySelector("span").textContent = event.detail.text;
  if (event.detail.action) toast.querySelector("[data-toast-close]").before(actionButton(toast, event.detail.action));
  document.querySelector("[data-toasts]").append(toast);
  prepare(toast);
});

for (const toast of document.querySelectorAll("[data-toast]")) prepare(toast);
