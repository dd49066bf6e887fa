/* Requests to our own server. */

/** The token of this session: the cookie's, for signing in again in another tab gives another one. */
export function csrfToken() {
  const cookie = /(?:^|;\s*)(?:__\w+-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  return cookie ?? document.querySelector('meta[name="csrf-token"]')?.content ?? document.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "";
}

/** The server's own sentence in a JSON answer, or null. */
export function sentence(text) {
  try {
    return JSON.parse(text).error || null;
  } catch {
    return null;
  }
}
