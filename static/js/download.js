/* What of the chosen recordings to download. Without this script they come in the formats of the last time. */

const bulk = document.querySelector("[data-bulk]");
const dialog = document.getElementById("download");

const boxes = () => [...dialog.querySelectorAll("[name=format]")];

function show() {
  dialog.querySelector("[data-download-now]").disabled = !boxes().some((box) => box.checked);
}

function checkAll(isChecked) {
  for (const box of boxes()) box.checked = isChecked;
  show();
}

function open(event) {
  event.preventDefault();
  event.stopPropagation(); // nothing else need be asked
  dialog.querySelector("[data-download-count]").textContent = bulk.querySelector("[data-bulk-count]").textContent;
  show();
  dialog.showModal();
}

if (bulk && dialog) {
  const form = dialog.querySelector("form");
  bulk.querySelector("[data-download]").addEventListener("click", open);
  form.addEventListener("change", show);
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of new FormData(bulk)) formData.append(name, value);
  });
  form.addEventListener("submit", () => dialog.close());
  dialog.querySelector("[data-download-all]").addEventListener("click", () => checkAll(true));
  dialog.querySelector("[data-download-none]").addEventListener("click", () => checkAll(false));
  dialog.querySelector("[data-download-close]").addEventListener("click", () => dialog.close());
}
