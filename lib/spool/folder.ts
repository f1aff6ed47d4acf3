import type { Logger } from '../logger.js';
import type { Disk } from './disk.js';
import { codeOf, ifThere, insist, type Patience, writeAll } from './files.js';
import type { Lock } from './lock.js';
import type { Entry, Size } from './record.js';
import { listSegments, type Segment, type SegmentLimits, segmentLimits } from './segment.js';

/** Share of `maxBytes` that what is set aside may use. */
const ASIDE = 0.1;

export interface QueueOptions {
  readonly disk: Disk;
  readonly folder: string;
  /** How many bytes the files may have: their sizes follow from it. */
  readonly maxBytes: number;
  /** How many bytes they may have now, if that changes. Default: `maxBytes`. */
  readonly limit?: (() => number) | undefined;
  /** Called when the folder is locked, before anything is read or stored. What it throws is a failure to open it. */
  readonly onLocked?: (() => Promise<void>) | undefined;
  /** Whether what is written is on the disk as soon as possible; appending waits for that. */
  readonly sync: boolean;
  readonly logger: Logger;
  /** Ends the attempts to read what cannot be read now. Closing does so, too. */
  readonly signal?: AbortSignal | undefined;
  /** Stored batches are gone. The range of missing ids includes the last one. */
  onLoss(lost: Readonly<Size>, ids: { first: number; last: number }): void;
  /** A batch was set aside, and need not be finished. */
  onQuarantine(entry: Entry): void;
  /** There is more space. */
  onSpace(): void;
  /** Something failed, and is tried again. */
  onFailure(error: unknown): void;
  /** What was stored before is more than was counted, or less: the headers contradicted each other. */
  onRecount(difference: Readonly<Size>): void;
}

/** The folder of a spool: its lock, and its files. */
export class SpoolFolder {
  /** The oldest first. */
  readonly segments: Segment[] = [];
  readonly limits: SegmentLimits;
  /** Bytes of all segments, as they were counted last. */
  used = 0;
  /** Bytes that are set aside. */
  aside = 0;
  /** How many bytes may be set aside. */
  readonly maxAside: number;
  /** Whether the disk was too full for the next segment. */
  isShortOfSpace = false;
  readonly options: QueueOptions;
  readonly patience: Patience;
  #lock: Lock;

  constructor(lock: Lock, options: QueueOptions, patience: Patience) {
    this.#lock = lock;
    this.options = options;
    this.patience = patience;
    this.limits = segmentLimits(options.maxBytes);
    this.maxAside = options.maxBytes * ASIDE;
  }

  /** Finds the segments, and reads what little of them has to be known. Nothing needs to be written for that. */
  async load(): Promise<void> {
    const { disk, folder } = this.options;
    const { segments, orphans } = await insist(() => {
      this.#lookAside();
      return listSegments(this.patience, folder);
    }, this.patience);
    for (const orphan of orphans) this.#attempt(() => disk.remove(orphan));
    this.segments.push(...segments);
    await Promise.all(segments.map((segment) => segment.load()));
    if (this.#lock.lastEnd !== 'reboot') return;
    // The machine was started since the marks were made: they mean nothing. If that cannot be noted, it is done again.
    for (const { acks } of segments) acks.clearMarks();
    this.#attempt(() => {
      for (const { acks } of segments) acks.flush();
      this.#lock.confirm();
    });
  }

  /** Counts the bytes of all segments again. @returns whether they changed. */
  count(): boolean {
    const before = this.used;
    this.used = this.segments.reduce((sum, { bytes }) => sum + bytes, 0);
    return this.used !== before;
  }

  /** Makes sure that the folder is there, and locked. */
  async hold(): Promise<void> {
    const { disk, folder } = this.options;
    if (this.#lock.isHeld()) return;
    disk.makeFolder(folder);
    const lock = await disk.lock(folder);
    this.#lock.release();
    this.#lock = lock;
  }

  /**
   * Writes the files of a segment again, with so many bytes, if somebody deleted them.
   *
   * @throws the errors of the file system, and if they are deleted again and again.
   */
  async restore(segment: Segment, size: number): Promise<void> {
    for (let attempts = 0; !segment.isWhole(); attempts++) {
      const error = new Error(`${segment.logPath} or its .acked file was deleted while it was in use`);
      if (attempts === 2) throw error;
      this.patience.onFailure(error);
      await this.hold();
      await segment.restore(size, this.options.sync);
    }
  }

  /**
   * Copies bytes into a file, for people to look at. Nothing deletes it but they. One that is there already, of an
   * attempt before a kill, is replaced.
   *
   * @returns its path, or undefined if it does not fit.
   * @throws the errors of the file system.
   */
  async setAside(kind: 'damaged' | 'quarantine', name: string, bytes: Buffer): Promise<string | undefined> {
    const { disk } = this.options;
    const folder = `${this.options.folder}/${kind}`;
    const path = `${folder}/${name}`;
    // An attempt that failed may have left something, and people may have removed something.
    this.#lookAside();
    const added = bytes.length - this.#sizeOf(path);
    if (this.aside + added > this.maxAside) return undefined;
    disk.makeFolder(folder);
    const file = disk.open(path, 'create');
    this.aside += added;
    try {
      await writeAll(file, bytes, 0);
      await file.sync();
      return path;
    } catch (error) {
      disk.remove(path);
      throw error;
    } finally {
      file.close();
    }
  }

  /** @returns where the copy is. @throws the errors of the file system; then the rest is to be copied later. */
  async copyDamaged(segment: Segment): Promise<string | undefined> {
    let path: string | undefined;
    for (let range = segment.uncopied[0]; range !== undefined; range = segment.uncopied[0]) {
      const { from, to } = range;
      if (to > from)
        path = await this.setAside('damaged', `${segment.name}-${from}`, await segment.read(from, to));
      segment.uncopied.shift();
    }
    return path;
  }

  /** Writes what became of the batches of a segment. What fails stays in memory. */
  async flush({ acks }: Segment): Promise<void> {
    acks.flush();
    if (this.options.sync) await acks.sync();
  }

  /** Frees the space of a segment of which all is finished, and to which nothing is appended any more. */
  async dispose(segment: Segment): Promise<void> {
    const { segments } = this;
    const { disk, folder, sync } = this.options;
    // The name of the last segment says what the next id is, so it is deleted only if nothing else frees space.
    const isNeeded = segment === segments.at(-1) && !(this.isShortOfSpace && segment.size === 0);
    try {
      await this.copyDamaged(segment);
      if (segment === segments[0] && !isNeeded) {
        segment.removeLog();
        // Were the other file lost first, in a power failure, all of the batches would be back.
        if (sync) await disk.syncFolder(folder);
        segment.acks.remove();
        segments.shift();
      } else {
        // Older ones wait, or none follows. It keeps its name, so that no ids seem to be missing.
        await this.flush(segment);
        segment.empty();
      }
    } catch (error) {
      segment.acks.flush();
      throw error;
    }
  }

  close(): void {
    for (const segment of this.segments) segment.close();
  }

  release(): void {
    this.#lock.release();
  }

  #lookAside(): void {
    const folders = ['damaged', 'quarantine'].map((kind) => `${this.options.folder}/${kind}`);
    const paths = folders.flatMap((folder) => {
      const names = ifThere(() => this.options.disk.list(folder)) ?? [];
      return names.map((name) => `${folder}/${name}`);
    });
    this.aside = paths.reduce((sum, path) => sum + this.#sizeOf(path), 0);
  }

  #sizeOf(path: string): number {
    try {
      return this.options.disk.sizeOf(path);
    } catch (error) {
      // People may have put something else there, or have removed it just now.
      if (['ENOENT', 'ELOOP'].includes(codeOf(error))) return 0;
      throw error;
    }
  }

  /** Does what may also be done later. */
  #attempt(operation: () => void): void {
    try {
      operation();
    } catch (error) {
      this.patience.onFailure(error);
    }
  }
}
