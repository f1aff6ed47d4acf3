import type { DiskFile } from './disk.js';
import { ifThere, insist, type Patience, readFile } from './files.js';
import { decodeStates, isFinished, State } from './record.js';

/** What became of the batches of one segment for one reporter, in memory and in its `.acked` file. */
export class Acks {
  /** How many of the batches are finished. */
  done = 0;
  /** How many batches the file has room for. */
  capacity = 0;
  /** Why the disk does not give the file back. All batches wait then: rather twice than never. */
  error: unknown;
  readonly #patience: Patience;
  readonly #path: string;
  readonly #first: number;
  /** Empty if all batches wait. */
  #states: Buffer = Buffer.alloc(0);
  #file: DiskFile | undefined;
  readonly #unreadable: { first: number; until: number }[] = [];
  /** The states that are not in the file yet. */
  #dirty: { from: number; to: number } | undefined;
  #isUnsynced = false;

  /** @param first The id of the first batch. */
  constructor(patience: Patience, path: string, first: number) {
    this.#patience = patience;
    this.#path = path;
    this.#first = first;
  }

  /** @param end States of ids from this one on mean nothing. */
  async load(end: number): Promise<void> {
    const read = () => ifThere(() => readFile(this.#patience.disk, this.#path));
    const states = await insist(read, this.#patience, (error) => {
      this.error = error;
      return undefined;
    });
    this.capacity = states?.length ?? 0;
    if (!states?.some((byte) => byte !== State.WAITING)) return;
    this.#states = decodeStates(states.subarray(0, end - this.#first));
    this.done = this.finished(this.#first, end);
  }

  create(capacity: number): void {
    this.capacity = capacity;
    this.#file = this.#createFile();
  }

  /** Whether a batch has another state than `WAITING`. */
  get hasStates(): boolean {
    return this.#states.length > 0;
  }

  /** Up to its last finished batch, so many ids exist, whatever the records tell. */
  get ids(): number {
    return 1 + this.#states.findLastIndex(isFinished);
  }

  stateOf(id: number): number {
    if (this.#unreadable.some(({ first, until }) => id >= first && id < until)) return State.LOST;
    return this.#states[id - this.#first] ?? State.WAITING;
  }

  /** How many of the ids from `first` to below `until` are finished. */
  finished(first: number, until: number): number {
    const known = Math.max(this.#first + this.#states.length, this.#unreadable.at(-1)?.until ?? 0);
    let n = 0;
    for (let id = first; id < Math.min(until, known); id++) if (isFinished(this.stateOf(id))) n += 1;
    return n;
  }

  /** Counts batches as finished that cannot be read now, without writing it down. */
  giveUp(first: number, until: number): void {
    this.done += until - first - this.finished(first, until);
    this.#unreadable.push({ first, until });
  }

  /** Sets states in memory. {@link flush} writes them. */
  set(first: number, until: number, state: number): void {
    const [from, to] = [first - this.#first, until - this.#first];
    if (this.#states.length < to) {
      const states = Buffer.alloc(Math.max(this.capacity, to));
      states.set(this.#states);
      this.#states = states;
    }
    this.done -= this.finished(first, until);
    this.#states.fill(state, from, to);
    if (isFinished(state)) this.done += until - first;
    const { from: lowest, to: highest } = this.#dirty ?? { from, to };
    this.#dirty = { from: Math.min(from, lowest), to: Math.max(to, highest) };
  }

  /** Forgets which batches were being processed: see docs/spool-format.md. */
  clearMarks(): void {
    for (const [i, state] of this.#states.entries()) {
      const id = this.#first + i;
      if (state === State.STARTED || state === State.STARTED_AGAIN) this.set(id, id + 1, State.WAITING);
    }
  }

  /** Writes what was set. The process may be killed at any time afterwards. */
  flush(): void {
    if (this.#dirty === undefined) return;
    const { disk } = this.#patience;
    this.#file ??= ifThere(() => disk.open(this.#path, 'update')) ?? this.#createFile();
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
    return !this.hasStates || ifThere(() => this.#patience.disk.sizeOf(this.#path)) !== undefined;
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
    ifThere(() => this.#patience.disk.remove(this.#path));
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Writes the whole file, so that there is room for each state even if the disk is full later. */
  #createFile(): DiskFile {
    const { disk } = this.#patience;
    const file = disk.open(this.#path, 'create');
    try {
      const states = this.hasStates ? this.#states : Buffer.alloc(this.capacity);
      for (let at = 0; at < states.length; ) at += file.writeSync(states.subarray(at), at);
      return file;
    } catch (error) {
      file.close();
      disk.remove(this.#path);
      throw error;
    }
  }
}
