/* Requests to our own server. */

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? document.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "";
}

/** The server's own sentence in a JSON answer, or null. */
export function sentence(text) {
  try {
    return JSON.parse(text).error || null;
  } catch {
    return null;
  }
}
