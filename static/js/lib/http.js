/* Requests to our own server. */

/** The token of this session: the cookie's, for signing in again in another tab gives another one. */
export function csrfToken() {
  const cookie = /(?:^|;\s*)(?:__\w+-)?csrftoken=([^;]+)/.exec(document.cookie)?.[1];
  return cookie ?? document.querySelector('meta[name="csrf-token"]')?.content ?? document.querySelector('[name="csrfmiddlewaretoken"]')?.value ?? "";
}

/** The answer of a page's own address. Rejects when it is none of use, with the answer's `status` where there is one. */
export async function answerFrom(address, options) {
  const answer = await fetch(address, options);
  if (answer.ok && !answer.redirected) return answer;
  throw Object.assign(new Error(`status ${answer.status}`), { status: answer.status });
}

/** The server's own sentence in a JSON answer, or null. */
export function sentence(text) {
  try {
    return JSON.parse(text).error || null;
  } catch {
    return null;
  }
}
