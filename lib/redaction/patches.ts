/** Most stretches are so short that a call of `set()` takes longer than a loop. */
const LONG = 32;

/** The mark in place of a secret. Its letters are valid anywhere in a URL. */
const MARK = Buffer.from('REDACTED');
/** The mark in a request that would otherwise be too long. No secret is shorter, so no request grows. */
const SHORT_MARK = Buffer.from('*');

/** What there is of each patch. */
const START = 0;
const END = 1;
/** Of a length: the index of the first patch behind its field. Of a secret: 0. */
const AFTER = 2;
/** Of a length: its value without patches. */
const CONTENT = 3;
/** Of a length: its value with the patches. */
const LENGTH = 4;
/** By how much this and all later patches make the request longer. */
const GROWTH = 5;
const FIELDS = 6;

/** What is replaced in a request, in ascending order: secrets, and the lengths of the fields in which there are some. */
export class Patches {
  #count = 0;
  /** Reused for each request. */
  #numbers = new Int32Array(FIELDS * 64);
  #mark = MARK;

  clear(): void {
    this.#count = 0;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Removes bytes of `raw`, unless this was done before. */
  remove(raw: Buffer, start: number, end: number): void {
    if (end - start === MARK.length && raw.compare(MARK, 0, MARK.length, start, end) === 0) return;
    this.#add(start, end);
  }

  /** Adds the length of a field, which comes before the patches on which it depends. @returns its index. */
  addLength(start: number, end: number): number {
    this.#add(start, end);
    return this.#count - 1;
  }

  /** Notes that the field whose length has this index ends at `stop`. */
  endLength(index: number, stop: number): void {
    if (this.#count === index + 1) {
      // There is nothing to remove in it.
      this.#count = index;
      return;
    }
    const at = FIELDS * index;
    this.#numbers[at + AFTER] = this.#count;
    this.#numbers[at + CONTENT] = stop - (this.#numbers[at + END] as number);
  }

  /**
   * Prepares {@link write}.
   *
   * @param maxLength The marks are shorter if the request would be longer than this, and than it was.
   * @returns how long the request will be.
   */
  measure(length: number, maxLength: number): number {
    this.#mark = MARK;
    const growth = this.#measure();
    if (growth <= 0 || length + growth <= maxLength) return length + growth;
    this.#mark = SHORT_MARK;
    return length + this.#measure();
  }

  /** Sets the lengths. @returns by how much the request becomes longer. */
  #measure(): number {
    const numbers = this.#numbers;
    const end = FIELDS * this.#count;
    let growth = 0;
    for (let at = end - FIELDS; at >= 0; at -= FIELDS) {
      const before = (numbers[at + END] as number) - (numbers[at + START] as number);
      const after = FIELDS * (numbers[at + AFTER] as number);
      if (after === 0) {
        growth += this.#mark.length - before;
      } else {
        const behind = after < end ? (numbers[after + GROWTH] as number) : 0;
        const length = (numbers[at + CONTENT] as number) + growth - behind;
        numbers[at + LENGTH] = length;
        growth += varintLength(length) - before;
      }
      numbers[at + GROWTH] = growth;
    }
    return growth;
  }

  /** Writes `raw` with the patches to `target`, at the position `to`. */
  write(raw: Buffer, target: Buffer, to: number): void {
    const numbers = this.#numbers;
    let from = 0;
    for (let at = 0; at < FIELDS * this.#count; at += FIELDS) {
      to = copy(raw, from, numbers[at + START] as number, target, to);
      from = numbers[at + END] as number;
      const isSecret = numbers[at + AFTER] === 0;
      to = isSecret
        ? copy(this.#mark, 0, this.#mark.length, target, to)
        : writeVarint(numbers[at + LENGTH] as number, target, to);
    }
    copy(raw, from, raw.length, target, to);
  }

  #add(start: number, end: number): void {
    const at = FIELDS * this.#count;
    if (at === this.#numbers.length) {
      const larger = new Int32Array(2 * at);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers[at + START] = start;
    this.#numbers[at + END] = end;
    this.#numbers[at + AFTER] = 0;
    this.#count += 1;
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

function varintLength(value: number): number {
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
