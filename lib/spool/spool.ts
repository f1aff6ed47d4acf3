import { BoundaryLogError } from '../../codec/index.js';
import { type Logger, silent } from '../logger.js';
import { checkOptions, type OptionTable, objectWith, text } from '../options.js';
import { type Change, GroupWriter } from './group-writer.js';
import { closed, failed, Handle } from './handle.js';
import { type OpenStore, openStore } from './open-store.js';
import { reconcile } from './reconcile.js';
import { type Entry, encodeBatch, type Size, type SpoolBatch } from './record.js';
import { isCorruption, type Store } from './store.js';

export type { Entry, Size, SpoolBatch } from './record.js';

export interface SpoolOptions {
  /**
   * Whether a write waits until the disk has it (fsync): what was accepted then survives a power cut, too, not
   * only the end of the process. Writes that wait share one. Default false.
   */
  sync?: boolean | undefined;
  /** Told of damage and of losses. Default: nobody is. */
  logger?: Logger | undefined;
}

type Amount = { count: number; bytes: number };

const OPTIONS: OptionTable<{ folder: string } & SpoolOptions> = {
  folder: text,
  sync: { takes: 'true or false', accepts: (value) => typeof value === 'boolean' },
  logger: objectWith('info', 'error'),
};
/** Once it is empty, and so many bytes were removed since, the disk space is given back. */
const COMPACT_BYTES = 16 << 20;

/**
 * Batches on disk, first in, first out, each of them removed only when it is acknowledged.
 *
 * ```ts
 * const spool = await Spool.open('/var/lib/boundary-log-proxy/spool', { sync: true });
 * await spool.append([batch]);
 * for (const entry of await spool.read(100)) { … await spool.remove([entry.id]); }
 * ```
 *
 * What `append` resolved for survives the end of the process, however it comes. What `remove` resolved for may
 * come back after a power cut without `sync`, and after damage: each batch is read at least once.
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
  #wasOpen = false;
  #next = 0;
  /** The id from which `read` goes on. */
  #cursor = 0;
  /** Read and not removed, in the order of their ids. */
  readonly #outstanding = new Map<number, Amount>();
  /** Their removal is on its way. */
  readonly #leaving = new Set<number>();
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
    this.#handle = new Handle(folder, () => this.#openStore());
    this.#sync = options.sync ?? false;
    this.#logger = options.logger ?? silent;
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
    checkOptions('Spool', { folder, ...options }, OPTIONS);
    const spool = new Spool(folder, options);
    try {
      await spool.#handle.ready();
    } catch (error) {
      throw error instanceof BoundaryLogError ? error : failed(folder, error);
    }
    return spool;
  }

  /**
   * Stores a group of batches, all or none. Calls keep their order, and those that are made while a write is
   * under way share the next one.
   *
   * @returns once they are written, and with `sync` once the disk has them.
   * @throws ERR_SPOOL_FAILED none of them is stored; a later call may succeed.
   * @throws ERR_CLOSED
   */
  append(batches: readonly SpoolBatch[]): Promise<void> {
    return this.#closed === undefined ? this.#writer.add({ batches }) : Promise.reject(closed());
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

  /** Lets `read` go on from this id again, where it is past it: something was not taken. */
  rewind(id: number): void {
    if (id >= this.#cursor) return;
    this.#cursor = Math.max(0, id);
    for (const read of [...this.#outstanding.keys()]) if (read >= id) this.#outstanding.delete(read);
  }

  /**
   * Acknowledges entries: they are removed, in one write. Ids that are not stored are left out.
   *
   * @throws ERR_SPOOL_FAILED none of them is removed; a later call may succeed.
   * @throws ERR_CLOSED
   */
  async remove(ids: readonly number[]): Promise<void> {
    if (this.#closed !== undefined) throw closed();
    for (const id of ids) this.#leaving.add(id);
    try {
      await this.#writer.add({ ids });
    } finally {
      for (const id of ids) this.#leaving.delete(id);
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
    await this.#handle.close().catch((err) => {
      this.#logger.error({ err, folder: this.folder }, 'spool was not closed cleanly');
    });
  }

  async *#entries(limit = -1): AsyncGenerator<Entry> {
    if (this.#closed !== undefined) throw closed();
    const { store } = await this.#handle.use(
      async (open) => open,
      () => false,
    );
    try {
      yield* store.entries(this.#first(), this.#next, limit);
    } catch (error) {
      throw failed(this.folder, error);
    }
  }

  async #read(store: Store, limit: number): Promise<Entry[]> {
    // What is being removed is not read again.
    for (const id of this.#leaving) if (id >= this.#cursor) await this.#writer.idle();
    const entries: Entry[] = [];
    const from = this.#cursor;
    if (limit > 0) for await (const entry of store.entries(from, this.#next, limit)) entries.push(entry);
    // A rewind in the meantime stands.
    if (this.#cursor < from) return this.#read(store, limit);
    for (const { id, count, raw } of entries) {
      this.#outstanding.set(id, { count, bytes: raw.length });
      this.#cursor = id + 1;
    }
    return entries;
  }

  async #write({ store }: OpenStore, changes: readonly Change[]): Promise<void> {
    const time = Date.now();
    const size = { ...this.size };
    const puts: { id: number; value: Buffer }[] = [];
    for (const { batches = [] } of changes) {
      for (const batch of batches) {
        const id = this.#next + puts.length;
        puts.push({ id, value: encodeBatch(id, batch, time) });
        add(size, { count: batch.count, bytes: batch.raw.length }, 1);
      }
    }
    const removed = await this.#toRemove(store, changes);
    for (const amount of removed.values()) add(size, amount, -1);
    if (puts.length === 0 && removed.size === 0) return;
    const state = { next: this.#next + puts.length, first: this.#first(removed), size };
    await store.write(puts, removed.keys(), state, this.#sync);
    if (!store.isInPlace()) throw new Error('the folder was removed or replaced');
    this.#next = state.next;
    Object.assign(this.size, size);
    for (const [id, { bytes }] of removed) {
      this.#outstanding.delete(id);
      this.#removedBytes += bytes;
    }
    if (size.batches === 0 && this.#removedBytes >= COMPACT_BYTES) {
      this.#removedBytes = 0;
      this.#compacting = store.compact().catch(() => undefined);
    }
  }

  /** No stored batch has a lower id, once those that are being removed are gone. */
  #first(removed?: Map<number, Amount>): number {
    for (const id of this.#outstanding.keys()) if (!removed?.has(id)) return Math.min(id, this.#cursor);
    return this.#cursor;
  }

  /** The stored ones of the ids to be removed, each once. */
  async #toRemove(store: Store, changes: readonly Change[]): Promise<Map<number, Amount>> {
    const removed = new Map<number, Amount>();
    const unread = new Set<number>();
    for (const { ids = [] } of changes) {
      for (const id of ids) {
        const amount = this.#outstanding.get(id);
        if (amount !== undefined) removed.set(id, amount);
        else if (Number.isSafeInteger(id) && id >= 0 && id < this.#next) unread.add(id);
      }
    }
    if (unread.size === 0) return removed;
    for (const entry of await store.get([...unread])) {
      if (entry !== undefined) removed.set(entry.id, { count: entry.count, bytes: entry.raw.length });
    }
    return removed;
  }

  /** Opens the store, and the first time takes over what is in it. */
  async #openStore(): Promise<OpenStore> {
    const open = await openStore(this.folder, this.#logger);
    try {
      const { state, size, last } = open.scan;
      if (!this.#wasOpen) {
        Object.assign(this.size, size);
        this.#next = Math.max(state?.next ?? 0, last + 1);
        this.#cursor = state?.first ?? 0;
      } else {
        const known = {
          next: this.#next,
          cursor: this.#cursor,
          size: this.size,
          outstanding: this.#outstanding,
        };
        const { size: found, lost } = await reconcile(open, known);
        Object.assign(this.size, found);
        const fields = { folder: this.folder, missing: lost, kept: found.batches };
        if (lost > 0) this.#logger.error(fields, 'spool lost batches');
      }
    } catch (error) {
      await open.abandon();
      throw error;
    }
    this.#wasOpen = true;
    return open;
  }
}

function add(size: Size, { count, bytes }: Amount, sign: 1 | -1): void {
  size.batches += sign;
  size.logs += sign * count;
  size.bytes += sign * bytes;
}
