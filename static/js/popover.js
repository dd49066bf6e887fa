/* <details data-popover>: forms beside what they change. Closes on Escape and on a click elsewhere. */

const opened = () => document.querySelectorAll("details[data-popover][open]");

document.addEventListener("click", (event) => {
  for (const panel of opened()) if (!panel.contains(event.target)) panel.open = false;
});

document.addEventListener("keydown", (event) => {
  const panel = event.target.closest?.("details[data-popover][open]");
  if (!panel || event.key !== "Escape") return;
  event.stopPropagation();
  panel.open = false;
  panel.querySelector("summary").focus();
}, true);

// The event does not bubble.
document.addEventListener("toggle", (event) => {
  const panel = event.target;
  if (panel.matches?.("details[data-popover][open]")) panel.querySelector("[data-first]")?.select();
}, true);
