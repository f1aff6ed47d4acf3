/**
 * The characters that take two cells on a terminal: wide and full-width ones by Unicode's property East Asian Width, and
 * emoji. JavaScript does not know that property. Ambiguous characters count as one cell.
 */
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2329\u232a\u2630-\u2637\u268a-\u268f\u2e80-\u303e\u3041-\u3247\u3250-\u4dff\u4e00-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18df2}\u{1aff0}-\u{1b2fb}\u{1d300}-\u{1d376}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]/gu;

const ASCII = /^[ -~]*$/;

/** How many cells of a terminal a visible text takes. */
export function cellsOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let cells = text.match(WIDE)?.length ?? 0;
  for (const _char of text) cells += 1;
  return cells;
}
