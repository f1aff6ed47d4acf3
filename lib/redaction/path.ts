import { Char, encodedCode, encodedEnd, find, isNotable, isSlash } from './characters.js';
import type { Parameters } from './parameters.js';
import type { Ranges } from './ranges.js';

/** Stands for the absence of a position. */
const NONE = -1;

/** Finds the secrets of a path: parameters, credentials in a URL in it, and what a program that decodes it finds. */
export class Path {
  readonly #parameters: Parameters;
  readonly #secrets: Ranges;

  constructor(parameters: Parameters, secrets: Ranges) {
    this.#parameters = parameters;
    this.#secrets = secrets;
  }

  /** Finds the secrets from `start` to `stop`. */
  scan(bytes: Buffer, start: number, stop: number): void {
    let pos = start;
    // Whether another URL may begin here, as in `/proxy/https://user@host/`.
    let isRoot = false;
    while (pos < stop) {
      const end = find(bytes, Char.SLASH, pos, stop);
      if (end === pos) {
        isRoot = pos > start;
      } else {
        if (this.#segment(bytes, pos, end, stop, isRoot)) return;
        isRoot = bytes[end - 1] === Char.COLON;
      }
      pos = end + 1;
    }
  }

  /** One segment of the path. @returns whether the rest of the path was removed with it. */
  #segment(bytes: Buffer, first: number, end: number, stop: number, isRoot: boolean): boolean {
    let start = first;
    // Without these, the result would be another kind of URL.
    while (bytes[start] === Char.BACKSLASH && start < end) start++;
    let mayBeUrl = isRoot || start > first;
    let afterAt = start;
    let separator = NONE;
    let pos = start;
    while (pos < end) {
      let code = bytes[pos] as number;
      let next = pos + 1;
      if (!isNotable(code)) {
        pos = next;
        continue;
      }
      if (code === Char.PERCENT) {
        next = encodedEnd(bytes, pos, end);
        if (next > pos + 1) code = encodedCode(bytes, next);
        if (code === Char.QUESTION || code === Char.HASH) {
          // A program that decodes the path finds a query here.
          if (afterAt > start) this.#secrets.add(start, afterAt - 1);
          this.#secrets.add(separator === NONE ? next : separator, stop);
          return true;
        }
      }
      if (code === Char.COLON || isSlash(code)) {
        mayBeUrl = true;
      } else if (code === Char.AT && mayBeUrl) {
        if (separator !== NONE) {
          // The separator is a part of the password, or this is a part of a value.
          this.#secrets.add(start, stop);
          return true;
        }
        afterAt = pos + 1;
      } else if ((code === Char.SEMICOLON || code === Char.AMPERSAND) && separator === NONE) {
        separator = next;
      }
      pos = next;
    }
    if (afterAt > start) this.#secrets.add(start, afterAt - 1);
    if (separator === NONE) return false;
    const isEncoded = bytes[separator - 1] !== Char.SEMICOLON && bytes[separator - 1] !== Char.AMPERSAND;
    if (isEncoded) this.#secrets.add(separator, end);
    // A value in a path ends with its segment: not everybody ends it at `;` or `&`.
    else this.#parameters.scan(bytes, separator, end, Char.SLASH);
    return false;
  }
}
