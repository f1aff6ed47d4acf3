import type { Appender, SegmentLimits } from './appender.js';
import { type Damage, type Entry, HEADER, type Parsed, parse, type Size, type SpoolBatch } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentReader } from './segment-reader.js';

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

/** Where a reader is. */
interface Position {
  readonly segment: Segment | undefined;
  /** Where in the segment the next record is. */
  readonly offset: number;
  readonly id: number;
  /** What was appended before that id. */
  readonly before: Readonly<Size>;
}

const BEGIN: Position = { segment: undefined, offset: 0, id: 0, before: { batches: 0, logs: 0, bytes: 0 } };

/** The reading end of a spool. */
export class Cursor {
  readonly #segments: readonly Segment[];
  readonly #appender: Appender;
  readonly #reader: SegmentReader;
  readonly #chunk: number;
  #position = BEGIN;

  /** @param segments Those of the spool, the oldest first. */
  constructor(
    segments: readonly Segment[],
    appender: Appender,
    reader: SegmentReader,
    limits: SegmentLimits,
  ) {
    this.#segments = segments;
    this.#appender = appender;
    this.#reader = reader;
    this.#chunk = Math.min(CHUNK, Math.floor(limits.bytes / 8));
  }

  get hasUnread(): boolean {
    return this.#position.id < this.#appender.next;
  }

  /** Reads the next records; undefined if there are none. */
  async read(): Promise<Read | undefined> {
    const segment = this.#segmentOf(this.#position.id);
    if (segment === undefined) return undefined;
    const { offset, id, before } = this.#positionIn(segment);
    const { size, end, key } = segment;
    const after = segment === this.#appender.segment ? this.#appender.totals : segment.after;
    let length = this.#chunk;
    let parsed: Parsed;
    let isWhole: boolean;
    do {
      // An emptied segment is shorter than what was read of it.
      const to = Math.max(offset, Math.min(size, offset + length));
      const bytes = await this.#reader.read(segment, offset, to);
      // A file that became shorter is damaged, too.
      isWhole = to >= size || bytes.length < to - offset;
      parsed = parse(bytes, { id, before, end, after, key }, isWhole);
      length = parsed.stop === 'damaged' ? Number.POSITIVE_INFINITY : length * 2;
    } while (parsed.stop === 'damaged' || (parsed.stop === 'more' && parsed.entries.length === 0));
    const { entries, damage, at } = parsed;
    this.#position = { segment, offset: isWhole ? size : offset + at, id: parsed.id, before: parsed.before };
    return { segment, entries, damage, offset };
  }

  /** Moves behind a batch without reading it. @returns false if others are to be read before it. */
  skip(id: number, { count, raw }: SpoolBatch): boolean {
    if (id !== this.#position.id) return false;
    const segment = this.#segmentOf(id);
    const { offset, before } = this.#positionIn(segment as Segment);
    const { batches, logs, bytes } = before;
    const after = { batches: batches + 1, logs: logs + count, bytes: bytes + raw.length };
    this.#position = { segment, offset: offset + HEADER + raw.length, id: id + 1, before: after };
    return true;
  }

  /** The segment that has this id, or the first one behind it. */
  #segmentOf(id: number): Segment | undefined {
    return this.#segments.find(({ end }) => end > id);
  }

  #positionIn(segment: Segment): Position {
    const { id, before } = this.#position;
    if (this.#position.segment === segment) return this.#position;
    return { segment, offset: 0, id: Math.max(id, segment.first), before: segment.before ?? before };
  }
}
