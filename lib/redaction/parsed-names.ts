import { domainToASCII } from 'node:url';

/** A longer name cannot exist. */
const MAX_LENGTH = 1024;
/** How many results are remembered at most: a power of two. */
const SLOTS = 1024;
/** The cost of a lookup, in bytes of ordinary requests that take as much time: a fixed part, and a part for each byte of the name. */
const COST = 1024;
const COST_PER_BYTE = 16;
const MAX_CREDIT = 1000 * COST;

/**
 * Decides whether names of hosts with letters of any language, or their ASCII forms, are valid. Only a parser with the
 * tables of Unicode knows that, and it takes much longer than everything else that is done for a URL. Because agents choose
 * their URLs, results are remembered, and the number of lookups is limited by the number of bytes that are redacted.
 */
export class ParsedNames {
  /** The results. The bytes of a name decide its place, where it replaces another name. */
  readonly #known = new Array<{ readonly name: Uint8Array; readonly isValid: boolean } | undefined>(
    SLOTS,
  ).fill(undefined);
  #credit = MAX_CREDIT;

  /** Counts bytes that are redacted. */
  count(bytes: number): void {
    this.#credit = Math.min(this.#credit + bytes, MAX_CREDIT);
  }

  /** @returns false also if too many names were looked up. */
  isValid(bytes: Buffer, start: number, end: number): boolean {
    if (end - start > MAX_LENGTH) return false;
    const slot = hash(bytes, start, end) % SLOTS;
    const known = this.#known[slot];
    if (known !== undefined && isSame(known.name, bytes, start, end)) return known.isValid;
    const cost = COST + COST_PER_BYTE * (end - start);
    if (cost > this.#credit) return false;
    this.#credit -= cost;
    const isValid = domainToASCII(bytes.toString('utf8', start, end)) !== '';
    this.#known[slot] = { name: new Uint8Array(bytes.subarray(start, end)), isValid };
    return isValid;
  }
}

function hash(bytes: Buffer, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) value = (Math.imul(value, 31) + (bytes[i] as number)) >>> 0;
  return value;
}

function isSame(name: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
