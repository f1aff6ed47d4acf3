import {
  Char,
  encodedCode,
  encodedEnd,
  find,
  findLast,
  isControl,
  isDigit,
  isLetter,
  isNotable,
  isSlash,
} from './characters.js';
import { isHostAndPort, isPort } from './host.js';
import type { KeptNames } from './kept-names.js';
import { plainEnd, plainOrigin } from './plain-url.js';
import type { Ranges } from './ranges.js';

/** Returned instead of a position: the rest of the URL is removed. */
const REMOVED = -1;

/** Schemes for which every parser of the web looks for a host, however many slashes there are. */
const WEB_SCHEMES: readonly string[] = ['http', 'https', 'ws', 'wss', 'ftp'];
const LONGEST_WEB_SCHEME = 5;

/**
 * Finds the secrets of a URL: the values of its parameters, and its credentials. It looks at the bytes as they were
 * received, in linear time.
 *
 * Programs read unusual URLs in different ways. So a secret begins where it begins for any reader, and ends where it ends
 * for all of them. What no reader can parse is removed.
 */
export class UrlScanner {
  readonly #kept: KeptNames;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  readonly #ranges: Ranges;

  /** @param ranges Where the start and the end of each secret are added, in order. */
  constructor(kept: KeptNames, ranges: Ranges) {
    this.#kept = kept;
    this.#ranges = ranges;
  }

  /** Finds the secrets of the URL from `start` to `end`. */
  scan(bytes: Buffer, start: number, end: number): void {
    this.#bytes = bytes;
    this.#end = end;
    const path = plainOrigin(bytes, start, end);
    const stop = path === REMOVED ? start : plainEnd(bytes, path, end);
    if (stop === end) return;
    if (stop > start && isQueryOrFragment(bytes[stop])) this.#afterPath(stop);
    else this.#unusual(start);
  }

  #afterPath(stop: number): void {
    const fragment = find(this.#bytes, Char.HASH, stop, this.#end);
    this.#parameters(stop + 1, fragment, Char.AMPERSAND);
    this.#parameters(fragment + 1, this.#end, Char.AMPERSAND);
  }

  #unusual(start: number): void {
    const bytes = this.#bytes;
    const end = this.#end;
    let pos = start;
    while (pos < end && bytes[pos] === Char.SPACE) pos++;
    let stop = pos;
    for (; stop < end && !isQueryOrFragment(bytes[stop]); stop++) {
      // Some readers skip these, others do not. Both cannot be respected.
      if (isControl(bytes[stop] as number)) {
        this.#remove(start, end);
        return;
      }
    }
    const path = this.#origin(pos, stop);
    if (path === REMOVED) return;
    this.#path(path, stop);
    if (stop < end) this.#afterPath(stop);
  }

  #remove(start: number, end: number): void {
    if (start < end) this.#ranges.add(start, end);
  }

  /** The part before the path. @returns where the path begins, or {@link REMOVED}. */
  #origin(start: number, stop: number): number {
    const bytes = this.#bytes;
    const afterScheme = this.#afterScheme(start, stop);
    let pos = afterScheme;
    while (pos < stop && isSlash(bytes[pos])) pos++;
    const slashes = pos - afterScheme;
    const isWeb = this.#isWeb(start, afterScheme - 1);
    if (afterScheme === start) {
      // Of a URL without a scheme, as `/path` or `host/path`.
      if (slashes === 1 || pos === stop) return start;
    } else if (!isWeb) {
      if (slashes === 1 || slashes > 2) return afterScheme;
      if (slashes === 0) {
        // What looks like a scheme may be a host or the name of a user. Otherwise nobody but its scheme knows the rest.
        const slash = this.#slash(afterScheme, stop);
        const isHost = isPort(bytes, afterScheme, slash) && slash > afterScheme;
        if (!isHost && findLast(bytes, Char.AT, afterScheme, find(bytes, Char.SLASH, pos, stop)) < 0) {
          this.#remove(afterScheme, this.#end);
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
    if ((host === end && at < 0 && !needsHost) || isHostAndPort(bytes, host, end)) {
      this.#remove(start, at);
      return end;
    }
    this.#remove(start, this.#end);
    return REMOVED;
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

  #isWeb(start: number, colon: number): boolean {
    if (colon <= start || colon - start > LONGEST_WEB_SCHEME) return false;
    return WEB_SCHEMES.includes(this.#bytes.toString('latin1', start, colon).toLowerCase());
  }

  /** The first slash or backslash, or `stop`. */
  #slash(pos: number, stop: number): number {
    while (pos < stop && !isSlash(this.#bytes[pos])) pos++;
    return pos;
  }

  #path(start: number, stop: number): void {
    const bytes = this.#bytes;
    let pos = start;
    // Whether another URL may begin here, as in `/proxy/https://user@host/`.
    let isRoot = false;
    while (pos < stop) {
      const end = find(bytes, Char.SLASH, pos, stop);
      if (end === pos) {
        isRoot = pos > start;
      } else {
        if (this.#segment(pos, end, stop, isRoot)) return;
        isRoot = bytes[end - 1] === Char.COLON;
      }
      pos = end + 1;
    }
  }

  /** One segment of the path. @returns whether the rest of the path was removed with it. */
  #segment(first: number, end: number, stop: number, isRoot: boolean): boolean {
    const bytes = this.#bytes;
    let start = first;
    // Without these, the result would be another kind of URL.
    while (bytes[start] === Char.BACKSLASH && start < end) start++;
    let mayBeUrl = isRoot || start > first;
    let afterAt = start;
    let separator = REMOVED;
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
          if (afterAt > start) this.#remove(start, afterAt - 1);
          this.#remove(separator === REMOVED ? next : separator, stop);
          return true;
        }
      }
      if (code === Char.COLON || isSlash(code)) {
        mayBeUrl = true;
      } else if (code === Char.AT && mayBeUrl) {
        if (separator !== REMOVED) {
          // The separator is a part of the password, or this is a part of a value.
          this.#remove(start, stop);
          return true;
        }
        afterAt = pos + 1;
      } else if ((code === Char.SEMICOLON || code === Char.AMPERSAND) && separator === REMOVED) {
        separator = next;
      }
      pos = next;
    }
    if (afterAt > start) this.#remove(start, afterAt - 1);
    if (separator === REMOVED) return false;
    const isEncoded = bytes[separator - 1] !== Char.SEMICOLON && bytes[separator - 1] !== Char.AMPERSAND;
    if (isEncoded) this.#remove(separator, end);
    // A value in a path ends with its segment: not everybody ends it at `;` or `&`.
    else this.#parameters(separator, end, Char.SLASH);
    return false;
  }

  /** A list of parameters: a query, a fragment, or the end of a segment of a path. A value ends at `ender`. */
  #parameters(start: number, stop: number, ender: number): void {
    const bytes = this.#bytes;
    let name = start;
    let pos = start;
    while (pos < stop) {
      const byte = bytes[pos] as number;
      if (!isNotable(byte)) {
        pos += 1;
      } else if (byte === Char.EQUALS) {
        pos = this.#value(name, pos, stop, ender);
        name = pos;
      } else if (isSeparator(byte)) {
        this.#alone(name, pos);
        pos += 1;
        name = pos;
      } else {
        const next = byte === Char.PERCENT ? encodedEnd(bytes, pos, stop) : pos;
        if (next > pos && (next === pos + 1 || !isNotable(encodedCode(bytes, next)))) {
          pos = next;
        } else {
          // No name has a character like this, so it is a value.
          const end = find(bytes, ender, pos, stop);
          this.#remove(name, end);
          pos = end + 1;
          name = pos;
        }
      }
    }
    this.#alone(name, Math.min(pos, stop));
  }

  /** A name without a value, which is a value without a name. */
  #alone(start: number, end: number): void {
    if (!this.#kept.has(this.#bytes, start, end)) this.#remove(start, end);
  }

  /** @returns where the next parameter begins. */
  #value(name: number, equals: number, stop: number, ender: number): number {
    if (this.#kept.has(this.#bytes, name, equals)) return this.#keptValue(equals + 1, stop, ender);
    const end = find(this.#bytes, ender, equals + 1, stop);
    let pos = equals;
    while (pos < end && this.#bytes[pos] === Char.EQUALS) pos++;
    // With nothing but equals signs, the name may be a value in base64, and the signs its padding.
    if (pos === end) this.#remove(name, equals);
    else this.#remove(equals + 1, end);
    return end + 1;
  }

  /** The value of a parameter that is kept, up to where any reader finds another parameter. */
  #keptValue(start: number, stop: number, ender: number): number {
    const bytes = this.#bytes;
    let mayBeUrl = false;
    let at = REMOVED;
    for (let pos = start, next = start; pos < stop; pos = next) {
      let code = bytes[pos] as number;
      next = pos + 1;
      if (code === Char.PERCENT) {
        next = encodedEnd(bytes, pos, stop);
        if (next > pos + 1) code = encodedCode(bytes, next);
      }
      if (isSeparator(code)) {
        this.#remove(start, at);
        if (next === pos + 1) return next;
        const end = find(bytes, ender, next, stop);
        this.#remove(next, end);
        return end + 1;
      }
      if (code === Char.COLON || isSlash(code)) mayBeUrl = true;
      else if (code === Char.AT && mayBeUrl) at = pos;
    }
    this.#remove(start, at);
    return stop;
  }
}

function isQueryOrFragment(byte: number | undefined): boolean {
  return byte === Char.QUESTION || byte === Char.HASH;
}

/** `&`, and what some readers take for it. */
function isSeparator(code: number): boolean {
  return code === Char.AMPERSAND || code === Char.SEMICOLON || code === Char.QUESTION || code === Char.HASH;
}
