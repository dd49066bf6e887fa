/* Where the caret stands in a piece of text that is being typed, in UTF-16 units from its start. */

/** [start, end] of the selection inside `place`; null when it is elsewhere. */
export function selectionIn(place) {
  const selection = getSelection();
  if (!selection.rangeCount || !place.contains(selection.anchorNode) || !place.contains(selection.focusNode)) return null;
  const range = selection.getRangeAt(0);
  return [offsetOf(place, range.startContainer, range.startOffset), offsetOf(place, range.endContainer, range.endOffset)];
}

/** How many characters of `place` stand before a point of the document. */
export function offsetOf(place, node, offset) {
  const before = new Range();
  before.setStart(place, 0);
  before.setEnd(node, offset);
  return before.toString().length;
}

export function select(place, from, to = from) {
  const range = new Range();
  range.setStart(...pointAt(place, from));
  range.setEnd(...pointAt(place, to));
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

function pointAt(place, offset) {
  const walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  let left = offset;
  let node = walker.nextNode();
  for (let next = node; next; next = walker.nextNode()) {
    node = next;
    if (left <= node.length) return [node, left];
    left -= node.length;
  }
  return node ? [node, node.length] : [place, 0];
}

/** A text as the server keeps it: on one line, white space of any kind as one space. */
export const tidy = (text) => text.replace(/\s+/g, " ").trim();

/** An offset counted as the server counts it: in code points of the tidy text. */
export const codePoints = (text, offset) => [...text.slice(0, offset).replace(/\s+/g, " ").trimStart()].length;
