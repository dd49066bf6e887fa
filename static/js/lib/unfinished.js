/* Uploads of before that the page offers to go on with. The browser needs the file again: a page may not open it. */
import { forget } from "./sending.js";

export class Unfinished {
  /**
   * @param section With one [data-begun] for each upload, null when there is none.
   * @param input The field that takes files; it gives them to whoever listens to it.
   */
  constructor(section, input) {
    Object.assign(this, { section, input, asked: null });
    section?.addEventListener("click", (event) => this.act(event.target.closest("[data-go-on]")));
    section?.addEventListener("confirmed", (event) => this.discard(event));
    input.addEventListener("cancel", () => (this.asked = null));
  }

  entries() {
    return [...(this.section?.querySelectorAll("[data-begun]") ?? [])];
  }

  act(button) {
    if (!button) return;
    const entry = button.closest("[data-begun]");
    if (entry.dataset.isWhole) {
      const { url, name, size } = entry.dataset;
      this.drop(entry);
      document.dispatchEvent(new CustomEvent("adopt", { detail: { url, name, size: Number(size) } }));
    } else {
      this.asked = entry;
      this.input.click();
    }
  }

  /** The files to add of those just given. Null when one upload was to go on, and this is another file. */
  takeChosen(files) {
    const asked = this.asked;
    this.asked = null;
    if (!asked?.isConnected || files.some((file) => fits(asked, file))) return files;
    this.say(asked, "other");
    return null;
  }

  /** Where `file` was begun before, null when it was not; no longer offered then. */
  claim(file) {
    const entry = this.entries().find((one) => fits(one, file));
    if (!entry) return null;
    this.drop(entry);
    return entry.dataset.url;
  }

  async discard(event) {
    event.preventDefault();
    const entry = event.target.closest("[data-begun]");
    try {
      await forget(entry.dataset.url);
    } catch {
      return this.say(entry, "kept");
    }
    const next = entry.nextElementSibling ?? entry.previousElementSibling;
    this.drop(entry);
    (next?.querySelector("[data-go-on]") ?? this.input).focus();
  }

  say(entry, name) {
    const error = entry.querySelector("[data-error]");
    error.textContent = error.dataset[name];
    error.hidden = false;
  }

  drop(entry) {
    entry.remove();
    this.section.hidden = this.entries().length === 0;
  }
}

/** Whether it is the file that was begun, as far as a page can see before any byte is sent. */
function fits({ dataset }, file) {
  return dataset.name === file.name && dataset.size === String(file.size) && dataset.modified === String(file.lastModified);
}
