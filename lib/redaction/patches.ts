import { View } from '../../codec/view.js';

/** Of a patch, instead of a length: the mark. */
export const IS_MARK = -1;

/** Most stretches are so short that a call of `set()` takes longer than a loop. */
const LONG = 32;

/** As long as a chunk that a socket reads. */
const BLOCK_LENGTH = 65_536;

/** What is replaced in a message, in ascending order. It is used again and again. */
export class Patches {
  /** How many there are. Setting it lower removes the last ones. */
  count = 0;
  /** Of each patch: start, end, and the length to write or {@link IS_MARK}. */
  #numbers = new Int32Array(3 * 64);
  /** Where copies are made. To allocate memory for each of them would take longer than everything else. */
  #block = Buffer.allocUnsafeSlow(0);
  #used = 0;

  add(start: number, end: number, value: number): void {
    const at = 3 * this.count;
    if (at === this.#numbers.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at] = start;
    this.#numbers[at + 1] = end;
    this.#numbers[at + 2] = value;
    this.count += 1;
  }

  setLength(index: number, length: number): void {
    this.#numbers[3 * index + 2] = length;
  }

  /** @returns a copy of `raw` with the patches, which has `length` bytes: a view of a larger block, as that of a chunk. */
  apply(raw: Buffer, mark: Buffer, length: number): Buffer {
    if (this.#used + length > this.#block.length) {
      this.#block = Buffer.allocUnsafeSlow(Math.max(BLOCK_LENGTH, length));
      this.#used = 0;
    }
    const result = this.#block;
    const start = this.#used;
    this.#used += length;
    const numbers = this.#numbers;
    let from = 0;
    let to = start;
    for (let i = 0; i < 3 * this.count; i += 3) {
      to = copy(raw, from, numbers[i] as number, result, to);
      from = numbers[i + 1] as number;
      const value = numbers[i + 2] as number;
      to = value === IS_MARK ? copy(mark, 0, mark.length, result, to) : writeVarint(value, result, to);
    }
    copy(raw, from, raw.length, result, to);
    return new View(result.buffer, start, length);
  }
}

/** @returns the position after what it has written. */
function copy(source: Buffer, from: number, end: number, target: Buffer, to: number): number {
  if (end - from >= LONG) {
    target.set(source.subarray(from, end), to);
    return to + end - from;
  }
  while (from < end) target[to++] = source[from++] as number;
  return to;
}

export function varintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 0x80; rest >>>= 7) length += 1;
  return length;
}

function writeVarint(value: number, target: Buffer, to: number): number {
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) target[to++] = (rest & 0x7f) | 0x80;
  target[to++] = rest;
  return to;
}
