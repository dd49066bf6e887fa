/* <details data-menu>: closes on Escape, on a click elsewhere and when one of its entries was used. */
function close(menu, refocus) {
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    const panel = menu.querySelector(".menu-panel");
    if (!menu.contains(event.target) || panel.contains(event.target.closest("a, button"))) close(menu, false);
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu]");
  if (!menu) return;
  if (event.key === "Escape" && menu.open) {
    event.stopPropagation();
    close(menu, true);
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  event.stopPropagation();
  menu.open = true;
  const entries = [...menu.querySelectorAll(".menu-panel :is(a, button)")].filter((entry) => entry.offsetParent);
  const here = entries.indexOf(document.activeElement);
  const step = event.key === "ArrowDown" ? 1 : -1;
  entries.at((here + step) % entries.length)?.focus();
}, true);
