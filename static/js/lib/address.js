/* What the address of a recording's page asks for. */

/** The time to open at (`#t=83.4`, or `?t=83.4` as links without a script have it), or null. */
export function askedTime() {
  const wanted = new URLSearchParams(location.hash.slice(1)).get("t") ?? new URLSearchParams(location.search).get("t");
  return wanted === null || wanted === "" || !Number.isFinite(Number(wanted)) ? null : Number(wanted);
}
