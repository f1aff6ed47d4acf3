/** The escapes of Go and of JSON that stand for one character. Those of both mean the same. */
const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
  '/': '/',
};

/** The lengths of the escapes that name a code point in hexadecimal. */
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

const KEY = /[^\s="]+=/y;
const PLAIN = /[^ "]*(?= |$)/y;
const QUOTED = /"([^"\\]*(?:\\.[^"\\]*)*)"(?= |$)/sy;
const SPACES = / */y;

/**
 * The pairs of a line of logfmt, or of what Coder's logger writes for people: `key=value key="quoted value"`, with
 * spaces between them.
 *
 * @returns undefined if the text is anything else, or has a key twice.
 */
export function pairsIn(text: string): Map<string, string> | undefined {
  const pairs = new Map<string, string>();
  let at = 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  for (next(SPACES); at < text.length; next(SPACES)) {
    const key = next(KEY)?.[0].slice(0, -1);
    const quoted = next(QUOTED)?.[1];
    const value = quoted === undefined ? next(PLAIN)?.[0] : unescaped(quoted);
    if (key === undefined || value === undefined || pairs.has(key)) return undefined;
    pairs.set(key, value);
  }
  return pairs;
}

/** @returns undefined if there is an escape that neither Go nor JSON has. */
function unescaped(text: string): string | undefined {
  if (!text.includes('\\')) return text;
  let isValid = true;
  const whole = text.replace(/\\(?:x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|.)/gs, (sequence) => {
    const kind = sequence[1] as string;
    const digits = DIGITS[kind];
    if (digits === undefined) {
      isValid &&= kind in ESCAPES;
      return ESCAPES[kind] ?? '';
    }
    const point = Number.parseInt(sequence.slice(2), 16);
    isValid &&= sequence.length === digits + 2 && point <= 0x10_ffff;
    if (!isValid) return '';
    // Two escapes of JSON may be the halves of one character.
    return digits === 4 ? String.fromCharCode(point) : String.fromCodePoint(point);
  });
  return isValid ? whole : undefined;
}
