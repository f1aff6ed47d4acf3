import { visible } from '../../printable.js';

/** Everything up to the end of the host, however it is written. */
const UP_TO_HOST = /^[^/?#]*[/\\\t\n\r]*[^/?#\\]*/;
const ELLIPSIS = '…';

/**
 * Text of an agent in which each character is visible: control characters, invisible ones and those that change the
 * direction of writing are escapes, and so is each backslash.
 */
export const shown = visible;

/**
 * A URL in so many columns of a monospaced font. It is cut in the middle of its path. Of a host that does not fit, the end
 * is shown, because that is what decides who answers.
 */
export function shownUrl(url: string, columns: number): string {
  const text = shown(url);
  if (text.length <= columns) return text;
  const head = shown(UP_TO_HOST.exec(url)?.[0] ?? '');
  const room = columns - head.length - ELLIPSIS.length;
  if (room < 2) {
    const isAll = head.length === text.length;
    const kept = Math.max(1, columns - (isAll ? 1 : 2));
    return `${head.length > kept ? ELLIPSIS : ''}${endOf(head, kept)}${isAll ? '' : ELLIPSIS}`;
  }
  const before = Math.ceil(room / 2);
  return startOf(text, head.length + before) + ELLIPSIS + endOf(text, room - before);
}

/** The first characters of a text. Half of a character above U+FFFF would be none. */
function startOf(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}

function endOf(text: string, length: number): string {
  return text.slice(-length).replace(/^[\udc00-\udfff]/, '');
}
