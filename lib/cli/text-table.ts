import { token } from '../printable.js';
import { cellsOf } from '../text/cells.js';
import { ELLIPSIS } from '../text/terminal-word.js';

/** How many characters of a text from an agent are shown in a table or a sentence. */
const MAX_SHOWN = 120;

/** A text from an agent: visible, on one line, and not longer than a person reads. */
export function shownText(text: string): string {
  const points = [...text.slice(0, 2 * MAX_SHOWN + 2)];
  if (points.length <= MAX_SHOWN) return token(text);
  return token(points.slice(0, MAX_SHOWN).join('')) + ELLIPSIS;
}

/** Lines of aligned columns, with two spaces between them. Numbers are on the right. */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] {
  const cells = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...cells.map((row) => cellsOf(row[i] ?? ''))));
  const isNumber = head.map((_, i) => typeof rows[0]?.[i] === 'number');
  return cells.map((row) => {
    const padded = row.map((cell, i) => {
      const space = ' '.repeat((widths[i] as number) - cellsOf(cell));
      return isNumber[i] ? space + cell : cell + space;
    });
    return padded.join('  ').trimEnd();
  });
}

/** `1 event`, `2 events`. */
export function counted(n: number | bigint, noun: string): string {
  return `${n} ${noun}${n === 1 || n === 1n ? '' : 's'}`;
}
