import { isFinished, State } from './acks.js';
import { type Appended, Appender, type SegmentLimits, segmentLimits } from './appender.js';
import { Aside } from './aside.js';
import { Cursor } from './cursor.js';
import type { Disk } from './disk.js';
import { Flusher } from './flusher.js';
import type { Lock } from './lock.js';
import { Losses, type LossOptions } from './losses.js';
import { type Damage, type Entry, grow, HEADER, type Size, type SpoolBatch, sizeOf } from './record.js';
import { listSegments, type Segment } from './segment.js';
import { RETRY_MS, SegmentReader } from './segment-reader.js';
import { counted, survey } from './survey.js';

/** Once all is delivered, a larger segment is not continued. */
const IDLE_BYTES = 1 << 20;

export interface QueueOptions extends LossOptions {
  readonly disk: Disk;
  readonly maxBytes: number;
  /** Whether appending waits until the disk has it. */
  readonly sync: boolean;
  /** Ends the attempts to read what cannot be read now. Closing does so, too. */
  readonly signal?: AbortSignal | undefined;
  /** There is more space. */
  onSpace(): void;
}

/**
 * The batches in a folder: appended at the end, read in order, finished in any order. One append and one read may be
 * under way at a time.
 */
export class SpoolQueue {
  /** What is stored and not finished, with headers. */
  readonly size: Size = { batches: 0, logs: 0, bytes: 0 };
  /** Whether the process before this one ended without closing the spool. */
  readonly wasAbandoned: boolean;
  readonly #options: QueueOptions;
  readonly #limits: SegmentLimits;
  readonly #segments: Segment[] = [];
  readonly #closing = new AbortController();
  readonly #reader: SegmentReader;
  readonly #appender: Appender;
  readonly #cursor: Cursor;
  readonly #flusher: Flusher;
  readonly #aside: Aside;
  readonly #losses: Losses;
  #lock: Lock;
  /** Bytes of all segments. */
  #used = 0;
  #tail: Segment | undefined;

  private constructor(lock: Lock, options: QueueOptions) {
    const { disk, folder, maxBytes, onFailure } = options;
    const { signal } = this.#closing;
    const stopped = AbortSignal.any([signal, ...(options.signal === undefined ? [] : [options.signal])]);
    this.#options = options;
    this.#lock = lock;
    this.wasAbandoned = lock.wasAbandoned;
    this.#limits = segmentLimits(maxBytes);
    this.#aside = new Aside(disk, folder, maxBytes);
    this.#reader = new SegmentReader(disk, stopped, onFailure);
    this.#losses = new Losses(options, this.#reader, this.#aside);
    this.#appender = new Appender(this.#segments, this.#limits, {
      ...options,
      ensureFolder: () => this.#ensureFolder(),
    });
    this.#cursor = new Cursor(this.#segments, this.#appender, this.#reader, this.#limits);
    this.#flusher = new Flusher({
      ...options,
      signal,
      isDone: (segment) => segment.left === 0 && !segment.isPinned && segment !== this.#appender.segment,
      isOldest: (segment) => segment === this.#segments[0],
      beforeRemoval: (segment) => this.#losses.copyDamaged(segment),
      onRemoved: (segment) => this.#removed(segment),
      onEmptied: () => this.#freed(),
    });
  }

  /**
   * Reads the names, the first header of each segment, and the `.acked` files; all of a segment only if it is the
   * last one, is partly finished, or its first header is damaged. Nothing needs to be written for that.
   *
   * @param lock Released by `close()`, but not if this fails.
   * @throws the errors of the file system.
   */
  static async open(lock: Lock, options: QueueOptions): Promise<SpoolQueue> {
    const queue = new SpoolQueue(lock, options);
    try {
      await queue.#open();
      return queue;
    } catch (error) {
      await queue.#stop();
      throw error;
    }
  }

  get hasUnread(): boolean {
    return this.#cursor.hasUnread;
  }

  /** How many bytes may still be written: all files may have one segment more than `maxBytes`. */
  get space(): number {
    // Space for what may be set aside at any time, and for the next `.acked` file.
    const { bytes, batches } = this.#limits;
    const reserved = Math.max(this.#aside.bytes, this.#aside.maxBytes) + batches;
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
  async append(batches: readonly SpoolBatch[], onStored: (first: number, n: number) => void): Promise<void> {
    await this.#appender.append(batches, ({ segment, first, n, size }: Appended) => {
      grow(this.size, size, 1);
      if (segment === this.#tail) this.#used += size.bytes;
      else this.#measure();
      onStored(first, n);
    });
    this.#retire();
  }

  /** The next batches, in order; none at the end. It fails only while the queue is being closed. */
  async read(): Promise<Entry[]> {
    for (;;) {
      const next = await this.#cursor.read();
      if (next === undefined) return [];
      const { segment, entries, damage, offset } = next;
      for (const missing of damage) {
        const lost = await this.#lose(segment, missing, offset);
        if (lost !== undefined) grow(this.size, lost, -1);
      }
      const unfinished: Entry[] = [];
      for (const entry of entries) {
        const state = segment.stateOf(entry.id);
        const isDangerous = state === State.STARTED_AGAIN;
        if (isDangerous && (await this.#losses.quarantine(segment, entry))) {
          grow(this.size, sizeOf(entry), -1);
          this.#flusher.schedule(segment);
        } else if (!isDangerous && !isFinished(state)) unfinished.push(entry);
      }
      if (unfinished.length > 0) return unfinished;
    }
  }

  /** See {@link Cursor.skip}. */
  skip(id: number, batch: SpoolBatch): boolean {
    return this.#cursor.skip(id, batch);
  }

  /** It was delivered, or dropped. No kill brings it back once this turn is over. */
  finish(id: number, { count, raw }: SpoolBatch): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    segment.set(id, id + 1, State.ACKNOWLEDGED);
    grow(this.size, { batches: 1, logs: count, bytes: HEADER + raw.length }, -1);
    this.#flusher.schedule(segment);
    this.#retire();
  }

  /** Notes that a batch is about to be processed: see docs/spool-format.md. */
  mark(id: number): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    const state = segment.stateOf(id) === State.STARTED ? State.STARTED_AGAIN : State.STARTED;
    segment.set(id, id + 1, state);
    this.#flusher.write(segment);
  }

  unmark(id: number): void {
    const segment = this.#unfinished(id);
    if (segment === undefined) return;
    segment.set(id, id + 1, State.WAITING);
    this.#flusher.write(segment);
  }

  async close(): Promise<void> {
    await this.#stop();
    this.#lock.release();
  }

  async #stop(): Promise<void> {
    this.#closing.abort();
    this.#flusher.flush();
    await this.#flusher.idle();
    this.#reader.leave();
    this.#appender.close();
    for (const segment of this.#segments) segment.close();
  }

  async #open(): Promise<void> {
    const { disk, folder, onFailure } = this.#options;
    const { segments, orphans } = listSegments(disk, folder);
    for (const orphan of orphans) {
      try {
        disk.remove(orphan);
      } catch (error) {
        onFailure(error);
      }
    }
    for (const segment of segments) segment.load();
    this.#segments.push(...segments);
    for (const [i, segment] of segments.entries()) {
      segment.end = segments[i + 1]?.first ?? Number.POSITIVE_INFINITY;
      segment.after = segments[i + 1]?.before;
    }
    let before: Readonly<Size> | undefined;
    for (const segment of segments) {
      segment.before ??= before;
      if (segment.finished(segment.first, segment.end) === segment.end - segment.first) {
        segment.left = 0;
        before = segment.after;
        continue;
      }
      const all = counted(segment);
      if (all !== undefined) grow(this.size, all, 1);
      before = all === undefined ? await this.#survey(segment) : segment.after;
    }
    this.#measure();
    this.#appender.prepare();
    for (const segment of segments) this.#flusher.schedule(segment);
  }

  /** Adds a segment that has to be read. @returns what was appended up to its end. */
  async #survey(segment: Segment): Promise<Readonly<Size>> {
    const { entries, damage, before, torn, isTailBroken } = await survey(segment, this.#reader);
    if (segment === this.#segments.at(-1)) {
      const { folder, logger } = this.#options;
      if (torn > 0) logger.info({ folder, bytes: torn }, 'spool: an unfinished write is removed');
      // A batch must not get the state of another one that had its id, and was lost in a power failure.
      this.#appender.resume(segment.end, before, isTailBroken || segment.hasStatesFrom(segment.end));
    }
    for (const entry of entries) {
      if (!isFinished(segment.stateOf(entry.id))) grow(this.size, sizeOf(entry), 1);
    }
    for (const missing of damage) await this.#lose(segment, missing, 0);
    return before;
  }

  async #lose(segment: Segment, damage: Damage, offset: number): Promise<Size | undefined> {
    const lost = await this.#losses.lose(segment, damage, offset);
    if (lost !== undefined) this.#flusher.schedule(segment);
    return lost;
  }

  /** The segment of a batch that is not finished. */
  #unfinished(id: number): Segment | undefined {
    const segment = this.#segments.find(({ first, end }) => first <= id && end > id);
    return segment !== undefined && isFinished(segment.stateOf(id)) ? undefined : segment;
  }

  /** Once all is delivered, a large last segment is replaced by an empty one, which keeps the next id. */
  #retire(): void {
    const { segment, isBusy } = this.#appender;
    if (this.size.batches > 0 || this.hasUnread || isBusy || segment === undefined) return;
    if (segment.size <= Math.min(IDLE_BYTES, this.#limits.bytes / 8)) return;
    const { signal } = this.#closing;
    this.#appender.replace().then(
      () => this.#flusher.schedule(segment),
      async (error) => {
        this.#options.onFailure(error);
        await this.#options.disk.wait(RETRY_MS, signal);
        if (!signal.aborted) this.#retire();
      },
    );
  }

  #removed(segment: Segment): void {
    segment.isDeleted = true;
    this.#reader.leave(segment);
    this.#segments.shift();
    this.#freed();
  }

  /** The oldest segment may have been emptied already, and can be deleted now. */
  #freed(): void {
    const [oldest] = this.#segments;
    if (oldest !== undefined) this.#flusher.schedule(oldest);
    this.#measure();
    this.#options.onSpace();
  }

  #measure(): void {
    this.#tail = this.#appender.segment;
    this.#used = this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
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
