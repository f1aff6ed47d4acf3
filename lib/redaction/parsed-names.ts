import { domainToASCII } from 'node:url';

/** A longer name cannot exist. */
const MAX_LENGTH = 1024;
/** How many results are remembered. */
const MAX_KNOWN = 1000;
/** A lookup costs about as much as the other work on so many bytes of ordinary requests, and so many per byte of the name. */
const COST = 1024;
const COST_PER_BYTE = 16;
const MAX_CREDIT = 1000 * COST;

/**
 * Names of hosts with letters of any language, as they are or encoded as ASCII. Only a parser with the tables of Unicode
 * knows which of them are valid. It takes much longer than everything else that is done for a URL, and agents choose their
 * URLs. So the results are remembered, and how many names may be looked up depends on how many bytes are redacted.
 */
export class ParsedNames {
  readonly #known = new Map<string, boolean>();
  #credit = MAX_CREDIT;

  /** Counts bytes that are redacted. */
  count(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, MAX_CREDIT);
  }

  /** @returns false also if too many names were looked up. */
  isValid(bytes: Buffer, start: number, end: number): boolean {
    if (end - start > MAX_LENGTH) return false;
    const name = bytes.toString('utf8', start, end);
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const cost = COST + COST_PER_BYTE * (end - start);
    if (cost > this.#credit) return false;
    this.#credit -= cost;
    const isValid = domainToASCII(name) !== '';
    if (this.#known.size === MAX_KNOWN) this.#known.clear();
    this.#known.set(name, isValid);
    return isValid;
  }
}
