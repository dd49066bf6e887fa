/* How a phrase is found: the same rule as in jobs/services/phrases.py, so that what is marked is what the server counts. */

const PART = "[\\p{L}\\p{N}\\p{M}_]"; // of a word, in any script
const DOTTED = /[iIİı]/g; // the server takes these four for one letter where case does not count

/** What finds all places of `phrase`, blanks included. A whole word has no letter, digit or mark at either side. */
export function patternOf({ phrase, matchCase, wholeWord }) {
  const escaped = phrase.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  const found = matchCase ? escaped : escaped.replace(DOTTED, "[iIİı]");
  return new RegExp(wholeWord ? `(?<!${PART})${found}(?!${PART})` : found, matchCase ? "gu" : "giu");
}

/** [[from, to], …] of the places in a text, in UTF-16 units. */
export function placesIn(text, pattern) {
  return [...text.matchAll(pattern)].map(({ index, 0: found }) => [index, index + found.length]);
}
