/* A field with data-focus-key="/" is reached with that key from anywhere on the page. */
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  const field = document.querySelector(`[data-focus-key="${CSS.escape(event.key)}"]`);
  if (!field?.offsetParent) return;
  event.preventDefault();
  field.focus();
  field.select();
});
