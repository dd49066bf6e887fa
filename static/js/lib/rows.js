/* Finding the row of a sentence. */
import { firstInView, root } from "./stretches.js";

/** The row of a segment, by its id; null where it is not on the page. */
export const rowOf = (id) => root.querySelector(`[data-segment="${id}"]`);

/** The row that a key means: the one with the focus, else the one that is heard, else the first that is read; null while another
    tab is open. */
export function currentRow() {
  if (!root.checkVisibility()) return null;
  const focused = document.activeElement?.closest("[data-segment]");
  return focused ?? root.querySelector(".segment.is-current") ?? firstInView(innerHeight * 0.25)?.element ?? null;
}
