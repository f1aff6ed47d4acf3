/**
 * Returns a copy of a text. A part of a text, such as a field of a line, keeps the whole text in memory, which may be that
 * of a megabyte. A copy does not, so that what is kept for long has to be one.
 */
export function ownText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
