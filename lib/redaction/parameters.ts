import { Char, encodedCode, encodedEnd, find, isNotable, isSlash } from './characters.js';
import type { KeptNames } from './kept-names.js';
import type { Ranges } from './ranges.js';

/** Finds the secrets of a list of parameters: of a query, a fragment, or the end of a segment of a path. */
export class Parameters {
  readonly #kept: KeptNames;
  readonly #secrets: Ranges;

  constructor(kept: KeptNames, secrets: Ranges) {
    this.#kept = kept;
    this.#secrets = secrets;
  }

  /** Finds the secrets from `start` to `stop`. A value ends at `ender`. */
  scan(bytes: Buffer, start: number, stop: number, ender: number): void {
    let name = start;
    let pos = start;
    while (pos < stop) {
      const byte = bytes[pos] as number;
      if (!isNotable(byte)) {
        pos += 1;
      } else if (byte === Char.EQUALS) {
        pos = this.#value(bytes, name, pos, stop, ender);
        name = pos;
      } else if (isSeparator(byte)) {
        this.#alone(bytes, name, pos);
        pos += 1;
        name = pos;
      } else {
        const next = byte === Char.PERCENT ? encodedEnd(bytes, pos, stop) : pos;
        if (next > pos && (next === pos + 1 || !isNotable(encodedCode(bytes, next)))) {
          pos = next;
        } else {
          // No name has a character like this, so it is a value.
          const end = find(bytes, ender, pos, stop);
          this.#secrets.add(name, end);
          pos = end + 1;
          name = pos;
        }
      }
    }
    this.#alone(bytes, name, Math.min(pos, stop));
  }

  /** A name without a value, which is a value without a name. */
  #alone(bytes: Buffer, start: number, end: number): void {
    if (!this.#kept.has(bytes, start, end)) this.#secrets.add(start, end);
  }

  /** @returns where the next parameter begins. */
  #value(bytes: Buffer, name: number, equals: number, stop: number, ender: number): number {
    if (this.#kept.has(bytes, name, equals)) return this.#keptValue(bytes, equals + 1, stop, ender);
    const end = find(bytes, ender, equals + 1, stop);
    let pos = equals;
    while (pos < end && bytes[pos] === Char.EQUALS) pos++;
    // With nothing but equals signs, the name may be a value in base64, and the signs its padding.
    if (pos === end) this.#secrets.add(name, equals);
    else this.#secrets.add(equals + 1, end);
    return end + 1;
  }

  /** The value of a parameter that is kept, up to where any reader finds another parameter. */
  #keptValue(bytes: Buffer, start: number, stop: number, ender: number): number {
    let mayBeUrl = false;
    let at = -1;
    for (let pos = start, next = start; pos < stop; pos = next) {
      let code = bytes[pos] as number;
      next = pos + 1;
      if (code === Char.PERCENT) {
        next = encodedEnd(bytes, pos, stop);
        if (next > pos + 1) code = encodedCode(bytes, next);
      }
      if (isSeparator(code)) {
        this.#secrets.add(start, at);
        if (next === pos + 1) return next;
        const end = find(bytes, ender, next, stop);
        this.#secrets.add(next, end);
        return end + 1;
      }
      if (code === Char.COLON || isSlash(code)) mayBeUrl = true;
      else if (code === Char.AT && mayBeUrl) at = pos;
    }
    this.#secrets.add(start, at);
    return stop;
  }
}

/** `&`, and the characters that some readers treat like it. */
function isSeparator(code: number): boolean {
  return code === Char.AMPERSAND || code === Char.SEMICOLON || code === Char.QUESTION || code === Char.HASH;
}
