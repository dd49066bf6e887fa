/* What a file surely is not: audio or video. Judged by its first bytes; anything unknown is left to the server. */

const SIGNS = [
  ["pdf", [0x25, 0x50, 0x44, 0x46]],
  ["zip", [0x50, 0x4b, 0x03, 0x04]],
  ["image", [0x89, 0x50, 0x4e, 0x47]],
  ["image", [0xff, 0xd8, 0xff]],
  ["image", [0x47, 0x49, 0x46, 0x38]],
  ["program", [0x7f, 0x45, 0x4c, 0x46]],
  ["program", [0x4d, 0x5a]],
];

/** The word for what `file` is if it is no media ("pdf", "text" …), else null. Rejects when it cannot be read. */
export async function notMedia(file) {
  const head = new Uint8Array(await file.slice(0, 512).arrayBuffer());
  for (const [word, sign] of SIGNS) if (sign.every((byte, index) => head[index] === byte)) return word;
  if (head.length > 64 && head.every((byte) => byte === 0)) return "zeros";
  const text = new TextDecoder("utf-8", { fatal: false }).decode(head);
  if (/^\s*(<!doctype html|<html|<\?xml)/i.test(text)) return "page";
  const isPrintable = head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 13);
  return isPrintable && !text.slice(0, 480).includes("\ufffd") ? "text" : null;
}
