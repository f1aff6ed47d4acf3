import { type Patience, READ_ATTEMPTS } from './files.js';
import { type QueueOptions, SpoolFolder } from './folder.js';
import { lossOf, survey } from './inspection.js';
import type { Lock } from './lock.js';
import { SpoolLog } from './log.js';
import {
  type Damage,
  type Entry,
  grow,
  HEADER,
  isFinished,
  NOTHING,
  type Size,
  type SpoolBatch,
  State,
  sizeOf,
} from './record.js';
import type { Segment } from './segment.js';
import { Upkeep } from './upkeep.js';

export type { QueueOptions };

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
  readonly #closing = new AbortController();
  readonly #folder: SpoolFolder;
  readonly #log: SpoolLog;
  readonly #upkeep: Upkeep;

  private constructor(lock: Lock, options: QueueOptions) {
    const { disk, onFailure, signal: outer = this.#closing.signal } = options;
    const signal = AbortSignal.any([this.#closing.signal, outer]);
    const patience: Patience = { disk, signal, onFailure, readAttempts: READ_ATTEMPTS };
    this.#options = options;
    this.isSuspicious = lock.lastEnd === 'crash';
    this.#folder = new SpoolFolder(lock, options, patience);
    this.#log = new SpoolLog(this.#folder);
    this.#upkeep = new Upkeep(this.#folder, this.#log);
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
      queue.#folder.close();
      throw error;
    }
  }

  get hasUnread(): boolean {
    return this.#log.hasUnread;
  }

  /** How many bytes may still be written: all files may have one segment more than `maxBytes`. */
  get space(): number {
    const { limits } = this.#folder;
    const { maxBytes, limit = () => maxBytes } = this.#options;
    const free = limit() + limits.bytes - this.claimed;
    // There may be more of them: of two segments in a row, both together are larger than one can be.
    return free / (1 + (2 * limits.batches) / limits.bytes);
  }

  /** How many bytes its files use, with space for what may be set aside at any time, and for the next `.acked` file. */
  get claimed(): number {
    const { limits, aside, maxAside, used } = this.#folder;
    return used + Math.max(aside, maxAside) + limits.batches;
  }

  /**
   * Stores as many of the batches as fit into one segment, at least one.
   *
   * @param onStored Called before anything can be read: the id of the first one, and how many were stored.
   * @throws the errors of the file system; then none of them is stored.
   */
  append(batches: readonly SpoolBatch[], onStored: (first: number, n: number) => void): Promise<void> {
    return this.#log
      .append(batches, (segment, first, size) => {
        this.#count(segment, size, 1);
        onStored(first, size.batches);
      })
      .finally(() => {
        this.#folder.count();
        if (this.#log.tail === undefined) this.#upkeep.wake();
      });
  }

  /** The next batches, in order; none at the end. It fails only while the queue is being closed. */
  async read(): Promise<Entry[]> {
    for (let read = await this.#log.read(); read !== undefined; read = await this.#log.read()) {
      const { segment, offset, entries, damage } = read;
      for (const missing of damage) {
        await this.#lose(segment, missing, offset);
        this.#write(segment);
      }
      const unfinished: Entry[] = [];
      for (const entry of entries) {
        const state = segment.acks.stateOf(entry.id);
        if (isFinished(state)) continue;
        grow(segment.unread, sizeOf(entry), -1);
        if (state === State.STARTED_AGAIN) await this.#quarantine(segment, entry);
        else unfinished.push(entry);
      }
      if (this.#log.hasRead(segment)) this.#recount(segment);
      if (unfinished.length > 0) return unfinished;
    }
    return [];
  }

  /** Moves behind a batch without reading it. @returns false if others are to be read before it. */
  skip(id: number, batch: SpoolBatch): boolean {
    return this.#log.skip(id, batch);
  }

  /** It was delivered, or dropped. No kill brings it back afterwards, if the disk can be written to. */
  finish(id: number, batch: SpoolBatch): void {
    if (this.#set(id, () => State.ACKNOWLEDGED)) grow(this.size, sizeOf(batch), -1);
  }

  /** Notes that a batch is about to be processed: see docs/spool-format.md. */
  mark(id: number): void {
    this.#set(id, (state) => (state === State.STARTED ? State.STARTED_AGAIN : State.STARTED));
  }

  /** Whether a process ended while it processed this batch, which is not finished. */
  isMarked(id: number): boolean {
    return this.isSuspicious && this.#segmentOf(id)?.acks.stateOf(id) === State.STARTED;
  }

  unmark(id: number): void {
    this.#set(id, () => State.WAITING);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#upkeep.end();
    this.#folder.close();
    this.#folder.release();
  }

  async #open(): Promise<void> {
    const { folder, logger } = this.#options;
    await this.#folder.load();
    const { segments } = this.#folder;
    let before: Readonly<Size> | undefined;
    for (const [i, segment] of segments.entries()) {
      segment.before ??= before;
      segment.after = segments[i + 1]?.before;
      const { waiting, damage, after, torn } = await survey(segment);
      if (torn > 0) logger.info({ folder, bytes: torn }, 'spool: an unfinished write is ignored');
      if (segment.acks.error !== undefined) {
        const fields = { folder, segment: segment.name, err: segment.acks.error };
        logger.error(
          fields,
          'spool: it is unknown which batches of a segment were delivered: all of them will be delivered again',
        );
      }
      this.#count(segment, waiting, 1);
      for (const missing of damage) await this.#lose(segment, missing, 0);
      before = after;
    }
    this.#log.next = segments.at(-1)?.end ?? 0;
    this.#log.totals = before ?? NOTHING;
    await this.#log.begin();
    this.#folder.count();
    this.#upkeep.wake();
  }

  #count(segment: Segment, size: Readonly<Size>, sign: 1 | -1): void {
    for (const counted of [this.size, segment.unread]) grow(counted, size, sign);
  }

  /** All of a segment was read: by now it is known what it contained. */
  #recount(segment: Segment): void {
    const { batches, logs, bytes } = segment.unread;
    if (batches === 0 && logs === 0 && bytes === 0) return;
    const difference = { batches: -batches, logs: -logs, bytes: -bytes };
    this.#count(segment, difference, 1);
    this.#options.onRecount(difference);
  }

  /**
   * Ids are missing: reports each once, and copies what there is of them.
   *
   * @param offset Where in the segment the bytes begin that the damage was found in.
   */
  async #lose(segment: Segment, damage: Damage, offset: number): Promise<void> {
    const { logger, folder, onLoss, onFailure } = this.#options;
    const { acks } = segment;
    const { first, until = segment.end } = damage;
    if (acks.finished(first, until) === until - first) return;
    const lost = lossOf(segment, damage);
    let keptIn: string | undefined = segment.logPath;
    if (segment.isPinned) {
      acks.giveUp(first, until);
    } else {
      segment.uncopied.push({ from: offset + damage.from, to: offset + damage.to });
      keptIn = await this.#folder.copyDamaged(segment).catch((error) => void onFailure(error));
      acks.set(first, until, State.LOST);
    }
    const ids = { first, last: until - 1 };
    const { batches, logs } = lost;
    logger.error({ folder, ...ids, batches, logs, keptIn }, 'spool damaged: batches are missing');
    this.#count(segment, lost, -1);
    onLoss(lost, ids);
  }

  /** A batch is dangerous. If it cannot be copied now, it waits where it is, and is not delivered. */
  async #quarantine(segment: Segment, entry: Entry): Promise<void> {
    const { logger, folder, onQuarantine, onFailure } = this.#options;
    const { id, count: logs, raw } = entry;
    const record = Buffer.from(raw.buffer, raw.byteOffset - HEADER, HEADER + raw.length);
    let keptIn: string | undefined;
    try {
      keptIn = await this.#folder.setAside('quarantine', String(id), record);
    } catch (error) {
      onFailure(error);
      return;
    }
    segment.acks.set(id, id + 1, State.QUARANTINED);
    logger.error({ folder, id, logs, keptIn }, 'spool: a batch that ended the process twice was set aside');
    grow(this.size, sizeOf(entry), -1);
    this.#write(segment);
    onQuarantine(entry);
  }

  #segmentOf(id: number): Segment | undefined {
    return this.#folder.segments.find(({ first, end }) => first <= id && end > id);
  }

  /** Changes the state of a batch. @returns false if it is finished. */
  #set(id: number, next: (state: number) => number): boolean {
    const segment = this.#segmentOf(id);
    const state = segment?.acks.stateOf(id);
    if (segment === undefined || state === undefined || isFinished(state)) return false;
    segment.acks.set(id, id + 1, next(state));
    this.#write(segment);
    return true;
  }

  /** Writes what became of batches, and deletes the segment if nothing is left of it. */
  #write(segment: Segment): void {
    const { disk, sync, onFailure } = this.#options;
    const isDone = segment.left === 0 && (segment !== this.#log.tail || this.#log.canRetire);
    try {
      segment.acks.flush();
      if (!isDone && !sync && segment.isWhole(disk.now())) return;
    } catch (error) {
      onFailure(error);
    }
    this.#upkeep.wake();
  }
}
