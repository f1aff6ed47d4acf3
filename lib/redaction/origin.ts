import { Char, find, findLast, isDigit, isLetter, isSlash } from './characters.js';
import { isHostAndPort, isPort } from './host.js';
import type { ParsedNames } from './parsed-names.js';
import type { Ranges } from './ranges.js';

/** Returned instead of a position: the rest of the URL is removed. */
export const REMOVED = -1;

/** Schemes for which every parser of the web looks for a host, however many slashes there are. */
const WEB_SCHEMES = ['http', 'https', 'ws', 'wss', 'ftp'].map((scheme) => Buffer.from(scheme));

/** Finds the secrets in the part of a URL before its path: credentials, and everything that follows if no host is valid. */
export class Origin {
  readonly #names: ParsedNames;
  readonly #secrets: Ranges;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;

  constructor(names: ParsedNames, secrets: Ranges) {
    this.#names = names;
    this.#secrets = secrets;
  }

  /**
   * Finds them in the URL from `start` to `end`, whose query or fragment begins at `stop`.
   *
   * @returns where the path begins, or {@link REMOVED}.
   */
  scan(bytes: Buffer, start: number, stop: number, end: number): number {
    this.#bytes = bytes;
    this.#end = end;
    const afterScheme = this.#afterScheme(start, stop);
    let pos = afterScheme;
    while (pos < stop && isSlash(bytes[pos])) pos++;
    const slashes = pos - afterScheme;
    const isWeb = isWebScheme(bytes, start, afterScheme - 1);
    if (afterScheme === start) {
      // A URL without a scheme, such as `/path` or `host/path`.
      if (slashes === 1 || pos === stop) return start;
    } else if (!isWeb) {
      if (slashes === 1 || slashes > 2) return afterScheme;
      if (slashes === 0) {
        // What looks like a scheme may be a host or the name of a user. Otherwise only the scheme defines the rest.
        const slash = this.#slash(afterScheme, stop);
        const isHost = isPort(bytes, afterScheme, slash) && slash > afterScheme;
        if (!isHost && findLast(bytes, Char.AT, afterScheme, find(bytes, Char.SLASH, pos, stop)) < 0) {
          this.#secrets.add(afterScheme, this.#end);
          return REMOVED;
        }
        pos = start;
      }
    }
    return this.#authority(pos, stop, isWeb || afterScheme === start || pos === start);
  }

  /** Credentials, host and port. */
  #authority(start: number, stop: number, needsHost: boolean): number {
    const bytes = this.#bytes;
    const at = findLast(bytes, Char.AT, start, find(bytes, Char.SLASH, start, stop));
    const host = at < 0 ? start : at + 1;
    const end = this.#slash(host, stop);
    const isEmpty = host === end && at < 0 && !needsHost;
    if (isEmpty || (this.#isHost(host, end) && this.#isHostBefore(start, at))) {
      this.#secrets.add(start, at);
      return end;
    }
    this.#secrets.add(start, this.#end);
    return REMOVED;
  }

  /** Some readers find a host before a backslash, and not after the last `@`. It has to be valid, too. */
  #isHostBefore(start: number, at: number): boolean {
    const backslash = this.#slash(start, at);
    if (backslash >= at) return true;
    const before = findLast(this.#bytes, Char.AT, start, backslash);
    return this.#isHost(before < 0 ? start : before + 1, backslash);
  }

  #isHost(start: number, end: number): boolean {
    return isHostAndPort(this.#bytes, start, end, this.#names);
  }

  #afterScheme(start: number, stop: number): number {
    const bytes = this.#bytes;
    if (start === stop || !isLetter(bytes[start] as number)) return start;
    for (let i = start + 1; i < stop; i++) {
      const byte = bytes[i] as number;
      if (byte === Char.COLON) return i + 1;
      // Letters, digits and `+-.`
      if (!isLetter(byte) && !isDigit(byte) && byte !== 0x2b && byte !== 0x2d && byte !== 0x2e) return start;
    }
    return start;
  }

  /** The first slash or backslash, or `stop`. */
  #slash(pos: number, stop: number): number {
    while (pos < stop && !isSlash(this.#bytes[pos])) pos++;
    return pos;
  }
}

function isWebScheme(bytes: Buffer, start: number, colon: number): boolean {
  for (const scheme of WEB_SCHEMES) {
    let i = 0;
    if (colon - start === scheme.length)
      while (i < scheme.length && lower(bytes[start + i]) === scheme[i]) i++;
    if (i === scheme.length) return true;
  }
  return false;
}

/** A letter in lower case. */
function lower(byte: number | undefined): number {
  return (byte as number) | 0x20;
}
