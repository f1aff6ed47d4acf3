import { cellsOf } from './cells.js';
import { misleads } from './pretty-value.js';
import { ELLIPSIS, type Word, wordFor } from './terminal-word.js';

/**
 * Everything up to the end of the host, however it is written. Parsers of URLs treat backslashes as slashes, and ignore
 * tabs, line feeds and further slashes before a host.
 */
const UP_TO_HOST = /^[^/?#]*[/\\\t\n\r]*[^/?#]*/;

/** A URL on a line of a terminal. Only what follows its host can be cut. */
export class ShownUrl {
  /** The complete URL. */
  readonly text: string;
  readonly cells: number;
  readonly #url: string;
  readonly #word: Word;
  /** Where it may be cut at the earliest: after the host and one more character, so that the host looks complete. */
  readonly #earliest: number;

  constructor(url: string) {
    this.#url = url;
    this.#word = wordFor(url, misleads(url));
    this.text = this.#word.write(url);
    this.cells = cellsOf(this.text);
    this.#earliest = (UP_TO_HOST.exec(url)?.[0].length ?? 0) + 1;
  }

  /** How many cells it takes at least. */
  get fewestCells(): number {
    return this.#isLongerThan(this.#earliest)
      ? Math.min(this.cells, cellsOf(this.#cutAt(this.#earliest)))
      : this.cells;
  }

  /** The URL, cut so that it takes no more cells than that; if that is not possible, as few as possible. */
  within(cells: number): string {
    if (this.cells <= cells || !this.#isLongerThan(this.#earliest)) return this.text;
    let end = this.#earliest;
    let left = cells - cellsOf(this.#cutAt(end));
    const quotes = this.#word.isQuoted ? 2 : 0;
    for (const char of this.#url.slice(end)) {
      left -= cellsOf(this.#word.write(char)) - quotes;
      if (left < 0) break;
      end += char.length;
    }
    return this.#isLongerThan(end) ? this.#cutAt(end) : this.text;
  }

  #isLongerThan(end: number): boolean {
    return this.#url.length > end;
  }

  #cutAt(end: number): string {
    return this.#word.write(this.#url.slice(0, end)) + ELLIPSIS;
  }
}
