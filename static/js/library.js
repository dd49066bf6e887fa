/* The list of recordings: search as you type, sort, and fresh rows while something is at work, without a reload. */

const PAUSE_MS = 220;
const REFRESH_MS = 3000;

const library = document.querySelector("[data-library]");
const form = library?.querySelector("[data-library-form]");
const list = library?.querySelector("[data-list]");
let request = null;

/** The address of the list that the form asks for, without what is empty, and without the fields named. */
function asked(without = []) {
  const filled = [...new FormData(form)].filter(([name, value]) => value && !without.includes(name));
  return filled.length ? `${library.dataset.url}?${new URLSearchParams(filled)}` : library.dataset.url;
}

/** Fetch the rows for what the form says. A newer request takes the place of an older one. */
async function load(url, { isQuiet = false } = {}) {
  request?.abort();
  const own = new AbortController();
  request = own;
  if (!isQuiet) list.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(url, { headers: { "X-Partial": "1" }, signal: own.signal });
    if (answer.redirected) location.reload(); // signed out meanwhile
    else if (answer.ok) place(await answer.text());
  } catch (error) {
    if (error.name === "AbortError") return;
    // No connection: what is shown stays, and the next refresh tries again.
  } finally {
    if (request === own) {
      request = null;
      list.removeAttribute("aria-busy");
    }
  }
}

/** Put new rows in place. Rows that did not change are left alone, so focus and selection stay. */
function place(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const ids = (root) => [...root.querySelectorAll("[data-row]")].map((row) => row.dataset.row);
  if (!ids(fresh).length || ids(fresh).join() !== ids(list).join()) {
    list.replaceChildren(...fresh.childNodes);
    return;
  }
  const token = "[name=csrfmiddlewaretoken]"; // a new one each time, and as good as the old one
  for (const field of fresh.querySelectorAll(token)) field.setAttribute("value", list.querySelector(token).value);
  for (const row of fresh.querySelectorAll("[data-row]")) renew(document.getElementById(row.id), row);
}

/** Put a new row in the place of an old one. The control that has the focus keeps it. */
function renew(old, row) {
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  if (old.isEqualNode(row)) return;
  if (held && shape(old) === shape(row)) {
    patch(old, row);
    return;
  }
  old.replaceWith(row);
  if (held) (twinOf(held, row) ?? row.querySelector(".row-title")).focus({ preventScroll: true });
}

/** What a row is made of: it changes when work on its recording begins or ends. */
const shape = (row) => [...row.querySelectorAll(".row-main > *, .passages > li")].map((part) => part.className).join();

/** The same control in a row that came anew: told by where it leads, else by what it is called. */
function twinOf(held, row) {
  const name = (one) => [one.className, one.getAttribute("href"), one.getAttribute("aria-label"), one.value].join();
  return [...row.querySelectorAll(held.localName)].find((one) => name(one) === name(held));
}

/** A row that holds the focus gets new texts only, as long as it has the same parts. */
function patch(old, row) {
  for (const name of [".row-status", ".row-words", ".row-length"]) {
    const [from, to] = [row.querySelector(name), old.querySelector(name)];
    if (from && to) to.replaceChildren(...from.childNodes);
  }
  const [from, to] = [row.querySelector("progress"), old.querySelector("progress")];
  if (from && to) to.value = from.value;
  old.toggleAttribute("data-active", row.hasAttribute("data-active"));
}

/** What a search finds has the best first, and any list the newest, unless another order is chosen. */
function nameUsualOrder() {
  const isSearch = form.querySelector("[data-search]").value.trim() !== "";
  const [usual, newest] = form.querySelector("[data-sort]").options;
  usual.textContent = isSearch ? usual.dataset.best : usual.dataset.newest;
  newest.hidden = !isSearch; // else it is the usual one
}

/** Whatever leads away from this list and back, or to less of it, goes by what the form says now. */
function follow() {
  nameUsualOrder();
  for (const field of document.querySelectorAll("[data-next]")) field.value = asked();
  for (const link of document.querySelectorAll("[data-without]")) link.href = asked(link.dataset.without.split(","));
}

function change() {
  const url = asked();
  history.replaceState(null, "", url);
  follow();
  load(url);
}

/** All passages of one recording, in the place of its first ones. */
async function unfold(link) {
  const row = link.closest("[data-row]");
  const answer = await fetch(link.href, { headers: { "X-Partial": "1" } });
  const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(row.id);
  if (!fresh) return location.assign(link.href);
  const before = row.querySelectorAll(".passages > li").length - 1;
  row.replaceWith(fresh);
  fresh.querySelectorAll(".passages a")[before]?.focus();
}

if (library) {
  let timer = 0;
  form.querySelector("[data-search]").addEventListener("input", () => {
    follow();
    clearTimeout(timer);
    timer = setTimeout(change, PAUSE_MS);
  });
  form.querySelector("[data-sort]").addEventListener("change", change);
  list.addEventListener("click", (event) => {
    const link = event.target.closest("[data-more]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    unfold(link).catch(() => location.assign(link.href));
  });
  form.addEventListener("submit", (event) => {
    clearTimeout(timer);
    if (form.querySelector("details[open]")) return; // other filters: the page says what holds
    event.preventDefault();
    change();
  });
  setInterval(() => {
    const isWanted = list.querySelector("[data-active]") && document.visibilityState === "visible";
    if (isWanted && !request && !document.querySelector("dialog[open], details[open]")) load(location.href, { isQuiet: true });
  }, REFRESH_MS);
}
