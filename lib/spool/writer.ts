import { randomInt } from 'node:crypto';
import type { Disk } from './disk.js';
import { encodeRecord, HEADER, type Size, type SpoolBatch } from './record.js';
import { codeOf } from './retry.js';
import { Segment } from './segment.js';

/** Bytes that are written at once. */
const MAX_WRITE = 1 << 20;
/** Once all is delivered, a larger segment is not continued. */
const IDLE_BYTES = 1 << 20;

export interface SegmentLimits {
  readonly bytes: number;
  readonly batches: number;
}

/** How large a segment becomes, and how many batches it has room for, if the spool may have so many bytes. */
export function segmentLimits(maxBytes: number): SegmentLimits {
  const bytes = Math.floor(Math.min(Math.max(maxBytes / 16, 4 << 10), 8 << 20));
  return { bytes, batches: Math.min(16_384, Math.floor(bytes / HEADER)) };
}

export interface WriterOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly limits: SegmentLimits;
  /** Whether appending waits until the disk has it. */
  readonly sync: boolean;
  /** Something failed that can be done without for now. */
  onFailure(error: unknown): void;
  /** Makes sure that the folder is there, and locked. */
  ensureFolder(): Promise<void>;
}

/** Batches that were stored together. */
export interface Appended {
  readonly segment: Segment;
  readonly first: number;
  readonly n: number;
  /** How much they add to the spool, with headers. */
  readonly size: Size;
}

/** The end of a spool: writes records to the last segment, and begins the next one when it is full. */
export class Writer {
  /** The segment that is appended to; undefined if the disk did not let this process begin one yet. */
  tail: Segment | undefined;
  /** The id of the next batch. */
  next = 0;
  /** The total of everything that has been appended, without headers. */
  totals: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };
  /** Whether the disk was too full for the next segment. */
  isShortOfSpace = false;
  readonly #options: WriterOptions;
  readonly #segments: Segment[];
  #buffer = Buffer.alloc(0);
  /** Whether the name of the tail is on the disk. */
  #isNamed = false;
  /** Ends when the append or the replacement that is under way ends. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @param segments Those of the spool. New ones are added. */
  constructor(segments: Segment[], options: WriterOptions) {
    this.#segments = segments;
    this.#options = options;
  }

  /** Begins a segment, if the disk lets it: without a descriptor later, batches can be appended all the same. */
  async begin(): Promise<void> {
    await this.#roll().catch(this.#options.onFailure);
  }

  /**
   * Stores as many of the batches as fit into one segment and one write, at least one.
   *
   * @param onStored Called when they are stored, before anything else can run.
   * @throws the errors of the file system; then none of them is stored.
   */
  append(batches: readonly SpoolBatch[], onStored: (appended: Appended) => void): Promise<void> {
    return this.#exclusively(async () => {
      const tail = await this.#roomFor(HEADER + (batches[0] as SpoolBatch).raw.length);
      const { n, length, totals } = this.#encode(tail, batches);
      await tail.write(this.#buffer.subarray(0, length), this.#options.sync);
      try {
        await this.restore(tail, tail.size + length);
        if (this.#options.sync) await this.#syncName();
      } catch (error) {
        tail.isBroken = true;
        tail.excess = length;
        throw error;
      }
      const size = { batches: n, logs: totals.logs - this.totals.logs, bytes: length };
      const first = this.next;
      tail.size += length;
      tail.end += n;
      tail.acks.left += n;
      this.next += n;
      this.totals = totals;
      onStored({ segment: tail, first, n, size });
    });
  }

  /**
   * Once all is delivered, a large last segment is replaced by an empty one. If the disk does not let it, the next append
   * tries that again.
   *
   * @returns whether it did that.
   */
  async retire(): Promise<boolean> {
    if (!this.canRetire) return false;
    return this.#exclusively(async () => {
      if (!this.canRetire) return false;
      this.tail?.leave();
      this.tail = undefined;
      await this.begin();
      return true;
    });
  }

  /** Whether the last segment is worth to be replaced. */
  get canRetire(): boolean {
    const { tail } = this;
    const limit = Math.min(IDLE_BYTES, this.#options.limits.bytes / 8);
    return tail !== undefined && tail.acks.left === 0 && tail.size + tail.excess > limit;
  }

  #exclusively<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #roll(): Promise<void> {
    const { disk, folder, limits, ensureFolder } = this.#options;
    await ensureFolder();
    const last = this.#segments.at(-1);
    // An empty segment has the name of the new one already.
    const isReused = last?.first === this.next;
    const segment = isReused ? last : new Segment(disk, folder, this.next);
    try {
      segment.create(limits.batches);
      this.isShortOfSpace = false;
    } catch (error) {
      this.isShortOfSpace = ['ENOSPC', 'EDQUOT'].includes(codeOf(error));
      throw error;
    }
    segment.key = randomInt(2 ** 24);
    segment.before = this.totals;
    if (this.tail !== segment) this.tail?.leave();
    if (!isReused && last !== undefined) last.after = this.totals;
    if (!isReused) this.#segments.push(segment);
    this.tail = segment;
    this.#isNamed = false;
  }

  async #roomFor(length: number): Promise<Segment> {
    const { limits, onFailure } = this.#options;
    const { tail } = this;
    const isUsable = tail !== undefined && !tail.isBroken && tail.end - tail.first < tail.acks.capacity;
    if (!isUsable || (tail.size > 0 && tail.size + length > limits.bytes)) {
      try {
        await this.#roll();
      } catch (error) {
        // Without a descriptor for the next segment, this one can become larger.
        if (!isUsable) throw error;
        onFailure(error);
      }
    }
    const segment = this.tail as Segment;
    await this.restore(segment, segment.size);
    return segment;
  }

  /**
   * Writes the files of a segment again, with so many bytes, if somebody deleted them.
   *
   * @throws the errors of the file system, and if they are deleted again and again.
   */
  async restore(segment: Segment, size: number): Promise<void> {
    const { sync, ensureFolder, onFailure } = this.#options;
    for (let attempts = 0; !segment.isWhole(); attempts++) {
      const error = new Error(`${segment.logPath} or its .acked file was deleted while it was in use`);
      if (attempts === 2) throw error;
      onFailure(error);
      await ensureFolder();
      await segment.restore(size, sync);
      this.#isNamed = false;
    }
  }

  #encode(segment: Segment, batches: readonly SpoolBatch[]): { n: number; length: number; totals: Size } {
    const room = Math.min(this.#options.limits.bytes - segment.size, MAX_WRITE);
    const limit = segment.acks.capacity - (segment.end - segment.first);
    let length = 0;
    let n = 0;
    for (const { raw } of batches) {
      const next = length + HEADER + raw.length;
      if (n > 0 && (n === limit || next > room)) break;
      length = next;
      n += 1;
    }
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(length, 64 << 10));
    const totals = { ...this.totals };
    const { key = 0 } = segment;
    const time = this.#options.disk.now();
    let at = 0;
    for (let i = 0; i < n; i++) {
      const batch = batches[i] as SpoolBatch;
      at = encodeRecord(this.#buffer, at, batch, { id: this.next + i, time, before: totals, key });
      totals.batches += 1;
      totals.logs += batch.count;
      totals.bytes += batch.raw.length;
    }
    return { n, length, totals };
  }

  async #syncName(): Promise<void> {
    const { disk, folder } = this.#options;
    if (!this.#isNamed) await disk.syncFolder(folder);
    this.#isNamed = true;
  }
}
