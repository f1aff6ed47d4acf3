import { Acks } from './acks.js';
import type { DiskFile } from './disk.js';
import { codeOf, ifThere, insist, type Patience, readFile, writeAll } from './files.js';
import { decodeHeader, HEADER, NOTHING, type Parsed, parse, type Size } from './record.js';

/** The only reporter of this version. */
const REPORTER = 'main';
const LOG = /^(\d{16})\.log$/;
const ACKED = /^(\d{16})\.\w+\.acked$/;
/** What a disk reads at once: around a bad block, the rest is read in such pieces. */
const BLOCK = 4096;
/** How often to look whether somebody deleted the files, in ms. */
const LOOK_MS = 1000;

export interface SegmentLimits {
  readonly bytes: number;
  readonly batches: number;
}

/** How large a segment becomes, and how many batches it has room for, if the spool may have so many bytes. */
export function segmentLimits(maxBytes: number): SegmentLimits {
  const bytes = Math.floor(Math.min(Math.max(maxBytes / 16, 4 << 10), 8 << 20));
  return { bytes, batches: Math.min(16_384, Math.floor(bytes / HEADER)) };
}

/** One `.log` file, and the `.acked` file next to it. */
export class Segment {
  readonly first: number;
  /** The name of its files without their endings. */
  readonly name: string;
  readonly logPath: string;
  readonly acks: Acks;
  /** The id after its last batch; Infinity if only its records tell, and they were not read yet. */
  end: number;
  /** The length of the `.log` file. Behind its records may be bytes of a write that failed. */
  size = 0;
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
  /** Whether the names of its files are on the disk for certain. */
  isNamed = false;
  /** Damaged bytes that could not be copied to `damaged/` yet. */
  readonly uncopied: { from: number; to: number }[] = [];
  readonly #patience: Patience;
  #log: DiskFile | undefined;
  #lookedAt = 0;

  /** @param end The id after its last batch, if that is known. */
  constructor(patience: Patience, folder: string, first: number, end = first) {
    this.#patience = patience;
    this.first = first;
    this.end = end;
    this.name = String(first).padStart(16, '0');
    this.logPath = `${folder}/${this.name}.log`;
    this.acks = new Acks(patience, `${folder}/${this.name}.${REPORTER}.acked`, first);
  }

  /** Looks at a segment that exists. @throws ENOENT if its `.log` file does not. */
  async load(): Promise<void> {
    const { disk } = this.#patience;
    const unreadable = () => {
      this.isPinned = true;
      return 0;
    };
    this.size = await insist(() => disk.sizeOf(this.logPath), this.#patience, unreadable);
    await this.acks.load(this.end);
    // If only the first header cannot be read, the rest may be readable.
    const start = await insist(
      () => ifThere(() => readFile(disk, this.logPath, HEADER)),
      { ...this.#patience, readAttempts: 1 },
      () => undefined,
    );
    const header = start && decodeHeader(start, 0);
    if (header?.id !== this.first) return;
    this.before = header.before;
    this.key = header.key;
  }

  /** Creates the files of an empty one, the `.acked` file first: a `.log` file always has one. */
  create(capacity: number): void {
    this.acks.create(capacity);
    try {
      this.#log = this.#patience.disk.open(this.logPath, 'create');
    } catch (error) {
      this.acks.remove();
      throw error;
    }
  }

  /** How many of its batches are not finished, for any reporter. */
  get left(): number {
    return this.end - this.first - this.acks.done;
  }

  /** What its files use, or will: a missing or short `.acked` file is written again. */
  get bytes(): number {
    return this.size + Math.max(this.acks.capacity, this.end - this.first);
  }

  /**
   * Writes bytes behind the last record.
   *
   * @param verify Makes sure that they are in a file that still has its name.
   * @throws any error of these; then the bytes are removed again, as far as possible.
   */
  async write(bytes: Buffer, sync: boolean, verify: () => Promise<void>): Promise<void> {
    const log = this.#log as DiskFile;
    try {
      await writeAll(log, bytes, this.size);
      if (sync) await log.sync();
      await verify();
    } catch (error) {
      // What fdatasync could not write may be lost although later calls succeed.
      this.isBroken = sync;
      try {
        this.#log?.truncate(this.size);
      } catch {
        this.isBroken = true;
        this.size += bytes.length;
      }
      throw error;
    }
  }

  /**
   * The bytes from `from` to `to`, fewer if the file is shorter or gone. Bytes that the disk does not give back are 0,
   * and the segment is pinned.
   */
  async read(from: number, to: number): Promise<Buffer> {
    const once = { ...this.#patience, readAttempts: 1 };
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
        const n = await insist(() => this.#fill(block, from + at), once, skip);
        if (n < block.length) return at + n;
      }
      return bytes.length;
    };
    // The rest of a segment must not take a minute for each piece.
    const patience = this.isPinned ? once : this.#patience;
    return bytes.subarray(0, await insist(() => this.#fill(bytes, from), patience, around));
  }

  async scan(): Promise<Parsed & { length: number }> {
    const bytes = await this.read(0, this.size);
    this.before ??= guess(bytes, this);
    const { first: id, end, before, after, key } = this;
    const parsed = parse(bytes, { id, before, end, after, key }, true);
    this.key = parsed.key;
    return { ...parsed, length: bytes.length };
  }

  /** Frees the space of the records. The file stays, and with it the name. */
  empty(): void {
    if (this.size === 0) return;
    this.leave();
    const log = this.#patience.disk.open(this.logPath, 'update');
    try {
      log.truncate(0);
      this.size = 0;
    } finally {
      log.close();
    }
  }

  removeLog(): void {
    this.leave();
    ifThere(() => this.#patience.disk.remove(this.logPath));
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
      const bytes = Buffer.alloc(size);
      await this.#fill(bytes, 0);
      const log = this.#patience.disk.open(this.logPath, 'create');
      try {
        await writeAll(log, bytes, 0);
        if (sync) await log.sync();
      } catch (error) {
        log.close();
        this.#patience.disk.remove(this.logPath);
        throw error;
      }
      deleted.close();
      this.#log = log;
    }
    this.isNamed = false;
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
        this.#log ??= this.#patience.disk.open(this.logPath, 'read');
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
export function listSegments(patience: Patience, folder: string): { segments: Segment[]; orphans: string[] } {
  const names = patience.disk.list(folder).sort();
  const firsts = names.flatMap((name) => LOG.exec(name)?.[1] ?? []);
  const segments = firsts.map(
    (first, i) => new Segment(patience, folder, Number(first), Number(firsts[i + 1] ?? Infinity)),
  );
  const known = new Set(firsts);
  const orphans = names.filter((name) => {
    const [, first] = ACKED.exec(name) ?? [];
    return first !== undefined && !known.has(first);
  });
  return { segments, orphans: orphans.map((name) => `${folder}/${name}`) };
}

/** What was appended before a segment of which nothing else tells: as if what is missing had no logs. */
function guess(bytes: Buffer, { first, end }: Segment): Readonly<Size> {
  const [entry] = parse(bytes, { id: first, before: NOTHING, end }, true).entries;
  if (entry === undefined || first === 0) return NOTHING;
  const before = decodeHeader(bytes, entry.raw.byteOffset - bytes.byteOffset - HEADER)?.before ?? NOTHING;
  return { ...before, batches: Math.max(0, before.batches - (entry.id - first)) };
}
