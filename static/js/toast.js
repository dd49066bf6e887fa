/* Messages at the foot of the page. Good news goes by itself, errors stay until dismissed. */
const SECONDS = 7;

function prepare(toast) {
  if (toast.classList.contains("toast-error")) return;
  setTimeout(() => toast.remove(), SECONDS * 1000);
}

document.addEventListener("click", (event) => event.target.closest("[data-toast-close]")?.closest("[data-toast]").remove());

document.addEventListener("toast", (event) => {
  const toast = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  toast.classList.add(`toast-${event.detail.level ?? "info"}`);
  toast.querySelector("span").textContent = event.detail.text;
  document.querySelector("[data-toasts]").append(toast);
  prepare(toast);
});

for (const toast of document.querySelectorAll("[data-toast]")) prepare(toast);
