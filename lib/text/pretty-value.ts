import { quoted, token } from '../printable.js';

/** `pretty` shows this in place of what is not there. */
export const NONE = '-';

/**
 * A value on a terminal. A terminal breaks long lines anywhere, so a value with spaces could make the next row look like
 * a line of its own. Therefore it has none.
 */
export function unspaced(value: string): string {
  return token(value).replaceAll(' ', '\\u0020');
}

/** A value on a terminal without a name before it. It must not look like another field, or as if there were none. */
export function positional(value: string): string {
  const shown = unspaced(value);
  return shown === value && misleads(value) ? quoted(value) : shown;
}

/** Whether a value looks like a field with a name, like a decision, or like {@link NONE}. */
export function misleads(value: string): boolean {
  return value === NONE || /^(?:allow|deny)$|^[^:=]*=/.test(value);
}
