import type { Disk, DiskFile } from './disk.js';
import { decodeStates, isFinished, State } from './record.js';
import { codeOf, insist, type Patience } from './retry.js';

/** What became of the batches of one segment, in memory and in its `.acked` file. */
export class Acks {
  /** How many of the batches are not finished. */
  left = 0;
  /** How many batches the file has room for. */
  capacity = 0;
  /** Why the disk does not give the file back. All batches wait then: rather twice than never. */
  error: unknown;
  readonly #disk: Disk;
  readonly #path: string;
  readonly #first: number;
  /** Undefined if all batches wait. */
  #states: Buffer | undefined;
  #file: DiskFile | undefined;
  readonly #unreadable: { first: number; until: number }[] = [];
  /** The states that are not in the file yet. */
  #dirty: { from: number; to: number } | undefined;
  #isUnsynced = false;

  /** @param first The id of the first batch. */
  constructor(disk: Disk, path: string, first: number) {
    this.#disk = disk;
    this.#path = path;
    this.#first = first;
  }

  async load(patience: Patience): Promise<void> {
    const states = await insist(
      () => readSmall(this.#disk, this.#path),
      patience,
      (error) => {
        this.error = error;
        return undefined;
      },
    );
    // Until the number is known, the segment must not look finished.
    this.left = Number.POSITIVE_INFINITY;
    this.capacity = states?.length ?? 0;
    if (states?.some((byte) => byte !== State.WAITING)) this.#states = decodeStates(states);
  }

  create(capacity: number): void {
    this.capacity = capacity;
    this.#states = undefined;
    this.#dirty = undefined;
    this.#file = this.#createFile();
  }

  /** Whether a batch has another state than `WAITING`. */
  get hasStates(): boolean {
    return this.#states !== undefined;
  }

  /** Up to its last finished batch, so many ids exist, whatever the records tell. */
  get ids(): number {
    return 1 + (this.#states?.findLastIndex(isFinished) ?? -1);
  }

  stateOf(id: number): number {
    if (this.#unreadable.some(({ first, until }) => id >= first && id < until)) return State.LOST;
    return this.#states?.[id - this.#first] ?? State.WAITING;
  }

  /** How many of the ids from `first` to below `until` are finished. */
  finished(first: number, until: number): number {
    const known = Math.max(this.#first + (this.#states?.length ?? 0), this.#unreadable.at(-1)?.until ?? 0);
    let n = 0;
    for (let id = first; id < Math.min(until, known); id++) if (isFinished(this.stateOf(id))) n += 1;
    return n;
  }

  /** Counts batches as finished that cannot be read now, without writing it down. */
  giveUp(first: number, until: number): void {
    this.left -= until - first - this.finished(first, until);
    this.#unreadable.push({ first, until });
  }

  /** Sets states in memory. {@link flush} writes them. */
  set(first: number, until: number, state: number): void {
    const [from, to] = [first - this.#first, until - this.#first];
    if (this.#states === undefined || this.#states.length < to) {
      const states = Buffer.alloc(Math.max(this.capacity, to));
      states.set(this.#states ?? []);
      this.#states = states;
    }
    this.left -= until - first - this.finished(first, until);
    this.#states.fill(state, from, to);
    this.left += isFinished(state) ? 0 : until - first;
    const { from: lowest, to: highest } = this.#dirty ?? { from, to };
    this.#dirty = { from: Math.min(from, lowest), to: Math.max(to, highest) };
  }

  /** Forgets which batches were being processed: see docs/spool-format.md. */
  clearMarks(): void {
    for (const [i, state] of this.#states?.entries() ?? []) {
      const id = this.#first + i;
      if (state === State.STARTED || state === State.STARTED_AGAIN) this.set(id, id + 1, State.WAITING);
    }
  }

  /** Whether there are states that {@link flush} has not written yet. */
  get isDirty(): boolean {
    return this.#dirty !== undefined;
  }

  /** Writes what was set. The process may be killed at any time afterwards. */
  flush(): void {
    if (this.#dirty === undefined || this.#states === undefined) return;
    this.#file ??= this.#openFile();
    const { from, to } = this.#dirty;
    for (let at = from; at < to; ) at += this.#file.writeSync(this.#states.subarray(at, to), at);
    this.#dirty = undefined;
    this.#isUnsynced = true;
  }

  async sync(): Promise<void> {
    if (!this.#isUnsynced) return;
    this.#isUnsynced = false;
    await this.#file?.sync();
  }

  /** Whether the file is still there, if it is open, or tells more than that all batches wait. */
  isThere(): boolean {
    if (this.#file !== undefined) return this.#file.isLinked();
    return this.#states === undefined || exists(this.#disk, this.#path);
  }

  /** Writes the file again if somebody deleted it. */
  restore(): void {
    if (!this.isThere()) {
      this.close();
      this.#file = this.#createFile();
      this.#dirty = undefined;
      this.#isUnsynced = true;
    }
    this.flush();
  }

  remove(): void {
    this.close();
    removeIfThere(this.#disk, this.#path);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #openFile(): DiskFile {
    try {
      return this.#disk.open(this.#path, 'update');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      return this.#createFile();
    }
  }

  /** Writes the whole file, so that there is room for each state even if the disk is full later. */
  #createFile(): DiskFile {
    const file = this.#disk.open(this.#path, 'create');
    try {
      const states = this.#states ?? Buffer.alloc(this.capacity);
      for (let at = 0; at < states.length; ) at += file.writeSync(states.subarray(at), at);
      return file;
    } catch (error) {
      file.close();
      this.#disk.remove(this.#path);
      throw error;
    }
  }
}

/** The first bytes of a file; undefined if the file does not exist. */
export function readSmall(disk: Disk, path: string, length = Infinity): Buffer | undefined {
  let file: DiskFile;
  let size: number;
  try {
    size = Math.min(disk.sizeOf(path), length);
    file = disk.open(path, 'read');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const bytes = Buffer.alloc(size);
    let at = 0;
    for (let n = -1; at < size && n !== 0; at += n) n = file.readSync(bytes.subarray(at), at);
    return bytes.subarray(0, at);
  } finally {
    file.close();
  }
}

function exists(disk: Disk, path: string): boolean {
  try {
    disk.sizeOf(path);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
    return false;
  }
}

export function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}
