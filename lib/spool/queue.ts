import type { Disk } from './disk.js';
import type { Lock } from './lock.js';
import { Losses, type LossOptions } from './losses.js';
import { Reader } from './reader.js';
import { type Entry, grow, isFinished, type Size, type SpoolBatch, State, sizeOf } from './record.js';
import { insist, type Patience, READ_ATTEMPTS } from './retry.js';
import { listSegments, type Segment } from './segment.js';
import { survey } from './survey.js';
import { Upkeep, usedBy } from './upkeep.js';
import { type SegmentLimits, segmentLimits, Writer } from './writer.js';

const NOTHING: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };

export interface QueueOptions extends LossOptions {
  readonly disk: Disk;
  /** Whether appending waits until the disk has it. */
  readonly sync: boolean;
  /** Ends the attempts to read what cannot be read now. Closing does so, too. */
  readonly signal?: AbortSignal | undefined;
  /** There is more space. */
  onSpace(): void;
  /** Something failed, and is tried again. */
  onFailure(error: unknown): void;
  /** What was stored before is more than was counted, or less: the headers contradicted each other. */
  onRecount(difference: Readonly<Size>): void;
}

/**
 * The batches in a folder: appended at the end, read in order, finished in any order. One append and one read may be
 * under way at a time.
 */
export class SpoolQueue {
  /** What is stored and not finished, with headers. */
  readonly size: Size = { ...NOTHING };
  /** Whether the process before this one crashed: then batches are marked while they are processed. */
  readonly isSuspicious: boolean;
  readonly #options: QueueOptions;
  readonly #limits: SegmentLimits;
  readonly #segments: Segment[] = [];
  readonly #closing = new AbortController();
  readonly #patience: Patience;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #losses: Losses;
  readonly #upkeep: Upkeep;
  #lock: Lock;
  /** Bytes of all files. */
  #used = 0;
  private constructor(lock: Lock, options: QueueOptions) {
    const { disk, folder, maxBytes, sync, onFailure, onSpace } = options;
    const signals = [this.#closing.signal, ...(options.signal === undefined ? [] : [options.signal])];
    this.#options = options;
    this.#lock = lock;
    this.isSuspicious = lock.lastEnd === 'crash';
    this.#limits = segmentLimits(maxBytes);
    this.#patience = { disk, signal: AbortSignal.any(signals), onFailure, readAttempts: READ_ATTEMPTS };
    this.#losses = new Losses(options, this.#patience);
    const ensureFolder = () => this.#ensureFolder();
    this.#writer = new Writer(this.#segments, {
      disk,
      folder,
      limits: this.#limits,
      sync,
      onFailure,
      ensureFolder,
    });
    this.#reader = new Reader(this.#segments, this.#writer, this.#limits, this.#patience);
    this.#upkeep = new Upkeep({
      folder,
      sync,
      segments: this.#segments,
      writer: this.#writer,
      losses: this.#losses,
      patience: this.#patience,
      onFreed: () => {
        this.#used = usedBy(this.#segments);
        onSpace();
      },
    });
  }

  /**
   * Reads the names, the first header of each segment, and the `.acked` files; all of a segment only if it is the
   * last one, is partly finished, or its first header is damaged. Nothing needs to be written for that. A shortage is
   * waited for.
   *
   * @param lock Released by `close()`, but not if this fails.
   * @throws the errors of the file system that are not shortages, and any when the signal aborts.
   */
  static async open(lock: Lock, options: QueueOptions): Promise<SpoolQueue> {
    const queue = new SpoolQueue(lock, options);
    try {
      await queue.#open();
      return queue;
    } catch (error) {
      for (const segment of queue.#segments) segment.close();
      throw error;
    }
  }

  get hasUnread(): boolean {
    return this.#reader.hasUnread;
  }

  /** How many bytes may still be written: all files may have one segment more than `maxBytes`. */
  get space(): number {
    // Space for what may be set aside at any time, and for the next `.acked` file.
    const { bytes, batches } = this.#limits;
    const reserved = Math.max(this.#losses.bytes, this.#losses.maxBytes) + batches;
    const free = this.#options.maxBytes + bytes - this.#used - reserved;
    // There may be more of them: of two segments in a row, both together are larger than one can be.
    return free / (1 + (2 * batches) / bytes);
  }

  /**
   * Stores as many of the batches as fit into one segment, at least one.
   *
   * @param onStored Called before anything can be read: the id of the first one, and how many were stored.
   * @throws the errors of the file system; then none of them is stored.
   */
  append(batches: readonly SpoolBatch[], onStored: (first: number, n: number) => void): Promise<void> {
    return this.#writer
      .append(batches, ({ segment, first, n, size }) => {
        grow(this.size, size, 1);
        grow(segment.unread, size, 1);
        onStored(first, n);
      })
      .finally(() => {
        this.#used = usedBy(this.#segments);
        if (this.#writer.tail === undefined) this.#upkeep.wake();
      });
  }

  /** The next batches, in order; none at the end. It fails only while the queue is being closed. */
  async read(): Promise<Entry[]> {
    for (;;) {
      const read = await this.#reader.read();
      if (read === undefined) return [];
      const { segment, offset, entries, damage } = read;
      for (const missing of damage) {
        const lost = await this.#losses.lose(segment, missing, offset);
        if (lost === undefined) continue;
        for (const size of [this.size, segment.unread]) grow(size, lost, -1);
        this.#write(segment);
      }
      const unfinished: Entry[] = [];
      for (const entry of entries) {
        const state = segment.acks.stateOf(entry.id);
        if (isFinished(state)) continue;
        grow(segment.unread, sizeOf(entry), -1);
        if (state !== State.STARTED_AGAIN) {
          unfinished.push(entry);
        } else if (await this.#losses.quarantine(segment, entry)) {
          grow(this.size, sizeOf(entry), -1);
          this.#write(segment);
        }
      }
      if (this.#reader.next >= segment.end) this.#recount(segment);
      if (unfinished.length > 0) return unfinished;
    }
  }

  /** Moves behind a batch without reading it. @returns false if others are to be read before it. */
  skip(id: number, batch: SpoolBatch): boolean {
    const segment = this.#reader.skip(id, batch);
    if (segment !== undefined) grow(segment.unread, sizeOf(batch), -1);
    return segment !== undefined;
  }

  /** It was delivered, or dropped. No kill brings it back afterwards, if the disk can be written to. */
  finish(id: number, batch: SpoolBatch): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    segment.acks.set(id, id + 1, State.ACKNOWLEDGED);
    grow(this.size, sizeOf(batch), -1);
    this.#write(segment);
  }

  /** Notes that a batch is about to be processed: see docs/spool-format.md. */
  mark(id: number): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    const isAgain = segment.acks.stateOf(id) === State.STARTED;
    segment.acks.set(id, id + 1, isAgain ? State.STARTED_AGAIN : State.STARTED);
    this.#write(segment);
  }

  /** Whether a process ended while it processed this batch, which is not finished. */
  isMarked(id: number): boolean {
    return this.isSuspicious && this.#unfinished(id)?.acks.stateOf(id) === State.STARTED;
  }

  unmark(id: number): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    segment.acks.set(id, id + 1, State.WAITING);
    this.#write(segment);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#upkeep.idle();
    await this.#upkeep.tend();
    for (const segment of this.#segments) segment.close();
    this.#lock.release();
  }

  async #open(): Promise<void> {
    const { disk, folder, logger, onFailure } = this.#options;
    const { segments, orphans } = await insist(() => {
      this.#losses.load();
      return listSegments(disk, folder);
    }, this.#patience);
    for (const orphan of orphans) {
      try {
        disk.remove(orphan);
      } catch (error) {
        onFailure(error);
      }
    }
    this.#segments.push(...segments);
    await Promise.all(segments.map((segment) => segment.load(this.#patience)));
    if (this.#lock.lastEnd === 'reboot') this.#clearMarks();
    let before: Readonly<Size> | undefined;
    for (const [i, segment] of segments.entries()) {
      segment.before ??= before;
      segment.after = segments[i + 1]?.before;
      segment.end = segments[i + 1]?.first ?? Number.POSITIVE_INFINITY;
      const { waiting, damage, after, torn } = await survey(segment, this.#patience);
      if (torn > 0) logger.info({ folder, bytes: torn }, 'spool: an unfinished write is ignored');
      if (segment.acks.error !== undefined) {
        const { name, acks } = segment;
        const fields = { folder, segment: name, err: acks.error };
        logger.error(
          fields,
          'spool: it is unknown which batches of a segment were delivered: all of them are again',
        );
      }
      for (const size of [this.size, segment.unread]) grow(size, waiting, 1);
      for (const missing of damage) await this.#losses.lose(segment, missing, 0);
      before = after;
    }
    this.#writer.next = segments.at(-1)?.end ?? 0;
    this.#writer.totals = before ?? NOTHING;
    await this.#writer.begin();
    this.#used = usedBy(this.#segments);
    this.#upkeep.wake();
  }

  /** The machine was started since the marks were made: they mean nothing. If that cannot be noted, it is done again. */
  #clearMarks(): void {
    for (const { acks } of this.#segments) acks.clearMarks();
    try {
      for (const { acks } of this.#segments) acks.flush();
      this.#lock.confirm();
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** All of a segment was read: by now it is known what it contained. */
  #recount(segment: Segment): void {
    const { batches, logs, bytes } = segment.unread;
    if (batches === 0 && logs === 0 && bytes === 0) return;
    const difference = { batches: -batches, logs: -logs, bytes: -bytes };
    grow(this.size, difference, 1);
    grow(segment.unread, difference, 1);
    this.#options.onRecount(difference);
  }

  /** The segment of a batch that is not finished. */
  #unfinished(id: number): Segment | undefined {
    const segment = this.#segments.find(({ first, end }) => first <= id && end > id);
    return segment !== undefined && isFinished(segment.acks.stateOf(id)) ? undefined : segment;
  }

  /** Writes what became of batches, and deletes the segment if nothing is left of it. */
  #write(segment: Segment): void {
    const { disk, sync, onFailure } = this.#options;
    const { acks } = segment;
    try {
      acks.flush();
    } catch (error) {
      onFailure(error);
    }
    const isDone = acks.left === 0 && (segment !== this.#writer.tail || this.#writer.canRetire);
    if (isDone || sync || acks.isDirty || !segment.isWhole(disk.now())) this.#upkeep.wake();
  }

  async #ensureFolder(): Promise<void> {
    const { disk, folder } = this.#options;
    if (this.#lock.isHeld()) return;
    disk.makeFolder(folder);
    const lock = await disk.lock(folder);
    this.#lock.release();
    this.#lock = lock;
  }
}
