import { join } from 'node:path';
import { BoundaryLogError } from '../errors.js';
import { type Logger, silent } from '../logger.js';
import { encode, load, mark } from './changes.js';
import { type Change, GroupWriter } from './group-writer.js';
import { closed, failed, Handle } from './handle.js';
import { type OpenStore, openStore } from './open-store.js';
import { reconcile } from './reconcile.js';
import { type Entry, isRemoved, type Size, type SpoolBatch } from './record.js';
import { Segment, Segments } from './segments.js';
import { checkSpoolOptions, type SpoolOptions } from './spool-options.js';
import { isCorruption, type Store } from './store.js';
import { Taken } from './taken.js';

export type { Entry, Size, SpoolBatch } from './record.js';
export type { SpoolOptions } from './spool-options.js';

/** Once it is empty, and so many bytes were removed since, the disk space is given back. */
const COMPACT_BYTES = 16 << 20;

/**
 * Batches on disk, first in, first out, each of them removed only when it is acknowledged.
 *
 * ```ts
 * const spool = await Spool.open('/var/lib/boundary-log-proxy/spool', { sync: true });
 * await spool.append([batch]);
 * for (const entry of await spool.read(100)) await spool.remove([entry.id]);
 * ```
 *
 * What `append` resolved for survives the end of the process, however it comes, and what `remove` was called for
 * does not come back, but may after a power cut, or damage: each batch is read at least once.
 *
 * After a failure (`ERR_SPOOL_FAILED`: the disk is full, the folder is gone) the next call opens the store
 * anew, and goes on once that is possible. Batches of a call that failed are not stored.
 */
export class Spool {
  readonly folder: string;
  /** What is stored and was not removed. */
  readonly size: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };
  readonly #sync: boolean;
  readonly #logger: Logger;
  readonly #onLoss: (lost: Readonly<Size>) => void;
  #wasOpen = false;
  #next = 0;
  /** The id from which `read` goes on: what is below it and stored was read. */
  #cursor = 0;
  #segments = new Segments();
  /** What was read last: the rest of it is mostly what is read next. */
  #loaded: { segment: Segment; entries: readonly Entry[] } | undefined;
  /** Their removal is on its way. */
  readonly #leaving = new Set<readonly number[]>();
  readonly #taken: Taken;
  readonly #handle: Handle;
  readonly #writer = new GroupWriter((changes) =>
    this.#handle.use((open) => this.#write(open, changes), isCorruption),
  );
  #reading: Promise<unknown> = Promise.resolve();
  #compacting: Promise<void> | undefined;
  #removedBytes = 0;
  #closed: Promise<void> | undefined;

  private constructor(folder: string, options: SpoolOptions) {
    this.folder = folder;
    this.#taken = new Taken(join(folder, 'taken'));
    this.#handle = new Handle(folder, () => this.#openStore());
    this.#sync = options.sync ?? false;
    this.#logger = options.logger ?? silent;
    this.#onLoss = options.onLoss ?? (() => undefined);
  }

  /**
   * Opens a folder, alone. It is made (mode 0700) where it is missing. All that is in it is read and checked
   * once. What is damaged is moved aside, to `<folder>.damaged-<time>`, an error log line names it and what was
   * kept, and the spool opens with that.
   *
   * @throws ERR_INVALID_OPTION
   * @throws ERR_SPOOL_IN_USE where another process, or another Spool, has it open.
   * @throws ERR_SPOOL_FAILED where the folder cannot be made, read or written.
   */
  static async open(folder: string, options: SpoolOptions = {}): Promise<Spool> {
    checkSpoolOptions(folder, options);
    const spool = new Spool(folder, options);
    try {
      await spool.#handle.ready();
      await spool.#writer.add({ ids: spool.#taken.read() });
      spool.#taken.open();
    } catch (error) {
      await spool.close();
      throw error instanceof BoundaryLogError ? error : failed(folder, error);
    }
    return spool;
  }

  /**
   * Stores a group of batches, all or none. Calls keep their order, and those that are made while a write is
   * under way share the next one.
   *
   * @returns once they are written, and with `sync` once the disk has them: the id of the first one, the others
   *   follow.
   * @throws ERR_SPOOL_FAILED none of them is stored; a later call may succeed.
   * @throws ERR_CLOSED
   */
  async append(batches: readonly SpoolBatch[]): Promise<number> {
    if (this.#closed !== undefined) throw closed();
    const change = { batches, first: 0 };
    await this.#writer.add(change);
    return change.first;
  }

  /**
   * The next stored entries after those that were read, oldest first: at most `limit`, none where there are
   * none. Each stays stored until it is removed.
   *
   * @throws ERR_SPOOL_FAILED, ERR_CLOSED
   */
  read(limit: number): Promise<Entry[]> {
    if (this.#closed !== undefined) return Promise.reject(closed());
    const reading = this.#reading.then(() =>
      this.#handle.use(
        ({ store }) => this.#read(store, limit),
        () => true,
      ),
    );
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  /**
   * Spares reading what was appended: counts it as read, where all before it was.
   *
   * @returns false where there are others to be read first.
   */
  skip(id: number, { count, raw }: SpoolBatch): boolean {
    if (id !== this.#cursor) return false;
    this.#cursor += 1;
    this.#segments.find(id)?.setAmount(id, count, raw.length);
    return true;
  }

  /** Lets `read` go on from this id again, where it is past it: something was not taken. */
  rewind(id: number): void {
    if (id < this.#cursor) this.#cursor = Math.max(0, id);
  }

  /**
   * Acknowledges entries: they are removed, in one write. Ids that are not stored are left out. From the call
   * on, they do not come back after a kill, unless more than {@link TAKEN_SLOTS} are on their way at a time.
   *
   * @throws ERR_SPOOL_FAILED none of them is removed; a later call may succeed.
   * @throws ERR_CLOSED
   */
  async remove(ids: readonly number[]): Promise<void> {
    if (this.#closed !== undefined) throw closed();
    this.#taken.add(ids.filter((id) => Number.isInteger(id) && this.#segments.holds(id)));
    this.#leaving.add(ids);
    try {
      await this.#writer.add({ ids });
    } finally {
      this.#leaving.delete(ids);
    }
  }

  /** When the oldest batch that is stored was appended; undefined where there is none. */
  async oldest(): Promise<Date | undefined> {
    for await (const entry of this.#entries(1)) return entry.time;
    return undefined;
  }

  /** All that is stored when it begins, oldest first, and wherever `read` is. */
  entries(): AsyncIterable<Entry> {
    return this.#entries();
  }

  /** Waits for what is under way, and lets go of the folder. A second call waits for the first one. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#writer.idle();
    await this.#reading;
    await this.#compacting;
    this.#taken.close();
    await this.#handle.close().catch((err) => {
      this.#logger.error({ err, folder: this.folder }, 'spool was not closed cleanly');
    });
  }

  async *#entries(limit = Number.POSITIVE_INFINITY): AsyncGenerator<Entry> {
    if (this.#closed !== undefined) throw closed();
    const { store } = await this.#handle.use(
      async (open) => open,
      () => false,
    );
    const removed = this.#segments.removed(this.#next);
    const from = this.#segments.from(removed.first)?.id ?? this.#next;
    let left = limit;
    try {
      for await (const entry of store.entries(from, this.#next)) {
        if (isRemoved(removed, entry.id)) continue;
        yield entry;
        if (--left === 0) return;
      }
    } catch (error) {
      throw failed(this.folder, error);
    }
  }

  async #read(store: Store, limit: number): Promise<Entry[]> {
    // What is being removed is not read again.
    for (const ids of this.#leaving) if (ids.some((id) => id >= this.#cursor)) await this.#writer.idle();
    const [from, before] = [this.#cursor, this.#next];
    const entries: Entry[] = [];
    let segment = this.#segments.from(from);
    while (segment !== undefined && segment.id < before && entries.length < limit) {
      if (this.#loaded?.segment !== segment) {
        this.#loaded = { segment, entries: await load(store, this.#segments, segment) };
      }
      for (const entry of this.#loaded.entries) {
        if (entry.id >= from && entries.length < limit && !segment.isRemoved(entry.id)) entries.push(entry);
      }
      segment = this.#segments.from(segment.end);
    }
    // A rewind in the meantime stands.
    if (this.#cursor < from) return this.#read(store, limit);
    const last = entries.at(-1);
    if (last === undefined) return [];
    this.#cursor = last.id + 1;
    const stored = entries.filter(({ id }) => this.#segments.holds(id));
    return stored.length > 0 ? stored : this.#read(store, limit);
  }

  async #write({ store }: OpenStore, changes: readonly Change[]): Promise<void> {
    const segments = this.#segments;
    const size = { ...this.size };
    const { puts, next } = encode(changes, this.#next, size);
    const marked: number[] = [];
    let removedBytes = size.bytes;
    try {
      const emptied = await mark(store, segments, changes, marked, size);
      removedBytes -= size.bytes;
      if (puts.length === 0 && marked.length === 0) return;
      await store.write(puts, emptied, { next, ...segments.removed(this.#next), size }, this.#sync);
      if (!store.isInPlace()) throw new Error('the folder was removed or replaced');
    } catch (error) {
      segments.unmark(marked);
      throw error;
    }
    segments.commit(marked);
    for (const { id, batches } of puts) segments.add(new Segment(id, batches));
    this.#next = next;
    Object.assign(this.size, size);
    this.#removedBytes += removedBytes;
    if (size.batches === 0 && this.#removedBytes >= COMPACT_BYTES) {
      this.#removedBytes = 0;
      this.#compacting = store.compact().catch(() => undefined);
    }
  }

  /** Opens the store, and the first time takes over what is in it. */
  async #openStore(): Promise<OpenStore> {
    const open = await openStore(this.folder, this.#logger);
    try {
      const { state, segments, size, last } = open.scan;
      if (!this.#wasOpen) {
        Object.assign(this.size, size);
        this.#next = Math.max(state?.next ?? 0, last + 1);
        this.#cursor = state?.first ?? 0;
      } else {
        const known = {
          next: this.#next,
          cursor: this.#cursor,
          size: this.size,
          segments: this.#segments,
        };
        const { size: found, lost } = await reconcile(open, known);
        Object.assign(this.size, found);
        if (lost.batches > 0) {
          const fields = { folder: this.folder, missing: lost.batches, kept: found.batches };
          this.#logger.error(fields, 'spool lost batches');
          this.#onLoss(lost);
        }
      }
      this.#segments = segments;
      if (this.#wasOpen) this.#taken.open();
    } catch (error) {
      await open.abandon();
      throw error;
    }
    this.#wasOpen = true;
    return open;
  }
}
