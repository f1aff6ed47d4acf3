import { randomInt } from 'node:crypto';
import type { Disk, DiskFile } from './disk.js';
import { encodeRecord, HEADER, type Size, type SpoolBatch } from './record.js';
import { Segment } from './segment.js';

/** Bytes that are written at once. */
const MAX_WRITE = 1 << 20;

export interface SegmentLimits {
  readonly bytes: number;
  readonly batches: number;
}

/** How large a segment becomes, and how many batches it has room for, if the spool may have so many bytes. */
export function segmentLimits(maxBytes: number): SegmentLimits {
  const bytes = Math.floor(Math.min(Math.max(maxBytes / 16, 4 << 10), 8 << 20));
  return { bytes, batches: Math.min(16_384, Math.floor(bytes / HEADER)) };
}

export interface AppenderOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** Whether appending waits until the disk has it. */
  readonly sync: boolean;
  /** Something failed that can be done without for now. */
  onFailure(error: unknown): void;
  /** Makes sure that the folder is there, and locked. */
  ensureFolder(): Promise<void>;
}

/** Batches that were stored together. */
export interface Appended {
  readonly segment: Segment;
  readonly first: number;
  readonly n: number;
  /** How much they add to the spool, with headers. */
  readonly size: Size;
}

/** The end of a spool: writes records to the last segment, and begins the next one when it is full. */
export class Appender {
  /** The id of the next batch. */
  next = 0;
  /** The total of everything that has been appended, without headers. */
  totals: Readonly<Size> = { batches: 0, logs: 0, bytes: 0 };
  isBusy = false;
  readonly #options: AppenderOptions;
  readonly #limits: SegmentLimits;
  readonly #segments: Segment[];
  /** The open file of the last segment. */
  #log: DiskFile | undefined;
  /** There may be something behind the last record that is not a record. */
  #isBroken = false;
  #isNamed = false;
  #buffer = Buffer.alloc(0);
  #replacing: Promise<void> | undefined;

  /** @param segments Those of the spool. New ones are added. */
  constructor(segments: Segment[], limits: SegmentLimits, options: AppenderOptions) {
    this.#segments = segments;
    this.#limits = limits;
    this.#options = options;
  }

  /** Continues where another process stopped. */
  resume(next: number, totals: Readonly<Size>, isBroken: boolean): void {
    this.next = next;
    this.totals = totals;
    this.#isBroken = isBroken;
  }

  /** Opens the last segment if it can: without a descriptor later, batches can be appended all the same. */
  prepare(): void {
    this.#log ??= this.#reopen();
  }

  /** The segment that is appended to, if there is one. */
  get segment(): Segment | undefined {
    return this.#segments.at(-1);
  }

  /**
   * Stores as many of the batches as fit into one segment and one write, at least one.
   *
   * @param onStored Called when they are stored, before anything else can run.
   * @throws the errors of the file system; then none of them is stored.
   */
  async append(batches: readonly SpoolBatch[], onStored: (appended: Appended) => void): Promise<void> {
    // Nothing may come between the last look and `isBusy`: another replacement would close the file that is written.
    while (this.#replacing !== undefined) await this.#replacing;
    this.isBusy = true;
    try {
      // If somebody deletes the file while it is written, the second attempt begins a new one.
      const written = (await this.#attempt(batches)) ?? (await this.#attempt(batches));
      if (written === undefined) throw new Error(`${this.segment?.logPath} was deleted while it was written`);
      const { segment, n, length, totals } = written;
      const first = this.next;
      const size = { batches: n, logs: totals.logs - this.totals.logs, bytes: length };
      segment.size += length;
      segment.end += n;
      segment.left += n;
      this.next += n;
      this.totals = totals;
      onStored({ segment, first, n, size });
    } finally {
      this.isBusy = false;
    }
  }

  /** @returns undefined if the file was deleted meanwhile. */
  async #attempt(
    batches: readonly SpoolBatch[],
  ): Promise<{ segment: Segment; n: number; length: number; totals: Size } | undefined> {
    const { segment, log } = await this.#roomFor(HEADER + (batches[0] as SpoolBatch).raw.length);
    const encoded = this.#encode(segment, batches);
    const isThere = await this.#write(segment, log, this.#buffer.subarray(0, encoded.length));
    return isThere ? { segment, ...encoded } : undefined;
  }

  /** Begins an empty segment. The one before it can be deleted then, and the ids continue all the same. */
  replace(): Promise<void> {
    this.isBusy = true;
    const replaced = this.#roll().finally(() => {
      this.isBusy = false;
      this.#replacing = undefined;
    });
    this.#replacing = replaced.catch(() => undefined);
    return replaced;
  }

  async #roll(): Promise<void> {
    const { disk, folder, ensureFolder } = this.#options;
    await ensureFolder();
    const last = this.segment;
    const segment = new Segment(disk, folder, this.next);
    segment.key = randomInt(2 ** 24);
    segment.before = this.totals;
    // An empty segment has the name of the new one, which replaces its files.
    const isReplaced = last?.first === this.next;
    if (isReplaced) last.close();
    const log = segment.create(this.#limits.batches);
    this.#log?.close();
    this.#log = log;
    if (isReplaced) this.#segments.pop();
    else if (last !== undefined) last.after = this.totals;
    this.#segments.push(segment);
    this.#isBroken = false;
    this.#isNamed = false;
  }

  close(): void {
    this.#log?.close();
    this.#log = undefined;
  }

  async #roomFor(length: number): Promise<{ segment: Segment; log: DiskFile }> {
    this.#log ??= this.#reopen();
    const { segment } = this;
    const isUsable = this.#log !== undefined && !this.#isBroken && this.#isLinked() && hasRoom(segment);
    const isFull = segment !== undefined && segment.size > 0 && segment.size + length > this.#limits.bytes;
    if (!isUsable || isFull) {
      try {
        await this.#roll();
      } catch (error) {
        // Without a descriptor for the next segment, this one can become larger.
        if (!isUsable || this.#isBroken) throw error;
        this.#options.onFailure(error);
      }
    }
    return { segment: this.segment as Segment, log: this.#log as DiskFile };
  }

  /** Opens the last segment of a process before this one, and removes what that one did not write to the end. */
  #reopen(): DiskFile | undefined {
    const { segment } = this;
    if (segment === undefined || this.#isBroken) return undefined;
    let log: DiskFile | undefined;
    try {
      log = this.#options.disk.open(segment.logPath, 'update');
      log.truncate(segment.size);
      segment.excess = 0;
      return log;
    } catch (error) {
      log?.close();
      this.#isBroken = log !== undefined;
      this.#options.onFailure(error);
      return undefined;
    }
  }

  #isLinked(): boolean {
    return this.#log?.isLinked() === true;
  }

  #encode(segment: Segment, batches: readonly SpoolBatch[]): { n: number; length: number; totals: Size } {
    const room = Math.min(this.#limits.bytes - segment.size, MAX_WRITE);
    const limit = segment.capacity - (segment.end - segment.first);
    let length = 0;
    let n = 0;
    for (const { raw } of batches) {
      const next = length + HEADER + raw.length;
      if (n > 0 && (n === limit || next > room)) break;
      length = next;
      n += 1;
    }
    if (this.#buffer.length < length) this.#buffer = Buffer.allocUnsafeSlow(Math.max(length, 64 << 10));
    const totals = { ...this.totals };
    const { key = 0 } = segment;
    const time = this.#options.disk.now();
    let at = 0;
    for (const batch of batches.slice(0, n)) {
      at = encodeRecord(this.#buffer, at, batch, {
        id: this.next + totals.batches - this.totals.batches,
        time,
        before: totals,
        key,
      });
      totals.batches += 1;
      totals.logs += batch.count;
      totals.bytes += batch.raw.length;
    }
    return { n, length, totals };
  }

  /** Waits until the disk has the file, and its name, which a process before this one may not have synced either. */
  async #sync(log: DiskFile): Promise<void> {
    const { disk, folder } = this.#options;
    await log.sync();
    if (!this.#isNamed) await disk.syncFolder(folder);
    this.#isNamed = true;
  }

  /** @returns whether the file is still there then. */
  async #write(segment: Segment, log: DiskFile, bytes: Buffer): Promise<boolean> {
    try {
      for (let at = 0; at < bytes.length; ) at += await log.write(bytes.subarray(at), segment.size + at);
      if (this.#options.sync) await this.#sync(log);
      return log.isLinked();
    } catch (error) {
      if (!log.isLinked()) return false;
      try {
        log.truncate(segment.size);
        // What fdatasync could not write may be lost although later calls succeed.
        this.#isBroken = this.#options.sync;
      } catch {
        this.#isBroken = true;
        segment.excess = bytes.length;
      }
      throw error;
    }
  }
}

function hasRoom(segment: Segment | undefined): boolean {
  return segment !== undefined && segment.end - segment.first < segment.capacity;
}
