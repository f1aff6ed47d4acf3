/**
 * The characters that are not shown as they are, wherever text of others reaches a reader of lines or a terminal. Shown
 * are the space, and by their general category letters (L), numbers (N), punctuation (P) and symbols (S). Not shown is
 * everything else: control and format characters, line and paragraph separators, other spaces, marks, which would attach
 * to the character before them, surrogates, and what is private or unassigned in the Unicode version of this Node.
 *
 * Some letters and symbols are not shown either, because they are invisible, are drawn into the character before them,
 * or change the order of what is around them: fillers, blanks, vowels and finals of Hangul that are not composed, and the
 * blocks of the scripts that are written from right to left.
 */
const UNPRINTABLE =
  /[^ \p{L}\p{N}\p{P}\p{S}]|[\p{Default_Ignorable_Code_Point}\p{Grapheme_Extend}\p{Emoji_Modifier}\u1160-\u11ff\ud7b0-\ud7ff\u2800\u{13441}\u{13442}\u{1d159}\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
const EACH_UNPRINTABLE = new RegExp(UNPRINTABLE, 'gu');

/** Most text is this, and testing it takes half as long as with the expression above. */
const ASCII = /^[ -~]*$/;
const OTHER_RUNS = /[^ -~]+/g;

/** The code points from here on are private or unassigned, or are tags and variation selectors. */
const END_OF_SHOWN = 0x4_0000;

/** Whether all characters of a text are shown as they are. */
export function isPrintable(text: string): boolean {
  if (ASCII.test(text)) return true;
  return text.match(OTHER_RUNS)?.every((run) => !UNPRINTABLE.test(run)) ?? true;
}

/**
 * Replaces each character that is not shown as it is by `\u` and four digits; above U+FFFF by two of them, as in JSON.
 * The result of a JSON text is JSON with the same values. In other text, a backslash must have been escaped before.
 */
export function escapeUnprintable(text: string): string {
  if (ASCII.test(text)) return text;
  return text.replace(OTHER_RUNS, (run) =>
    UNPRINTABLE.test(run) ? run.replace(EACH_UNPRINTABLE, escapeOf) : run,
  );
}

function escapeOf(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) {
    escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  }
  return escaped;
}

/** A text as a string of JSON, in which every character is visible. */
export function quoted(text: string): string {
  return escapeUnprintable(JSON.stringify(text));
}

/** A text as it is if it is one word without quotes and backslashes; otherwise {@link quoted}. */
export function token(text: string): string {
  return text === '' || /[\s"\\]/.test(text) || !isPrintable(text) ? quoted(text) : text;
}

/** A text of which a part may be foreign and is not quoted, on one line. Backslashes are escaped, too. */
export function visible(text: string): string {
  return escapeUnprintable(text.replaceAll('\\', '\\\\'));
}

/**
 * The message of anything that was thrown. The paths in a message of the system are shown as {@link token}s: it contains
 * them in single quotes, unescaped.
 */
export function messageOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return escapeUnprintable(String(error));
    const { path, dest } = error as { path?: unknown; dest?: unknown };
    let message = String(error.message);
    for (const name of [path, dest]) {
      if (typeof name === 'string') message = message.replaceAll(`'${name}'`, () => token(name));
    }
    return escapeUnprintable(message);
  } catch {
    return 'an error that cannot be shown';
  }
}

/**
 * Sets one bit for each code point whose character is shown as it is, from the lowest bit of the first byte on. This takes
 * a few milliseconds.
 */
export function shownCharacters(bits: Uint8Array): void {
  for (let point = 0; point < END_OF_SHOWN; point++) {
    if (UNPRINTABLE.test(String.fromCodePoint(point))) continue;
    bits[point >> 3] = (bits[point >> 3] as number) | (1 << (point & 7));
  }
}
