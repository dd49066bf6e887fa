/* Options of one file: as for all files until something is changed, then its own in that and as for all in the rest. */
import { GROUPS, NAMES, OptionFields } from "./options.js";

let count = 0;

export class FileOptions {
  /**
   * @param common The fields of the options for all files.
   * @param template Fields of one file, in whose names "ROW" stands for its number.
   * @param word Gives a sentence by its name, with values filled in.
   */
  constructor(element, common, template, word) {
    Object.assign(this, { element, common, template, word, fields: null, own: new Set() });
    this.part = (name) => element.querySelector(`[data-${name}]`);
    this.part("options").addEventListener("click", () => this.toggle());
    this.part("reset").addEventListener("click", () => this.reset());
    this.tell();
  }

  get isOpen() {
    return this.part("options").getAttribute("aria-expanded") === "true";
  }

  /** What is sent for this file. */
  values() {
    const source = this.fields ?? this.common;
    return Object.fromEntries(NAMES.map((name) => [name, source.get(name)]));
  }

  toggle(isOpen = !this.isOpen) {
    if (isOpen) this.build();
    if (this.fields) this.fields.root.hidden = !isOpen;
    this.part("options").setAttribute("aria-expanded", String(isOpen));
  }

  /** Fields are made when first wanted: a hundred files need no hundred panels. */
  build() {
    if (this.fields) return;
    const mark = `file${(count += 1)}`;
    const panel = this.template.content.firstElementChild.cloneNode(true);
    for (const one of [panel, ...panel.querySelectorAll("[id], [for], [name], [aria-describedby]")])
      for (const name of ["id", "for", "name", "aria-describedby"])
        if (one.hasAttribute(name)) one.setAttribute(name, one.getAttribute(name).replaceAll("ROW", mark));
    panel.id = `${mark}-options`;
    panel.setAttribute("aria-label", this.word("optionsnamed", { title: this.title }));
    this.part("options").setAttribute("aria-controls", panel.id);
    this.element.append(panel);
    this.fields = new OptionFields(panel, `${mark}-`);
    panel.addEventListener("input", (event) => this.changed(event.target));
    this.follow();
  }

  /** The name of the file, for those who do not see to which row a button belongs. */
  call(title) {
    this.title = title;
    for (const one of this.element.querySelectorAll("[data-options-of]")) one.textContent = ` ${this.word("optionsof", { title })}`;
    this.fields?.root.setAttribute("aria-label", this.word("optionsnamed", { title }));
  }

  changed(field) {
    const name = this.fields.nameOf(field);
    const group = Object.keys(GROUPS).find((one) => GROUPS[one].includes(name));
    if (!group) return;
    this.fields.suit();
    if (this.fields.choice(group) === this.common.choice(group)) this.own.delete(group);
    else this.own.add(group);
    for (const one of this.own) if (!this.fields.isOffered(one)) this.own.delete(one);
    this.follow();
  }

  /** Take over whatever of the common options this file does not change. */
  follow() {
    if (!this.fields) return;
    for (const group of Object.keys(GROUPS)) if (!this.own.has(group)) this.fields.copy(this.common, group);
    this.fields.suit();
    this.tell();
  }

  reset() {
    this.own.clear();
    this.fields?.showErrors({});
    this.follow();
    this.part("options").focus();
  }

  tell() {
    const isOwn = this.own.size > 0;
    this.part("summary").textContent = isOwn ? this.summary() : this.word("common");
    this.part("summary").classList.toggle("is-own", isOwn);
    this.part("reset").hidden = !isOwn;
  }

  /** "Spanish · 2 speakers" */
  summary() {
    const say = {
      language: () => (this.fields.get("language") ? this.fields.all("language")[0].selectedOptions[0].text : this.word("detected")),
      speakers: () => this.speakers(),
      engine: () => [this.fields.engine()?.dataset.engineTitle, this.fields.get("model")].filter(Boolean).join(" "),
      mixed_languages: () => this.word(this.fields.get("mixed_languages") ? "mixed" : "mixed-not"),
      carry_context: () => this.word(this.fields.get("carry_context") ? "context" : "context-not"),
      vocabulary: () => this.word(this.fields.get("vocabulary").trim() ? "terms" : "terms-not"),
    };
    return Object.keys(GROUPS).filter((group) => this.own.has(group)).map((group) => say[group]()).join(" · ");
  }

  speakers() {
    const kind = this.fields.get("speakers");
    const [number, least, most] = ["speaker_count", "speaker_minimum", "speaker_maximum"].map((name) => this.fields.get(name));
    if (kind === "exact") return this.word(number === "1" ? "speakers-one" : "speakers-exact", { count: number || "?" });
    if (kind !== "range") return this.word(`speakers-${kind}`);
    return this.word(least && most ? "speakers-range" : least ? "speakers-least" : "speakers-most", { least, most: most || "?" });
  }

  /** Say in this row what was refused, where it has options of its own. False when the common ones are to blame. */
  showErrors(fields) {
    if (!this.own.size) return false;
    this.toggle(true);
    this.fields.showErrors(fields);
    return true;
  }
}
