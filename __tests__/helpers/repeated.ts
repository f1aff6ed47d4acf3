/** The fields that each line of a batch repeats, and that text cuts at 64 bytes. */
const REPEATED = ['session_id', 'confined_process_name'];
const MARK = '[cut]';

/**
 * The fields that a reader of a line got, with the complete value of each one that was cut correctly: it begins as the
 * real one does, and its text has from 53 to 64 bytes, because the longest escape of a character has twelve.
 *
 * @param written How the format writes a text, without quotes.
 */
export function restored(
  shown: Record<string, string>,
  event: Record<string, string | undefined>,
  written = (text: string) => JSON.stringify(text).slice(1, -1),
): Record<string, string> {
  const whole = { ...shown };
  for (const name of REPEATED) {
    const value = shown[name] ?? '';
    const full = event[name] ?? '';
    if (!value.endsWith(MARK) || value === full) continue;
    const kept = value.slice(0, -MARK.length);
    // No character becomes shorter, so the first 65 say whether all of it is too long.
    const isTooLong = Buffer.byteLength(written(full.slice(0, 65))) > 64;
    if (full.startsWith(kept) && isTooLong && Buffer.byteLength(written(kept)) <= 64) whole[name] = full;
  }
  return whole;
}
