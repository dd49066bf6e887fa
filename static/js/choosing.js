/* Recordings chosen in the list: how many, and the bar that does something with all of them.

   The boxes are the truth. What was chosen and is not in the list any more, since one searched on, stays chosen and is
   told of; and all on all pages can be chosen, which the server then looks for itself. */

const bulk = document.querySelector("[data-bulk]");
const list = document.querySelector("[data-list]");
let remembered = new Set(); // what was chosen before rows came anew

const boxes = () => [...list.querySelectorAll("[data-choose]")];
const checked = () => boxes().filter((box) => box.checked).map((box) => box.value);
const part = (name) => bulk.querySelector(`[data-${name}]`);
const offer = () => list.querySelector("[data-whole]");
const away = () => (part("chosen-away").disabled ? [] : part("chosen-away").value.split(","));
const isWhole = () => !part("whole-count").disabled;

function keepAway(ids) {
  const field = part("chosen-away");
  field.value = ids.join();
  field.disabled = ids.length === 0;
}

/** All that the list finds, on whatever page, or no more than what is checked. */
function chooseWhole(whole) {
  for (const [name, value] of [["whole-count", whole?.dataset.whole], ["whole-asked", whole?.dataset.asked]]) {
    part(name).value = value ?? "";
    part(name).disabled = !whole;
  }
  for (const button of bulk.querySelectorAll("[name=action]:not([data-download])")) askFirst(button, whole);
}

/** What is done to more than one can see is asked about; see dialog.js. */
function askFirst(button, whole) {
  for (const name of ["confirm", "confirmTitle", "confirmAction"]) delete button.dataset[name];
  if (!whole) return;
  button.dataset.confirm = whole.dataset.text;
  button.dataset.confirmTitle = whole.dataset[button.value];
  button.dataset.confirmAction = button.textContent.trim();
}

function told(number, unseen) {
  const { one, many, away: also } = part("bulk-count").dataset;
  if (isWhole()) return offer().dataset.chosen;
  const said = number === 1 ? one : many.replace("{count}", number);
  return unseen ? `${said} ${also.replace("{count}", unseen)}` : said;
}

function show() {
  const here = checked();
  remembered = new Set([...here, ...away()]);
  part("bulk-count").textContent = told(remembered.size, away().length);
  bulk.classList.toggle("has-chosen", remembered.size > 0);
  list.toggleAttribute("data-choosing", remembered.size > 0);
  const whole = part("choose-whole");
  whole.hidden = !offer() || isWhole() || here.length < boxes().length;
  whole.textContent = offer()?.dataset.offer ?? "";
}

/** Rows come anew while one chooses: what was chosen stays so. */
function keep() {
  const [whole, field] = [offer(), part("whole-asked")];
  const isSame = whole?.dataset.asked === field.value && whole.dataset.whole === part("whole-count").value;
  if (isWhole() && !isSame) chooseWhole(null);
  for (const box of boxes()) if (remembered.has(box.value) || isWhole()) box.checked = true;
  const here = new Set(boxes().map((box) => box.value));
  keepAway(isWhole() ? [] : [...remembered].filter((id) => !here.has(id)));
  show();
}

function onClick(event) {
  const [all, whole] = ["all", "whole"].map((name) => event.target.closest(`[data-choose-${name}]`));
  const none = event.target.closest("[data-choose-none]");
  if (!all && !whole && !none) return;
  for (const box of boxes()) box.checked = !none;
  if (!all) keepAway([]);
  chooseWhole(whole && offer());
  show();
  if (whole) part("choose-none").focus(); // the button that had the focus is gone
  if (none) boxes()[0]?.focus();
}

if (bulk) {
  for (const name of ["choose-all", "choose-none"]) part(name).hidden = false;
  list.addEventListener("change", (event) => {
    if (!event.target.matches("[data-choose]")) return;
    chooseWhole(null);
    show();
  });
  bulk.addEventListener("click", onClick);
  new MutationObserver(keep).observe(list, { childList: true, subtree: true });
  window.addEventListener("pageshow", show); // the browser may check boxes once more as it comes back
  show();
}
