import type { SpoolFolder } from './folder.js';
import {
  type Damage,
  type Entry,
  grow,
  HEADER,
  NOTHING,
  parse,
  type Size,
  type SpoolBatch,
  sizeOf,
} from './record.js';
import type { Segment } from './segment.js';
import type { Tail } from './tail.js';

/** Bytes that are read at once, but no more than an eighth of a segment, if the records are not larger. */
const CHUNK = 128 << 10;

/** The result of one read. */
export interface Read {
  readonly segment: Segment;
  readonly entries: Entry[];
  readonly damage: Damage[];
  /** Where in the segment the bytes begin in which the damage was found. */
  readonly offset: number;
}

/** The reading end of a spool. */
export class Head {
  /** The id of the next record. */
  next = 0;
  readonly #folder: SpoolFolder;
  readonly #tail: Tail;
  #segment: Segment | undefined;
  /** Where in the segment the next record is. */
  #offset = 0;
  /** What was appended to the spool before it. */
  #before: Readonly<Size> = NOTHING;

  constructor(folder: SpoolFolder, tail: Tail) {
    this.#folder = folder;
    this.#tail = tail;
  }

  get hasUnread(): boolean {
    return this.#find() !== undefined;
  }

  /** Reads the next records; undefined if there are none. */
  async read(): Promise<Read | undefined> {
    const segment = this.#move();
    if (segment === undefined) return undefined;
    const offset = this.#offset;
    const { size, end, key } = segment;
    const after = segment === this.#tail.segment ? this.#tail.totals : segment.after;
    const expected = { id: this.next, before: this.#before, end, after, key };
    const chunk = Math.min(CHUNK, Math.floor(this.#folder.limits.bytes / 8));
    for (let length = chunk; ; length *= 2) {
      // An emptied segment is shorter than what was read of it.
      const to = Math.max(offset, Math.min(size, offset + length));
      const bytes = await segment.read(offset, to);
      // A file that became shorter is damaged, too.
      const isWhole = to >= size || bytes.length < to - offset;
      const { entries, damage, at, stop, id, before } = parse(bytes, expected, isWhole);
      if (stop === 'damaged') {
        length = Number.POSITIVE_INFINITY;
      } else if (stop !== 'more' || entries.length > 0) {
        this.next = id;
        this.#offset = isWhole ? size : offset + at;
        this.#before = before;
        return { segment, entries, damage, offset };
      }
    }
  }

  /** Moves behind a batch without reading it. @returns false if others are to be read before it. */
  skip(id: number, batch: SpoolBatch): boolean {
    const segment = this.#move();
    if (segment === undefined || id !== this.next) return false;
    const { batches, logs, bytes } = this.#before;
    const { length } = batch.raw;
    this.next += 1;
    this.#offset += HEADER + length;
    this.#before = { batches: batches + 1, logs: logs + batch.count, bytes: bytes + length };
    grow(segment.unread, sizeOf(batch), -1);
    return true;
  }

  /** Moves to the segment that has the next id, or to the first one behind it. */
  #move(): Segment | undefined {
    const segment = this.#find();
    if (segment === undefined || segment === this.#segment) return segment;
    if (this.#segment !== this.#tail.segment) this.#segment?.leave();
    this.#segment = segment;
    this.#offset = 0;
    this.next = Math.max(this.next, segment.first);
    this.#before = segment.before ?? this.#before;
    return segment;
  }

  /** An empty segment is not read: its file may be created anew. */
  #find(): Segment | undefined {
    return this.#folder.segments.find(({ first, end }) => end > this.next && end > first);
  }
}
