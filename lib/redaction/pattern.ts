import { isAscii } from 'node:buffer';
import { invalidOption, type OptionCheck } from '../options.js';
import type { Ranges } from './ranges.js';
import { RE2JS } from './re2js.lazy.js';

/** Each match costs at most time that is linear in the URL. This many matches keep the sum linear, too. */
const MAX_MATCHES = 8;
const MAX_LENGTH = 1000;

export const patternCheck: OptionCheck = {
  expected: `a regular expression in the syntax of RE2, of 1 to ${MAX_LENGTH} characters`,
  accepts: (value) => typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH,
};

/** @returns why an expression is not valid, if it is not. */
export function patternError(source: string): string | undefined {
  try {
    // The pattern would match everywhere, and remove nothing.
    return RE2JS.compile(source).matcher('').find() ? 'it matches the empty text' : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * A regular expression for what is a secret in a URL, besides what {@link UrlScanner} finds. Agents choose their URLs, so
 * its engine has no input that takes more than linear time.
 */
export class Pattern {
  readonly #expression: RE2JS;

  /** @throws ERR_INVALID_OPTION if it is not valid. */
  constructor(owner: string, source: string) {
    const error = patternError(source);
    if (error !== undefined) throw invalidOption(owner, source, `${patternCheck.expected} (${error})`);
    this.#expression = RE2JS.compile(source);
  }

  /** Adds the start and the end of each match, in order. After many matches, the rest counts as one. */
  scan(bytes: Buffer, start: number, end: number, matches: Ranges): void {
    const isBytes = isAscii(bytes.subarray(start, end));
    const url = bytes.toString(isBytes ? 'latin1' : 'utf8', start, end);
    const matcher = this.#expression.matcher(url);
    let known = 0;
    let position = start;
    /** Positions of bytes from those of UTF-16, in ascending order. */
    const positionOf = (index: number) => {
      if (isBytes) return start + index;
      position += Buffer.byteLength(url.slice(known, index));
      known = index;
      return position;
    };
    for (let found = 0; matcher.find(); found++) {
      const first = positionOf(matcher.start());
      if (found === MAX_MATCHES) {
        matches.add(first, end);
        return;
      }
      matches.add(first, positionOf(matcher.end()));
    }
  }
}
