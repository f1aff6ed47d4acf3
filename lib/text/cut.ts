/** The longest value of a field that each line of a batch repeats, in bytes of text: with its escapes, without quotes. */
const MAX_REPEATED_BYTES = 64;

/** Follows a value that was cut. */
const CUT_MARK = '[cut]';

/**
 * Cuts a value that each line of a batch repeats, so that a frame of 32 KiB cannot become gigabytes of text. It is cut
 * before a character, and only if its text would be longer than {@link MAX_REPEATED_BYTES}.
 *
 * @param shown How a text, or a single character, is written in a line: perhaps with escapes, and with quotes.
 */
export function cut(value: string, shown: (text: string) => string): string {
  // No character becomes shorter.
  if (value.length <= MAX_REPEATED_BYTES && bytesOf(shown(value)) <= MAX_REPEATED_BYTES) return value;
  let kept = '';
  let length = 0;
  for (const char of value) {
    length += bytesOf(shown(char));
    if (length > MAX_REPEATED_BYTES) break;
    kept += char;
  }
  return kept + CUT_MARK;
}

/** The length of a written text without its quotes. Without quotes, no text begins with one. */
function bytesOf(shown: string): number {
  return Buffer.byteLength(shown) - (shown.startsWith('"') ? 2 : 0);
}
