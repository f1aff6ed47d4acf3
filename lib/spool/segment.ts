import { Acks, readSmall, removeIfThere } from './acks.js';
import type { Disk, DiskFile } from './disk.js';
import { decodeHeader, HEADER, type Size } from './record.js';
import { codeOf, insist, type Patience } from './retry.js';

/** The only reporter of this version. */
const REPORTER = 'main';
const LOG = /^(\d{16})\.log$/;
const ACKED = /^(\d{16})\.\w+\.acked$/;
/** What a disk reads at once: around a bad block, the rest is read in such pieces. */
const BLOCK = 4096;
/** How often to look whether somebody deleted the files, in ms. */
const LOOK_MS = 1000;

/** One `.log` file, and the `.acked` file next to it. */
export class Segment {
  readonly first: number;
  /** The name of its files without their endings. */
  readonly name: string;
  readonly logPath: string;
  readonly acks: Acks;
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
  /** The key of its records; undefined if its first header is damaged. */
  key: number | undefined;
  /** What is counted in it, and has not been read yet. */
  readonly unread: Size = { batches: 0, logs: 0, bytes: 0 };
  /** Part of it cannot be read now. It stays, and is tried again after the next start. */
  isPinned = false;
  /** Nothing may be appended: it is unknown what is behind the last record. */
  isBroken = false;
  /** Damaged bytes that could not be copied to `damaged/` yet. */
  readonly uncopied: { from: number; to: number }[] = [];
  readonly #disk: Disk;
  #log: DiskFile | undefined;
  #lookedAt = 0;

  constructor(disk: Disk, folder: string, first: number) {
    this.#disk = disk;
    this.first = first;
    this.end = first;
    this.name = nameOf(first);
    this.logPath = `${folder}/${this.name}.log`;
    this.acks = new Acks(disk, `${folder}/${this.name}.${REPORTER}.acked`, first);
  }

  /** Looks at a segment that exists. @throws ENOENT if its `.log` file does not. */
  async load(patience: Patience): Promise<void> {
    const unreadable = () => {
      this.isPinned = true;
      return 0;
    };
    this.size = await insist(() => this.#disk.sizeOf(this.logPath), patience, unreadable);
    await this.acks.load(patience);
    // If only the first header cannot be read, the rest may be readable.
    const start = await insist(
      () => readSmall(this.#disk, this.logPath, HEADER),
      { ...patience, readAttempts: 1 },
      () => undefined,
    );
    const header = start && decodeHeader(start, 0);
    if (header?.id !== this.first) return;
    this.before = header.before;
    this.key = header.key;
  }

  /** Creates the files of an empty one, the `.acked` file first: a `.log` file always has one. */
  create(capacity: number): void {
    this.close();
    this.acks.create(capacity);
    try {
      this.#log = this.#disk.open(this.logPath, 'create');
      this.size = 0;
      this.excess = 0;
      this.isBroken = false;
    } catch (error) {
      // Nothing may be appended to what is there now.
      this.isBroken = true;
      this.acks.remove();
      throw error;
    }
  }

  /** What its files use, or will: a missing or short `.acked` file is written again. */
  get bytes(): number {
    return this.size + this.excess + Math.max(this.acks.capacity, this.end - this.first);
  }

  /**
   * Writes bytes behind the last record.
   *
   * @throws the errors of the file system; then the bytes are removed again, as far as possible.
   */
  async write(bytes: Buffer, sync: boolean): Promise<void> {
    const log = this.#log as DiskFile;
    try {
      await writeAll(log, bytes, this.size);
      if (sync) await log.sync();
    } catch (error) {
      // What fdatasync could not write may be lost although later calls succeed.
      this.isBroken = sync;
      try {
        log.truncate(this.size);
      } catch {
        this.isBroken = true;
        this.excess = bytes.length;
      }
      throw error;
    }
  }

  /**
   * The bytes from `from` to `to`, fewer if the file is shorter or gone. Bytes that the disk does not give back are 0,
   * and the segment is pinned.
   */
  async read(from: number, to: number, patience: Patience): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(to - from);
    const around = async () => {
      for (let at = 0, length = 0; at < bytes.length; at += length) {
        // Up to the end of a block of the disk: a piece that begins in one and ends in the next can lose two.
        length = BLOCK - ((from + at) % BLOCK);
        const block = bytes.subarray(at, at + length);
        const skip = () => {
          block.fill(0);
          this.isPinned = true;
          return block.length;
        };
        const n = await insist(() => this.#fill(block, from + at), { ...patience, readAttempts: 1 }, skip);
        if (n < block.length) return at + n;
      }
      return bytes.length;
    };
    // The rest of a segment must not take a minute for each piece.
    const rest = this.isPinned ? { ...patience, readAttempts: 1 } : patience;
    return bytes.subarray(0, await insist(() => this.#fill(bytes, from), rest, around));
  }

  /** Frees the space of the records. The file stays, and with it the name. */
  empty(): void {
    if (this.size + this.excess === 0) return;
    this.leave();
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
    this.leave();
    removeIfThere(this.#disk, this.logPath);
    // Were this file lost first, in a power failure, all of the batches would be back.
    await betweenFiles();
    this.acks.remove();
  }

  /** Whether nobody deleted its files, as far as they are in use. Asked with a time, it looks once a second. */
  isWhole(now?: number): boolean {
    if (now !== undefined && now - this.#lookedAt < LOOK_MS) return true;
    this.#lookedAt = now ?? this.#lookedAt;
    return this.#log?.isLinked() !== false && this.acks.isThere();
  }

  /** Writes its files again if somebody deleted them: so many bytes of the open `.log` file, and states from memory. */
  async restore(size: number, sync: boolean): Promise<void> {
    const deleted = this.#log;
    if (deleted?.isLinked() === false) {
      const bytes = Buffer.allocUnsafeSlow(size);
      await this.#fill(bytes, 0);
      const log = this.#disk.open(this.logPath, 'create');
      try {
        await writeAll(log, bytes, 0);
        if (sync) await log.sync();
      } catch (error) {
        log.close();
        this.#disk.remove(this.logPath);
        throw error;
      }
      deleted.close();
      this.#log = log;
    }
    this.acks.restore();
  }

  /** Closes the `.log` file, until it is read again. */
  leave(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  close(): void {
    this.leave();
    this.acks.close();
  }

  /** @returns how many bytes there are. */
  async #fill(bytes: Buffer, from: number): Promise<number> {
    try {
      for (let at = 0; ; ) {
        // It may be closed while a read is under way.
        this.#log ??= this.#disk.open(this.logPath, 'read');
        const n = at < bytes.length ? await this.#log.read(bytes.subarray(at), from + at) : 0;
        if (n === 0) return at;
        at += n;
      }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw error;
    }
  }
}

/** The segments in a folder, the oldest first, and the `.acked` files that belong to none. */
export function listSegments(disk: Disk, folder: string): { segments: Segment[]; orphans: string[] } {
  const names = disk.list(folder).sort();
  const segments = names.flatMap((name) => {
    const [, first] = LOG.exec(name) ?? [];
    return first === undefined ? [] : [new Segment(disk, folder, Number(first))];
  });
  const known = new Set(segments.map(({ name }) => name));
  const orphans = names.filter((name) => {
    const [, first] = ACKED.exec(name) ?? [];
    return first !== undefined && !known.has(first);
  });
  return { segments, orphans: orphans.map((name) => `${folder}/${name}`) };
}

async function writeAll(file: DiskFile, bytes: Buffer, from: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), from + at);
}

function nameOf(id: number): string {
  return String(id).padStart(16, '0');
}
