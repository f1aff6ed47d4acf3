import { quoted, token } from '../printable.js';

/**
 * The characters that are newer than Unicode 15, which Go knows up to its version 1.26, and that text shows as they are.
 * Go escapes them. An interop test compares this list with Go.
 */
const UNKNOWN_TO_GO =
  /[\u0c5c\u0cdc\u1b4e\u1b4f\u1b7f\u1c89\u1c8a\u20c1\u2427-\u2429\u2b96\u2ffc-\u2fff\u31e4\u31e5\u31ef\ua7cb-\ua7cf\ua7d2\ua7d4\ua7da-\ua7dc\ua7f1\u{105c0}-\u{105f3}\u{11380}-\u{113e2}\u{116d0}-\u{116e3}\u{11bc0}-\u{11bf9}\u{11db0}-\u{11de9}\u{13460}-\u{143fa}\u{16100}-\u{16139}\u{16d40}-\u{16d79}\u{16ea0}-\u{16ed3}\u{16ff2}-\u{16ff6}\u{187f8}-\u{187ff}\u{18cff}\u{18d09}-\u{18df2}\u{1cc00}-\u{1cef0}\u{1e5d0}-\u{1e5ff}\u{1e6c0}-\u{1e6ff}\u{1f6d8}\u{1f777}-\u{1f77a}\u{1f8b2}-\u{1f8d8}\u{1fa54}-\u{1fa57}\u{1fa89}\u{1fa8a}\u{1fa8e}\u{1fa8f}\u{1fabe}\u{1fac6}\u{1fac8}\u{1facd}\u{1fadc}\u{1fadf}\u{1fae9}\u{1faea}\u{1faef}\u{1fbcb}-\u{1fbef}\u{1fbfa}\u{2b73a}-\u{2b73f}\u{2cea2}-\u{2cead}\u{2ebf0}-\u{2ee5d}\u{323b0}-\u{33479}]/u;

/**
 * A value of logfmt. It is quoted whenever Coder's logger quotes it, which is if it is empty, contains white space, or is
 * changed by Go's `strconv.Quote`. It is also quoted if it contains a character that text does not show as it is.
 *
 * Its escapes are those of JSON, because parsers of logfmt do not know `\x1b` and the others that only Go has.
 */
export function logfmtValue(text: string): string {
  const value = token(text);
  return value.startsWith('"') || !UNKNOWN_TO_GO.test(text) ? value : quoted(text);
}
