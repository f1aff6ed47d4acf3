/** The longest value of a field that each line of a batch repeats, in bytes of text, escapes included. */
export const MAX_REPEATED_BYTES = 64;

/** Follows a value that was cut. */
export const CUT_MARK = '[cut]';

/**
 * Cuts a value that each line of a batch repeats, so that a frame of 32 KiB cannot become gigabytes of text. It is cut
 * before a character, and only if its text would be longer than {@link MAX_REPEATED_BYTES}.
 *
 * @param bytesOf How many bytes a character, or a text of them, has when it is escaped.
 */
export function cut(value: string, bytesOf: (text: string) => number): string {
  // No character becomes shorter.
  if (value.length <= MAX_REPEATED_BYTES && bytesOf(value) <= MAX_REPEATED_BYTES) return value;
  let kept = '';
  let length = 0;
  for (const char of value) {
    length += bytesOf(char);
    if (length > MAX_REPEATED_BYTES) break;
    kept += char;
  }
  return kept + CUT_MARK;
}
