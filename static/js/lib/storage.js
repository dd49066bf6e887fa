/* Small choices remembered in this browser. Where storage is blocked, nothing is remembered and nothing breaks. */

export function recall(name) {
  try {
    return JSON.parse(localStorage.getItem(`transcriber.${name}`));
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`transcriber.${name}`, JSON.stringify(value));
  } catch {
    // Blocked or full: the choice lasts for this page only.
  }
}
