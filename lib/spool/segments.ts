import type { Range, Removed } from './record.js';

const LEAVING = 1;
const REMOVED = 2;

/** What is known of a segment: which of its batches are removed, and of those that were read, their amounts. */
export class Segment {
  readonly id: number;
  /** The id after its last one. */
  readonly end: number;
  /** How many of its batches are not removed, nor about to be. */
  left: number;
  /** For each batch; none where all of them are to stay. */
  marks: Uint8Array | undefined;
  /** For each batch the count and 1 more than the length, or 0 where they are not known. */
  #amounts: Uint32Array | undefined;

  constructor(id: number, batches: number) {
    this.id = id;
    this.end = id + batches;
    this.left = batches;
  }

  isRemoved(id: number): boolean {
    return this.marks !== undefined && this.marks[id - this.id] === REMOVED;
  }

  setAmount(id: number, count: number, bytes: number): void {
    this.#amounts ??= new Uint32Array(2 * (this.end - this.id));
    const i = 2 * (id - this.id);
    this.#amounts[i] = count;
    this.#amounts[i + 1] = bytes + 1;
  }

  countOf(id: number): number {
    return this.#amounts?.[2 * (id - this.id)] ?? 0;
  }

  /** -1 where it is not known. */
  bytesOf(id: number): number {
    return (this.#amounts?.[2 * (id - this.id) + 1] ?? 0) - 1;
  }
}

/** All segments of a store, in the order of their ids. */
export class Segments {
  readonly #list: Segment[] = [];
  /** Those of which some batches are removed, or about to be, and not all. */
  readonly #partial = new Set<Segment>();

  /** @param segment After all that are there. */
  add(segment: Segment): void {
    this.#list.push(segment);
    if (segment.marks !== undefined) this.#partial.add(segment);
  }

  has(segment: Segment): boolean {
    return this.find(segment.id) === segment;
  }

  /** The one that this id is in. */
  find(id: number): Segment | undefined {
    const segment = this.from(id);
    return segment !== undefined && segment.id <= id ? segment : undefined;
  }

  /** The one that this id is in, or else the next one. */
  from(id: number): Segment | undefined {
    return this.#list[this.#indexFrom(id)];
  }

  /** Whether there is such a batch; one that is about to be removed still is. */
  holds(id: number): boolean {
    const segment = this.find(id);
    return segment !== undefined && !segment.isRemoved(id);
  }

  /** Says of a batch that is about to be removed. @returns false where it is so already. */
  mark(segment: Segment, id: number): boolean {
    segment.marks ??= new Uint8Array(segment.end - segment.id);
    const i = id - segment.id;
    if (segment.marks[i] !== 0) return false;
    segment.marks[i] = LEAVING;
    segment.left -= 1;
    if (segment.left > 0) this.#partial.add(segment);
    else this.#partial.delete(segment);
    return true;
  }

  /** They are removed. */
  commit(marked: readonly number[]): void {
    let segment: Segment | undefined;
    for (const id of marked) {
      if (segment === undefined || id < segment.id || id >= segment.end) segment = this.find(id);
      if (segment?.marks === undefined) continue;
      segment.marks[id - segment.id] = REMOVED;
      if (segment.left > 0) continue;
      const at = this.#indexFrom(segment.id);
      if (this.#list[at] === segment) this.#list.splice(at, 1);
    }
  }

  /** They stay. */
  unmark(marked: readonly number[]): void {
    for (const id of marked) {
      const segment = this.find(id);
      if (segment?.marks === undefined) continue;
      segment.marks[id - segment.id] = 0;
      segment.left += 1;
      if (segment.left === segment.end - segment.id) this.#partial.delete(segment);
      else this.#partial.add(segment);
    }
  }

  /** @param next Above all ids there are. */
  removed(next: number): Removed {
    let first = next;
    for (const segment of this.#list) {
      if (segment.left === 0) continue;
      first = segment.id + Math.max(0, segment.marks?.indexOf(0) ?? 0);
      break;
    }
    const gone: Range[] = [];
    for (const { id, marks } of [...this.#partial].sort((a, b) => a.id - b.id)) {
      if (marks === undefined) continue;
      for (let i = Math.max(0, first - id); i < marks.length; i++) {
        if (marks[i] === 0) continue;
        const from = i;
        while (i < marks.length && marks[i] !== 0) i += 1;
        gone.push([id + from, id + i]);
      }
    }
    return { first, gone };
  }

  [Symbol.iterator](): Iterator<Segment> {
    return this.#list[Symbol.iterator]();
  }

  /** Of the first one that ends after this id. */
  #indexFrom(id: number): number {
    // Most are removed in their order.
    const [oldest] = this.#list;
    if (oldest !== undefined && id < oldest.end) return 0;
    let low = 0;
    for (let high = this.#list.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if ((this.#list[middle] as Segment).end <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A segment with these of its batches, in order; any others are removed. */
export function segmentOf(id: number, end: number, ids: readonly number[]): Segment {
  const segment = new Segment(id, end - id);
  if (ids.length === end - id) return segment;
  segment.marks = new Uint8Array(end - id).fill(REMOVED);
  for (const one of ids) segment.marks[one - id] = 0;
  segment.left = ids.length;
  return segment;
}
