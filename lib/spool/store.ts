import { type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { causes } from './causes.js';
import {
  batchKey,
  decodeSegment,
  decodeState,
  type Entry,
  encodeState,
  idOfKey,
  isRemoved,
  type Size,
  STATE_KEY,
  type State,
} from './record.js';
import { Segments, segmentOf } from './segments.js';

type Db = ClassicLevel<Buffer, Buffer>;

/** What reading a whole store found. */
export interface Scan {
  /** undefined where there is none, or a damaged one. */
  readonly state: State | undefined;
  /** All that are whole, and what is removed of them. */
  readonly segments: Segments;
  /** The batches that are there, intact and not removed. */
  readonly size: Size;
  /** The highest id that is there and intact, also of what is removed; -1 where there is none. */
  readonly last: number;
  /** Why the store is not what was written to it; undefined where nothing speaks for that. */
  readonly damage: string | undefined;
}

const SCAN_ROWS = 1000;
const READ_BYTES = 1 << 20;
/** Of what was written and is not in a table yet. LevelDB's own 4 MiB would be full several times a second. */
const WRITE_BUFFER_BYTES = 32 << 20;
/** After all keys there are. */
const BEYOND = [Buffer.of(0xff), Buffer.of(0xff, 0xff)] as const;

/** An open LevelDB of segments (see record.ts). Its errors are LevelDB's own. */
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
    const writeBufferSize = WRITE_BUFFER_BYTES;
    await store.#db.open({ createIfMissing: create, compression: false, writeBufferSize });
    store.#lock = store.#statLock();
    return store;
  }

  /** Whether the folder is still the one that was opened. A removed one can be written to, for nothing. */
  isInPlace(): boolean {
    const lock = this.#statLock();
    return lock !== undefined && lock.ino === this.#lock?.ino && lock.dev === this.#lock.dev;
  }

  /** Puts segments and removes some in one: all of it is done, or nothing. */
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

  /**
   * All batches of a segment, also those that are removed; undefined where there is no such segment.
   *
   * @throws LEVEL_CORRUPTION where it is damaged.
   */
  async get(id: number): Promise<Entry[] | undefined> {
    const value = await this.#db.get(batchKey(id), { fillCache: false });
    return value && whole(id, value);
  }

  /**
   * The batches of all segments with ids from `from` to below `before`, oldest first, also those that are removed.
   *
   * @throws LEVEL_CORRUPTION at a segment that is damaged.
   */
  async *entries(from: number, before: number): AsyncGenerator<Entry> {
    if (from >= before) return;
    const range = { gte: batchKey(from), lt: batchKey(before), highWaterMarkBytes: READ_BYTES };
    const iterator = this.#db.iterator({ ...range, fillCache: false });
    try {
      for (;;) {
        const rows = await iterator.nextv(SCAN_ROWS);
        if (rows.length === 0) return;
        for (const [key, value] of rows) yield* whole(idOfKey(key), value);
      }
    } finally {
      await iterator.close();
    }
  }

  /**
   * Reads all there is, and checks it. Does not fail at what is damaged: it goes on as far as it can.
   *
   * @param visit Given each intact batch that is not removed.
   */
  async scan(visit?: (entry: Entry) => Promise<void> | void): Promise<Scan> {
    const size: Size = { batches: 0, logs: 0, bytes: 0 };
    const segments = new Segments();
    let state: State | undefined;
    let last = -1;
    let damaged = 0;
    let failure: string | undefined;
    const iterator = this.#db.iterator({ highWaterMarkBytes: READ_BYTES, fillCache: false });
    try {
      const value = await this.#db.get(STATE_KEY);
      state = value && decodeState(value);
      for (;;) {
        const rows = await iterator.nextv(SCAN_ROWS);
        if (rows.length === 0) break;
        for (const [key, value] of rows) {
          if (key.equals(STATE_KEY)) continue;
          const id = idOfKey(key);
          const { entries, isWhole } =
            id === undefined ? { entries: [], isWhole: false } : decodeSegment(id, value);
          const ids: number[] = [];
          let isInOrder = true;
          for (const entry of entries) {
            // Out of order is a key that was damaged into that of another segment.
            isInOrder &&= entry.id > last;
            if (!isInOrder) break;
            last = entry.id;
            if (state !== undefined && isRemoved(state, entry.id)) continue;
            ids.push(entry.id);
            size.batches += 1;
            size.logs += entry.count;
            size.bytes += entry.raw.length;
            await visit?.(entry);
          }
          // Of one with nothing left, the removal was lost.
          if (!isWhole || !isInOrder || ids.length === 0) damaged += 1;
          else segments.add(segmentOf(id as number, last + 1, ids));
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
    if (damaged > 0) damage ??= `${damaged} segments are damaged`;
    if (state === undefined && last >= 0) damage ??= 'what it should hold cannot be read';
    if (state !== undefined && !isSame(state.size, size)) {
      damage ??= `it should hold ${state.size.batches} batches, and holds ${size.batches}`;
    }
    return { state, segments, size, last, damage };
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

function whole(id: number | undefined, value: Buffer): Entry[] {
  const { entries, isWhole } = id === undefined ? { entries: [], isWhole: false } : decodeSegment(id, value);
  if (!isWhole) throw corruption(`segment ${id ?? 'without an id'} is damaged`);
  return entries;
}

export function corruption(message: string): Error {
  return Object.assign(new Error(message), { code: 'LEVEL_CORRUPTION' });
}

function isSame(a: Size, b: Size): boolean {
  return a.batches === b.batches && a.logs === b.logs && a.bytes === b.bytes;
}
