/* Light, dark or as the system. A plain script in the head, so that the first paint is right. */
(() => {
  const KEY = "transcriber.theme";
  const CHOICES = ["system", "light", "dark"];
  const root = document.documentElement;
  let chosen = "system";
  try {
    chosen = localStorage.getItem(KEY) || "system";
  } catch {
    // Storage is blocked: the choice lasts for this page only.
  }

  function apply() {
    if (chosen === "system") delete root.dataset.theme;
    else root.dataset.theme = chosen;
    for (const button of document.querySelectorAll("[data-theme-button]")) show(button);
    document.dispatchEvent(new CustomEvent("themechange"));
  }

  function show(button) {
    const label = button.getAttribute(`data-label-${chosen}`);
    button.hidden = false;
    button.title = label;
    button.setAttribute("aria-label", label);
    for (const icon of button.querySelectorAll("[data-theme-icon]")) icon.hidden = icon.dataset.themeIcon !== chosen;
  }

  root.classList.add("js");
  if (!CHOICES.includes(chosen)) chosen = "system";
  if (chosen !== "system") root.dataset.theme = chosen;
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-button]")) return;
    chosen = CHOICES[(CHOICES.indexOf(chosen) + 1) % CHOICES.length];
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // As above.
    }
    apply();
  });
})();
