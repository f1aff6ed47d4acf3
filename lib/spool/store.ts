import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { causes } from './causes.js';
import {
  batchKey,
  decodeBatch,
  decodeState,
  type Entry,
  encodeState,
  idOfKey,
  type Size,
  STATE_KEY,
  type State,
} from './record.js';

type Db = ClassicLevel<Buffer, Buffer>;

/** What reading a whole store found. */
export interface Scan {
  /** undefined where there is none, or a damaged one. */
  readonly state: State | undefined;
  /** The batches that are there and intact. */
  readonly size: Size;
  /** The highest id of these, -1 where there are none. */
  readonly last: number;
  /** Why the store is not what was written to it; undefined where nothing speaks for that. */
  readonly damage: string | undefined;
}

const SCAN_ROWS = 1000;
const READ_BYTES = 1 << 20;
/** After all keys there are. */
const BEYOND = [Buffer.of(0xff), Buffer.of(0xff, 0xff)] as const;

/** An open LevelDB of records (see record.ts). Its errors are LevelDB's own. */
export class Store {
  readonly path: string;
  readonly #db: Db;
  /** Of LevelDB's lock file, which is there, and the same, for as long as the store is open. */
  #lock: Stats | undefined;

  private constructor(path: string) {
    this.path = path;
    const encodings = { keyEncoding: 'buffer', valueEncoding: 'buffer' };
    this.#db = new ClassicLevel<Buffer, Buffer>(path, { ...encodings, compression: false });
  }

  static async open(path: string, { create = true } = {}): Promise<Store> {
    const store = new Store(path);
    await store.#db.open({ createIfMissing: create, compression: false });
    store.#lock = store.#statLock();
    return store;
  }

  /** Whether the folder is still the one that was opened. A removed one can be written to, for nothing. */
  isInPlace(): boolean {
    const lock = this.#statLock();
    return lock !== undefined && lock.ino === this.#lock?.ino && lock.dev === this.#lock.dev;
  }

  /** Puts and removes in one: all of it is done, or nothing. */
  async write(
    puts: readonly { id: number; value: Buffer }[],
    removed: Iterable<number>,
    state: State,
    sync: boolean,
  ): Promise<void> {
    const batch = this.#db.batch();
    for (const { id, value } of puts) batch.put(batchKey(id), value);
    for (const id of removed) batch.del(batchKey(id));
    batch.put(STATE_KEY, encodeState(state));
    await batch.write({ sync });
  }

  /** The entry under each id, undefined where there is none or a damaged one. */
  async get(ids: readonly number[]): Promise<(Entry | undefined)[]> {
    const values = await this.#db.getMany(ids.map(batchKey));
    return values.map((value, i) => value && decodeBatch(ids[i] as number, value));
  }

  /**
   * The entries with ids from `from` to below `before`, oldest first.
   *
   * @param limit At most so many.
   * @throws LEVEL_CORRUPTION at one that is damaged.
   */
  async *entries(from: number, before: number, limit = -1): AsyncGenerator<Entry> {
    if (from >= before) return;
    const range = { gte: batchKey(from), lt: batchKey(before), limit, highWaterMarkBytes: READ_BYTES };
    const iterator = this.#db.iterator({ ...range, fillCache: false });
    try {
      for (;;) {
        const rows = await iterator.nextv(limit < 0 ? SCAN_ROWS : Math.min(limit, SCAN_ROWS));
        if (rows.length === 0) return;
        for (const [key, value] of rows) {
          const id = idOfKey(key);
          const entry = id === undefined ? undefined : decodeBatch(id, value);
          if (entry === undefined) throw corruption(`entry ${id ?? 'without an id'} is damaged`);
          yield entry;
        }
      }
    } finally {
      await iterator.close();
    }
  }

  /** Reads all there is, and checks it. Does not fail at what is damaged: it goes on as far as it can. */
  async scan(visit?: (entry: Entry) => Promise<void> | void): Promise<Scan> {
    const size: Size = { batches: 0, logs: 0, bytes: 0 };
    let state: State | undefined;
    let last = -1;
    let damaged = 0;
    let failure: string | undefined;
    const iterator = this.#db.iterator({ highWaterMarkBytes: READ_BYTES, fillCache: false });
    try {
      for (;;) {
        const rows = await iterator.nextv(SCAN_ROWS);
        if (rows.length === 0) break;
        for (const [key, value] of rows) {
          if (key.equals(STATE_KEY)) {
            state = decodeState(value);
            continue;
          }
          const id = idOfKey(key);
          const entry = id === undefined ? undefined : decodeBatch(id, value);
          // Out of order is a key that was damaged into that of another entry.
          if (entry === undefined || entry.id <= last) {
            damaged += 1;
            continue;
          }
          last = entry.id;
          size.batches += 1;
          size.logs += entry.count;
          size.bytes += entry.raw.length;
          await visit?.(entry);
        }
      }
    } catch (error) {
      if (!isCorruption(error)) throw error;
      failure = (error as Error).message;
    } finally {
      await iterator.close();
    }
    // What was lost on the way was lost with all of its write, and the state of an earlier one came to light.
    if (state !== undefined && state.next <= last) state = undefined;
    let damage = failure;
    if (damaged > 0) damage ??= `${damaged} entries are damaged`;
    if (state === undefined && last >= 0) damage ??= 'what it should hold cannot be read';
    if (state !== undefined && !isSame(state.size, size)) {
      damage ??= `it should hold ${state.size.batches} batches, and holds ${size.batches}`;
    }
    return { state, size, last, damage };
  }

  /** Gives back the disk space of what was removed. */
  async compact(): Promise<void> {
    await this.#db.compactRange(Buffer.alloc(0), BEYOND[0]);
  }

  /** Once closed, all is in files with checksums, and there is no log that could be cut unseen. */
  async close(): Promise<void> {
    // Of a range with nothing in it: what is done is what comes before, which is to write out the log.
    await this.#db.compactRange(...BEYOND);
    await this.#db.close();
  }

  /** Closes what may be broken. */
  async abandon(): Promise<void> {
    await this.#db.close().catch(() => undefined);
  }

  #statLock(): Stats | undefined {
    return statSync(join(this.path, 'LOCK'), { throwIfNoEntry: false });
  }
}

/** Whether the store is damaged: its files are there and cannot be understood, or some are not there. */
export function isCorruption(error: unknown): boolean {
  const all = causes(error);
  const has = (code: string) => all.some((e) => e.code === code);
  if (has('LEVEL_CORRUPTION')) return true;
  // A damaged file that names others, or one of these that is gone.
  const names = /No such file|Is a directory|Not a directory|Invalid argument|File name too long/i;
  return has('LEVEL_IO_ERROR') && all.some(({ message }) => names.test(message));
}

/** Whether another process, or another handle of this one, has the store open. */
export function isLocked(error: unknown): boolean {
  return causes(error).some(({ code }) => code === 'LEVEL_LOCKED');
}

function corruption(message: string): Error {
  return Object.assign(new Error(message), { code: 'LEVEL_CORRUPTION' });
}

function isSame(a: Size, b: Size): boolean {
  return a.batches === b.batches && a.logs === b.logs && a.bytes === b.bytes;
}
