import { Char, find, isControl } from './characters.js';
import type { KeptNames } from './kept-names.js';
import { Origin, REMOVED } from './origin.js';
import { Parameters } from './parameters.js';
import type { ParsedNames } from './parsed-names.js';
import { Path } from './path.js';
import { plainEnd, plainOrigin } from './plain-url.js';
import type { Ranges } from './ranges.js';

/**
 * Finds the secrets of a URL: the values of its parameters, and its credentials. It looks at the bytes as they were
 * received, in linear time.
 *
 * Programs read unusual URLs in different ways. So a secret begins where it begins for any reader, and ends where it ends
 * for all of them. What no reader can parse is removed.
 */
export class UrlScanner {
  readonly #secrets: Ranges;
  readonly #origin: Origin;
  readonly #path: Path;
  readonly #parameters: Parameters;

  /** @param secrets Where the start and the end of each secret are added, in order. */
  constructor(kept: KeptNames, names: ParsedNames, secrets: Ranges) {
    this.#secrets = secrets;
    this.#origin = new Origin(names, secrets);
    this.#parameters = new Parameters(kept, secrets);
    this.#path = new Path(this.#parameters, secrets);
  }

  /** Finds the secrets of the URL from `start` to `end`. */
  scan(bytes: Buffer, start: number, end: number): void {
    const path = plainOrigin(bytes, start, end);
    const stop = path === REMOVED ? start : plainEnd(bytes, path, end);
    if (stop === end) return;
    if (stop > start && isQueryOrFragment(bytes[stop])) this.#afterPath(bytes, stop, end);
    else this.#unusual(bytes, start, end);
  }

  #unusual(bytes: Buffer, start: number, end: number): void {
    let pos = start;
    while (pos < end && bytes[pos] === Char.SPACE) pos++;
    let stop = pos;
    for (; stop < end && !isQueryOrFragment(bytes[stop]); stop++) {
      // Some readers skip these characters and others do not, and no result is right for both.
      if (isControl(bytes[stop] as number)) {
        this.#secrets.add(start, end);
        return;
      }
    }
    const path = this.#origin.scan(bytes, pos, stop, end);
    if (path === REMOVED) return;
    this.#path.scan(bytes, path, stop);
    if (stop < end) this.#afterPath(bytes, stop, end);
  }

  #afterPath(bytes: Buffer, stop: number, end: number): void {
    const fragment = find(bytes, Char.HASH, stop, end);
    this.#parameters.scan(bytes, stop + 1, fragment, Char.AMPERSAND);
    this.#parameters.scan(bytes, fragment + 1, end, Char.AMPERSAND);
  }
}

function isQueryOrFragment(byte: number | undefined): boolean {
  return byte === Char.QUESTION || byte === Char.HASH;
}
