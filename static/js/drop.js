/* Files dropped on a page without a form: fetch the upload page, put it in place of this one and hand the files over. */
import { dropAnywhere } from "./lib/drop.js";

const url = document.body.dataset.dropPage;

async function openUpload(files) {
  const answer = await fetch(url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || !page.querySelector("[data-upload]")) {
    location.assign(url);
    return;
  }
  for (const sheet of page.querySelectorAll('link[rel="stylesheet"]')) {
    if (!document.querySelector(`link[href="${sheet.getAttribute("href")}"]`)) document.head.append(document.importNode(sheet));
  }
  document.title = page.title;
  document.getElementById("main").replaceWith(document.importNode(page.getElementById("main"), true));
  history.pushState(null, "", url);
  window.addEventListener("popstate", () => location.reload());
  await import(page.querySelector('script[src*="upload"]').src);
  document.dispatchEvent(new CustomEvent("files", { detail: files }));
}

if (url) {
  const stop = dropAnywhere(document.body.dataset.dropLabel, (files) => {
    stop();
    openUpload(files);
  });
}
