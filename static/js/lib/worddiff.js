/* Differences between two texts, word by word, and putting two corrections of the same text together. */

/** Words with the space behind each, so that joining them gives the text again. */
export const wordsIn = (text) => text.match(/\S+\s*/g) ?? [];

const same = (one, other) => one.trim() === other.trim();

/** [{from, to, words}, …]: what of `before` (from, up to to) became which words. Longest common run of words, by table. */
export function edits(before, after) {
  const length = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      length[i][j] = same(before[i], after[j]) ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
  const found = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && same(before[i], after[j])) {
      i += 1;
      j += 1;
      continue;
    }
    const last = found.at(-1);
    const edit = last && last.to === i && last.end === j ? last : { from: i, to: i, words: [], end: j };
    if (edit !== last) found.push(edit);
    if (j < after.length && (i === before.length || length[i][j + 1] >= length[i + 1][j])) {
      edit.words.push(after[j]);
      j += 1;
    } else i += 1;
    Object.assign(edit, { to: i, end: j });
  }
  return found.map(({ from, to, words }) => ({ from, to, words }));
}

/** [{isNew, text}, …]: `after` in pieces, told which words were not in `before`. */
export function novelties(before, after) {
  const pieces = [];
  const words = wordsIn(after);
  const fresh = new Set();
  let shift = 0;
  for (const edit of edits(wordsIn(before), words)) {
    for (let at = 0; at < edit.words.length; at += 1) fresh.add(edit.from + shift + at);
    shift += edit.words.length - (edit.to - edit.from);
  }
  words.forEach((word, index) => {
    const isNew = fresh.has(index);
    if (pieces.at(-1)?.isNew === isNew) pieces.at(-1).text += word;
    else pieces.push({ isNew, text: word });
  });
  return pieces;
}

/** Both corrections of `base` in one text. Where they meet, the words of both stand there, ours last. */
export function together(base, theirs, ours) {
  const words = wordsIn(base);
  const all = [...edits(words, wordsIn(theirs)).map((edit) => ({ ...edit })), ...edits(words, wordsIn(ours)).map((edit) => ({ ...edit }))];
  all.sort((one, other) => one.from - other.from || one.to - other.to);
  const merged = [];
  let at = 0;
  let last = null;
  for (const edit of all) {
    if (last && edit.from === last.from && edit.to === last.to && edit.words.map((word) => word.trim()).join(" ") === last.words.map((word) => word.trim()).join(" ")) continue;
    merged.push(...words.slice(at, Math.max(at, edit.from)), ...edit.words);
    at = Math.max(at, edit.to);
    last = edit;
  }
  return [...merged, ...words.slice(at)].map((word) => word.trim()).join(" ");
}
