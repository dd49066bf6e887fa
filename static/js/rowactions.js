/* The buttons of a sentence: they go to the row that is pointed at, has the focus or was touched. */
import { canEdit } from "./lib/changes.js";
import { onKeys } from "./lib/keys.js";
import { currentRow } from "./lib/rows.js";
import { root } from "./lib/stretches.js";

const actions = document.getElementById("row-actions")?.content.firstElementChild.cloneNode(true);
const menu = document.getElementById("row-menu");
let row = null;

function goTo(next) {
  if (!next || (next === row && actions.isConnected) || menu.matches(":popover-open")) return;
  row = next;
  row.append(actions);
}

function tellAction(name, element) {
  document.dispatchEvent(new CustomEvent("rowaction", { detail: { name, element } }));
}

const more = () => actions.querySelector("[data-row-more]");

function openMenu() {
  const wanted = currentRow();
  if (!wanted) return false;
  goTo(wanted);
  menu.showPopover({ source: more() });
  return true;
}

/** Below the button, or above it where there is no room; inside the window. */
function place() {
  const [button, box] = [more().getBoundingClientRect(), menu.getBoundingClientRect()];
  const isBelow = button.bottom + box.height + 8 < innerHeight;
  menu.style.top = `${Math.max(8, isBelow ? button.bottom + 4 : button.top - box.height - 4)}px`;
  menu.style.left = `${Math.max(8, Math.min(button.right - box.width, innerWidth - box.width - 8))}px`;
}

function onMenuKey(event) {
  const entries = [...menu.querySelectorAll("[role=menuitem]")].filter((entry) => entry.checkVisibility());
  const at = entries.indexOf(document.activeElement);
  const next = { ArrowDown: (at + 1) % entries.length, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  entries.at(next).focus();
}

if (canEdit) {
  const rowAt = (event) => event.target.closest?.("[data-segment]");
  root.addEventListener("pointerover", (event) => event.pointerType === "mouse" && goTo(rowAt(event)));
  root.addEventListener("focusin", (event) => goTo(rowAt(event)));
  root.addEventListener("click", (event) => goTo(rowAt(event)));
  actions.addEventListener("click", (event) => event.target.closest("[data-row-edit]") && tellAction("edit", row));
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    place();
    menu.querySelector("[role=menuitem]").focus();
  });
  menu.addEventListener("keydown", onMenuKey);
  menu.addEventListener("click", (event) => {
    const name = event.target.closest("[data-row-action]")?.dataset.rowAction;
    if (!name) return;
    menu.hidePopover();
    tellAction(name, row);
  });
  window.addEventListener("scroll", () => menu.matches(":popover-open") && menu.hidePopover(), { passive: true });
  onKeys({ actions: openMenu });
}
