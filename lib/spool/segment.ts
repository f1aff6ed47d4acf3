import { decodeStates, isFinished, State } from './acks.js';
import type { Disk, DiskFile } from './disk.js';
import { decodeHeader, HEADER, type Header, type Size } from './record.js';

/** The only reporter of this version. */
const REPORTER = 'main';
const LOG = /^(\d{16})\.log$/;
const ACKED = /^(\d{16})\.\w+\.acked$/;

/** One `.log` file, and the `.acked` file next to it. */
export class Segment {
  readonly first: number;
  /** The path of its files without their endings. */
  readonly name: string;
  readonly logPath: string;
  readonly ackPath: string;
  /** The id after its last batch. */
  end: number;
  /** The length of the `.log` file, as far as its records are known to be written. */
  size = 0;
  /** Behind that: bytes of a write that failed, which could not be removed. */
  excess = 0;
  /** What was appended to the spool before its first batch; undefined if its first header is damaged. */
  before: Readonly<Size> | undefined;
  /** What was appended up to its end; undefined if it is the last one. */
  after: Readonly<Size> | undefined;
  key: number | undefined;
  /** Whether its first header is intact. */
  hasHeader = false;
  /** How many of its batches are not finished. */
  left = 0;
  /** How many batches the `.acked` file has room for. */
  capacity = 0;
  /** Part of it cannot be read now. It stays, and is tried again after the next start. */
  isPinned = false;
  isDeleted = false;
  /** Damaged bytes that could not be copied to `damaged/` yet. */
  readonly uncopied: { from: number; to: number }[] = [];
  readonly #disk: Disk;
  /** The states of its batches; undefined if all of them wait. */
  #states: Buffer | undefined;
  #acked: DiskFile | undefined;
  readonly #unreadable: { first: number; until: number }[] = [];
  /** The states that are not in the file yet. */
  #dirty: { from: number; to: number } | undefined;

  constructor(disk: Disk, folder: string, first: number) {
    this.#disk = disk;
    this.first = first;
    this.end = first;
    this.name = nameOf(first);
    this.logPath = `${folder}/${this.name}.log`;
    this.ackPath = `${folder}/${this.name}.${REPORTER}.acked`;
  }

  /** Looks at a segment that exists. */
  load(): void {
    this.size = this.#disk.sizeOf(this.logPath);
    // Until the number is known, the segment must not look finished.
    this.left = Number.POSITIVE_INFINITY;
    const acked = readSmall(this.#disk, this.ackPath, Number.POSITIVE_INFINITY);
    this.capacity = acked?.length ?? 0;
    if (acked?.some((byte) => byte !== State.WAITING)) this.#states = decodeStates(acked);
    let header: Header | undefined;
    try {
      header = decodeHeader(readSmall(this.#disk, this.logPath, HEADER) ?? Buffer.alloc(0), 0);
    } catch (error) {
      // The rest may be readable.
      if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
    }
    if (header?.id !== this.first) return;
    this.hasHeader = true;
    this.before = header.before;
    this.key = header.key;
  }

  /** Creates the files of a new one, the `.acked` file first: a `.log` file always has one. */
  create(capacity: number): DiskFile {
    this.capacity = capacity;
    const acked = this.#createAcked();
    try {
      const log = this.#disk.open(this.logPath, 'create');
      this.#acked = acked;
      return log;
    } catch (error) {
      acked.close();
      this.#disk.remove(this.ackPath);
      throw error;
    }
  }

  /** What its files use, or will: a missing or short `.acked` file is written again. */
  get bytes(): number {
    return this.size + this.excess + Math.max(this.capacity, this.end - this.first);
  }

  /** Whether a batch has another state than `WAITING`. */
  get hasStates(): boolean {
    return this.#states !== undefined;
  }

  stateOf(id: number): number {
    if (this.#unreadable.some(({ first, until }) => id >= first && id < until)) return State.LOST;
    return this.#states?.[id - this.first] ?? State.WAITING;
  }

  /** How many of the ids from `first` to below `until` are finished. */
  finished(first: number, until: number): number {
    const known = Math.max(this.first + (this.#states?.length ?? 0), this.#unreadable.at(-1)?.until ?? 0);
    let n = 0;
    for (let id = first; id < Math.min(until, known); id++) if (isFinished(this.stateOf(id))) n += 1;
    return n;
  }

  /** Whether there are states of ids that do not exist: of batches whose records a power failure took. */
  hasStatesFrom(id: number): boolean {
    return this.#states?.subarray(id - this.first).some((state) => state !== State.WAITING) === true;
  }

  /** Counts batches as finished that cannot be read now, without writing it down. */
  giveUp(first: number, until: number): void {
    this.left -= until - first - this.finished(first, until);
    this.#unreadable.push({ first, until });
  }

  /** Sets states in memory. {@link flush} writes them. */
  set(first: number, until: number, state: number): void {
    const [from, to] = [first - this.first, until - this.first];
    if (this.#states === undefined || this.#states.length < to) {
      const states = Buffer.alloc(Math.max(this.capacity, this.end - this.first, to));
      states.set(this.#states ?? []);
      this.#states = states;
    }
    this.left -= until - first - this.finished(first, until);
    this.#states.fill(state, from, to);
    this.left += isFinished(state) ? 0 : until - first;
    const { from: lowest, to: highest } = this.#dirty ?? { from, to };
    this.#dirty = { from: Math.min(from, lowest), to: Math.max(to, highest) };
  }

  /** Writes what was set. The process may be killed at any time afterwards. */
  flush(): void {
    if (this.#dirty === undefined || this.#states === undefined) return;
    const { from, to } = this.#dirty;
    this.#acked ??= this.#openAcked();
    for (let at = from; at < to; ) at += this.#acked.writeSync(this.#states.subarray(at, to), at);
    this.#dirty = undefined;
  }

  async sync(): Promise<void> {
    await this.#acked?.sync();
  }

  /** Frees the space of the records. The file stays, and with it the name. */
  empty(): void {
    if (this.size + this.excess === 0) return;
    const log = this.#disk.open(this.logPath, 'update');
    try {
      log.truncate(0);
      this.size = 0;
      this.excess = 0;
    } finally {
      log.close();
    }
  }

  /** @param betweenFiles Waits until the first one is gone for good. */
  async remove(betweenFiles: () => Promise<void>): Promise<void> {
    this.close();
    removeIfThere(this.#disk, this.logPath);
    // Were this file lost first, in a power failure, all of the batches would be back.
    await betweenFiles();
    removeIfThere(this.#disk, this.ackPath);
  }

  close(): void {
    this.#acked?.close();
    this.#acked = undefined;
  }

  #openAcked(): DiskFile {
    if (this.capacity < this.end - this.first) {
      this.capacity = this.#states?.length ?? 0;
      return this.#createAcked();
    }
    return this.#disk.open(this.ackPath, 'update');
  }

  /** Writes the whole file, so that there is room for each state even if the disk is full later. */
  #createAcked(): DiskFile {
    const file = this.#disk.open(this.ackPath, 'create');
    try {
      const states = this.#states ?? Buffer.alloc(this.capacity);
      for (let at = 0; at < states.length; ) at += file.writeSync(states.subarray(at), at);
    } catch (error) {
      file.close();
      this.#disk.remove(this.ackPath);
      throw error;
    }
    return file;
  }
}

/** The segments in a folder, the oldest first, and the `.acked` files that belong to none. */
export function listSegments(disk: Disk, folder: string): { segments: Segment[]; orphans: string[] } {
  const names = disk.list(folder).sort();
  const segments = names.flatMap((name) => {
    const [, first] = LOG.exec(name) ?? [];
    return first === undefined ? [] : [new Segment(disk, folder, Number(first))];
  });
  const ids = new Set(segments.map(({ first }) => nameOf(first)));
  const orphans = names.filter((name) => {
    const [, first] = ACKED.exec(name) ?? [];
    return first !== undefined && !ids.has(first);
  });
  return { segments, orphans: orphans.map((name) => `${folder}/${name}`) };
}

function nameOf(id: number): string {
  return String(id).padStart(16, '0');
}

/** The first bytes of a file; undefined if the file does not exist. */
function readSmall(disk: Disk, path: string, length: number): Buffer | undefined {
  let file: DiskFile;
  let size: number;
  try {
    size = Math.min(disk.sizeOf(path), length);
    file = disk.open(path, 'read');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
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

function removeIfThere(disk: Disk, path: string): void {
  try {
    disk.remove(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
