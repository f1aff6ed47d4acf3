import { randomInt } from 'node:crypto';
import { codeOf } from './files.js';
import type { SpoolFolder } from './folder.js';
import {
  type Damage,
  type Entry,
  encodeRecord,
  grow,
  HEADER,
  NOTHING,
  parse,
  type Size,
  type SpoolBatch,
  sizeOf,
} from './record.js';
import { Segment } from './segment.js';

/** Bytes that are written at once. */
const MAX_WRITE = 1 << 20;
/** Bytes that are read at once, but no more than an eighth of a segment, if the records are not larger. */
const CHUNK = 128 << 10;
/** Once all is delivered, a larger segment is not continued. */
const IDLE_BYTES = 1 << 20;

export interface Read {
  readonly segment: Segment;
  readonly entries: Entry[];
  readonly damage: Damage[];
  /** Where in the segment the bytes begin in which the damage was found. */
  readonly offset: number;
}

/** The records of a spool: writes them to the last segment, begins the next one when it is full, and reads them. */
export class SpoolLog {
  /** The segment that is appended to; undefined if the disk did not let this process begin one yet. */
  tail: Segment | undefined;
  /** The id of the next batch that is appended. */
  next = 0;
  /** The total of everything that has been appended, without headers. */
  totals: Readonly<Size> = NOTHING;
  readonly #folder: SpoolFolder;
  #buffer = Buffer.alloc(0);
  /** Ends when what is under way at the end of the log ends. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Where the next record is that is read, its id, and what was appended to the spool before it. */
  readonly #head = { segment: undefined as Segment | undefined, offset: 0, id: 0, before: NOTHING };

  constructor(folder: SpoolFolder) {
    this.#folder = folder;
  }

  /**
   * Begins a segment, if the disk lets it: without a descriptor later, batches can be appended all the same. Otherwise
   * the next append tries it again.
   */
  async begin(): Promise<void> {
    await this.#roll().catch(this.#folder.patience.onFailure);
  }

  /** Nothing is appended meanwhile. */
  exclusively<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /**
   * Stores as many of the batches as fit into one segment and one write, at least one.
   *
   * @param onStored Called when they are stored, before anything else can run: how much they add, with headers.
   * @throws the errors of the file system; then none of them is stored.
   */
  append(
    batches: readonly SpoolBatch[],
    onStored: (segment: Segment, first: number, size: Size) => void,
  ): Promise<void> {
    return this.exclusively(async () => {
      const { disk, folder, sync } = this.#folder.options;
      const segment = await this.#roomFor(HEADER + (batches[0] as SpoolBatch).raw.length);
      const { n, length, totals } = this.#encode(segment, batches);
      await segment.write(this.#buffer.subarray(0, length), sync, async () => {
        await this.#folder.restore(segment, segment.size + length);
        if (sync && !segment.isNamed) await disk.syncFolder(folder);
        segment.isNamed = true;
      });
      const size = { batches: n, logs: totals.logs - this.totals.logs, bytes: length };
      const first = this.next;
      segment.size += length;
      segment.end += n;
      this.next += n;
      this.totals = totals;
      onStored(segment, first, size);
    });
  }

  /** Once all is delivered, a large last segment is replaced by an empty one. @returns whether it was. */
  async retire(): Promise<boolean> {
    if (!this.canRetire) return false;
    return this.exclusively(async () => {
      if (!this.canRetire) return false;
      this.tail?.leave();
      this.tail = undefined;
      await this.begin();
      return true;
    });
  }

  /** Whether the last segment is worth replacing. */
  get canRetire(): boolean {
    const limit = Math.min(IDLE_BYTES, this.#folder.limits.bytes / 8);
    return this.tail?.left === 0 && this.tail.size > limit;
  }

  get hasUnread(): boolean {
    return this.#unread() !== undefined;
  }

  /** Whether all records of a segment were read. */
  hasRead(segment: Segment): boolean {
    return this.#head.id >= segment.end;
  }

  /** Reads the next records; undefined if there are none. */
  async read(): Promise<Read | undefined> {
    const segment = this.#move();
    if (segment === undefined) return undefined;
    const { offset, id, before } = this.#head;
    const { size, end, key } = segment;
    const after = segment === this.tail ? this.totals : segment.after;
    const chunk = Math.min(CHUNK, Math.floor(this.#folder.limits.bytes / 8));
    for (let length = chunk; ; length *= 2) {
      // An emptied segment is shorter than what was read of it.
      const to = Math.max(offset, Math.min(size, offset + length));
      const bytes = await segment.read(offset, to);
      // A file that became shorter is damaged, too.
      const isWhole = to >= size || bytes.length < to - offset;
      const { entries, damage, at, stop, ...next } = parse(bytes, { id, before, end, after, key }, isWhole);
      if (stop === 'damaged') {
        length = Number.POSITIVE_INFINITY;
      } else if (stop !== 'more' || entries.length > 0) {
        const { id, before } = next;
        Object.assign(this.#head, { id, before, offset: isWhole ? size : offset + at });
        return { segment, entries, damage, offset };
      }
    }
  }

  /** Moves behind a batch without reading it. @returns false if others are to be read before it. */
  skip(id: number, batch: SpoolBatch): boolean {
    const segment = this.#move();
    const head = this.#head;
    if (segment === undefined || id !== head.id) return false;
    const { bytes } = sizeOf(batch);
    head.id += 1;
    head.offset += bytes;
    head.before = { ...head.before };
    grow(head.before, { batches: 1, logs: batch.count, bytes: batch.raw.length }, 1);
    grow(segment.unread, sizeOf(batch), -1);
    return true;
  }

  /** Moves to the segment that has the next id, or to the first one behind it. */
  #move(): Segment | undefined {
    const segment = this.#unread();
    const head = this.#head;
    if (segment === undefined || segment === head.segment) return segment;
    if (head.segment !== this.tail) head.segment?.leave();
    const { first, before = head.before } = segment;
    Object.assign(head, { segment, offset: 0, id: Math.max(head.id, first), before });
    return segment;
  }

  /** An empty segment is not read: its file may be created anew. */
  #unread(): Segment | undefined {
    return this.#folder.segments.find(({ first, end }) => end > this.#head.id && end > first);
  }

  async #roll(): Promise<Segment> {
    const { segments, patience, options, limits } = this.#folder;
    await this.#folder.hold();
    const segment = new Segment(patience, options.folder, this.next);
    try {
      segment.create(limits.batches);
      this.#folder.isShortOfSpace = false;
    } catch (error) {
      this.#folder.isShortOfSpace = ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
      throw error;
    }
    segment.key = randomInt(2 ** 24);
    segment.before = this.totals;
    const last = segments.at(-1);
    // An empty segment had the same name.
    if (last?.first === segment.first) segments.pop()?.close();
    else if (last !== undefined) last.after = this.totals;
    segments.push(segment);
    this.tail?.leave();
    this.tail = segment;
    return segment;
  }

  async #roomFor(length: number): Promise<Segment> {
    const { tail } = this;
    const isUsable = tail !== undefined && !tail.isBroken && tail.end - tail.first < tail.acks.capacity;
    if (isUsable && (tail.size === 0 || tail.size + length <= this.#folder.limits.bytes)) return tail;
    try {
      return await this.#roll();
    } catch (error) {
      // Without a descriptor for the next segment, this one can become larger.
      if (!isUsable) throw error;
      this.#folder.patience.onFailure(error);
      return tail;
    }
  }

  #encode(segment: Segment, batches: readonly SpoolBatch[]): { n: number; length: number; totals: Size } {
    const first = HEADER + (batches[0] as SpoolBatch).raw.length;
    const room = Math.max(first, Math.min(this.#folder.limits.bytes - segment.size, MAX_WRITE));
    if (this.#buffer.length < room) this.#buffer = Buffer.allocUnsafeSlow(room);
    const limit = segment.acks.capacity - (segment.end - segment.first);
    const time = this.#folder.options.disk.now();
    const { key = 0 } = segment;
    const totals = { ...this.totals };
    let [n, length] = [0, 0];
    for (const batch of batches.slice(0, limit)) {
      if (length + HEADER + batch.raw.length > room) break;
      const header = { id: this.next + n, time, before: totals, key };
      length = encodeRecord(this.#buffer, length, batch, header);
      grow(totals, { batches: 1, logs: batch.count, bytes: batch.raw.length }, 1);
      n += 1;
    }
    return { n, length, totals };
  }
}
