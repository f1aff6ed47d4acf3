import { isPrintable, quoted } from '../printable.js';

/** What a terminal shows in place of a space in a value, so that each value is one word. */
const SPACE = '␣';
/** What follows a path that was cut. */
export const ELLIPSIS = '…';

/** What looks like one of these two. */
const IMITATIONS = /[␣\u1801\u2024-\u2026\u22ef\ufe19\ufe30]/g;

/** How a value is written on a line of {@link TerminalLine}: as one word, in quotes or without. */
export interface Word {
  readonly isQuoted: boolean;
  /** Writes the value, or a part of it. */
  write(text: string): string;
}

/**
 * A word of a terminal. A space in it is `␣`. It is quoted, with escapes as in JSON, if it is empty, contains a quote, a
 * backslash, a character that text does not show, or one that looks like `␣` or `…`.
 *
 * @param misleads Whether it has to be quoted for another reason.
 */
export function wordFor(value: string, misleads = false): Word {
  const isPlain = !misleads && value !== '' && !/[^\S ]|["\\]/.test(value) && value.search(IMITATIONS) < 0;
  return isPlain && isPrintable(value) ? PLAIN : QUOTED;
}

const PLAIN: Word = { isQuoted: false, write: (text) => text.replaceAll(' ', SPACE) };

const QUOTED: Word = {
  isQuoted: true,
  write: (text) => quoted(text).replace(IMITATIONS, escapeOf).replaceAll(' ', SPACE),
};

function escapeOf(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`;
}
