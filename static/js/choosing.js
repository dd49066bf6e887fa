/* Recordings chosen in the list: how many, and the bar that does something with all of them. */

const bulk = document.querySelector("[data-bulk]");
const list = document.querySelector("[data-list]");
const chosen = new Set();

const boxes = () => [...list.querySelectorAll("[data-choose]")];

function show() {
  const count = bulk.querySelector("[data-bulk-count]");
  count.textContent = chosen.size === 1 ? count.dataset.one : count.dataset.many.replace("{count}", chosen.size);
  bulk.classList.toggle("has-chosen", chosen.size > 0);
  list.toggleAttribute("data-choosing", chosen.size > 0);
}

function choose(box, isChosen) {
  box.checked = isChosen;
  chosen[isChosen ? "add" : "delete"](box.value);
}

/** Rows come anew while one chooses: what was chosen stays so, and what is gone is chosen no more. */
function keep() {
  const here = new Set(boxes().map((box) => box.value));
  for (const id of chosen) if (!here.has(id)) chosen.delete(id);
  for (const box of boxes()) box.checked = chosen.has(box.value);
  show();
}

if (bulk) {
  for (const button of bulk.querySelectorAll("[data-choose-all], [data-choose-none]")) button.hidden = false;
  list.addEventListener("change", (event) => {
    if (!event.target.matches("[data-choose]")) return;
    choose(event.target, event.target.checked);
    show();
  });
  bulk.addEventListener("click", (event) => {
    const all = event.target.closest("[data-choose-all]");
    if (!all && !event.target.closest("[data-choose-none]")) return;
    for (const box of boxes()) choose(box, Boolean(all));
    show();
    if (!all) boxes()[0]?.focus();
  });
  new MutationObserver(keep).observe(list, { childList: true, subtree: true });
  for (const box of boxes()) if (box.checked) chosen.add(box.value); // the browser remembers over a reload
  show();
}
