/* The options of a transcription as fields of a page: of all files, or of one of them. */

/** Choices that are made together. A file follows the common options in every group it does not change. */
export const GROUPS = {
  language: ["language"],
  speakers: ["speakers", "speaker_count", "speaker_minimum", "speaker_maximum"],
  engine: ["engine", "model"],
  mixed_languages: ["mixed_languages"],
  carry_context: ["carry_context"],
  vocabulary: ["vocabulary"],
};
export const NAMES = Object.values(GROUPS).flat();

export class OptionFields {
  /** `prefix` stands before every name in `root`. */
  constructor(root, prefix = "") {
    this.root = root;
    this.prefix = prefix;
    this.models = [...this.all("model")[0].options];
  }

  all(name) {
    return [...this.root.querySelectorAll(`[name="${this.prefix}${name}"]`)];
  }

  /** The option a field belongs to, or undefined. */
  nameOf(field) {
    return NAMES.find((name) => field.name === `${this.prefix}${name}`);
  }

  /** What is chosen, offered now or not. */
  chosen(name) {
    const [field, ...others] = this.all(name);
    if (field.type === "radio") return [field, ...others].find((one) => one.checked)?.value ?? "";
    return field.type === "checkbox" ? (field.checked ? "on" : "") : field.value;
  }

  /** What is sent: nothing for what is not offered now. */
  get(name) {
    return this.all(name).every((field) => field.disabled) ? "" : this.chosen(name);
  }

  /** Choose a value; one that is not offered changes nothing. */
  set(name, value) {
    for (const field of this.all(name)) {
      if (field.type === "radio") field.checked = field.value === value && !field.disabled ? true : field.checked;
      else if (field.type === "checkbox") field.checked = Boolean(value);
      else if (field.tagName !== "SELECT" || [...field.options].some((one) => one.value === value && !one.disabled)) field.value = value;
    }
  }

  /** Take over a group of choices from other fields. */
  copy(other, group) {
    for (const name of GROUPS[group]) {
      this.set(name, other.chosen(name));
      if (name === "engine") this.suit(); // now it has the models to choose from
    }
  }

  /** The choice of a group as text that is the same for the same choice. */
  choice(group) {
    if (group !== "speakers") return GROUPS[group].map((name) => this.chosen(name).trim()).join("|");
    const kind = this.chosen("speakers");
    if (kind === "exact") return `exact ${this.chosen("speaker_count")}`;
    return kind === "range" ? `range ${this.chosen("speaker_minimum")} ${this.chosen("speaker_maximum")}` : kind;
  }

  isOffered(group) {
    return GROUPS[group].some((name) => this.all(name).some((field) => !field.disabled));
  }

  engine() {
    const fields = this.all("engine");
    return fields[0].tagName === "SELECT" ? fields[0].selectedOptions[0] : fields.find((one) => one.checked);
  }

  /** Offer the models of the chosen engine, and of the other options those it pays heed to. */
  suit() {
    const engine = this.engine();
    const [select] = this.all("model");
    const wanted = select.value;
    const fitting = this.models.filter((one) => !one.dataset.engine || one.dataset.engine === engine?.value);
    select.replaceChildren(...fitting);
    select.value = fitting.some((one) => one.value === wanted) ? wanted : "";
    select.disabled = fitting.length < 3; // one model only: nothing to choose
    this.root.querySelector("[data-model-field]").hidden = select.disabled;
    this.offer("mixed_languages", engine && "mixesLanguages" in engine.dataset && !this.get("language"));
    this.offer("carry_context", engine && "usesContext" in engine.dataset);
  }

  offer(name, isOffered) {
    this.root.querySelector(`[data-offer="${name}"]`).hidden = !isOffered;
    for (const field of this.all(name)) field.disabled = !isOffered;
  }

  /** Say beside its field what the server did not accept; `fields` is {name: sentence}. Empty for nothing. */
  showErrors(fields) {
    for (const place of this.root.querySelectorAll("[data-error-for]")) {
      const name = place.dataset.errorFor;
      place.textContent = fields[name] ?? "";
      place.hidden = !fields[name];
      for (const field of this.all(name)) {
        if (fields[name]) field.setAttribute("aria-invalid", "true");
        else field.removeAttribute("aria-invalid");
      }
      if (fields[name]) place.closest("details")?.setAttribute("open", "");
    }
  }
}
