import type { Logger } from '../logger.js';
import type { Disk } from './disk.js';
import { type Damage, type Entry, HEADER, type Size, State } from './record.js';
import { codeOf, type Patience } from './retry.js';
import type { Segment } from './segment.js';

/** Share of `maxBytes` that what is set aside may use. */
const SHARE = 0.1;

export interface LossOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly logger: Logger;
  /** Stored batches are gone. The range of missing ids includes the last one. */
  onLoss(lost: Readonly<Size>, ids: { first: number; last: number }): void;
  /** A batch was set aside, and need not be finished. */
  onQuarantine(entry: Entry): void;
}

/**
 * Takes batches out of a spool that are not delivered: reports each once, and keeps what there is of it in the folders
 * `damaged/` and `quarantine/`, for people to look at. Nothing deletes it but they.
 */
export class Losses {
  /** How many bytes may be set aside. */
  readonly maxBytes: number;
  /** How many are. */
  bytes = 0;
  readonly #options: LossOptions;
  readonly #patience: Patience;
  readonly #disk: Disk;

  /** @throws the errors of the file system. */
  constructor(options: LossOptions, patience: Patience) {
    this.#options = options;
    this.#patience = patience;
    this.#disk = patience.disk;
    this.maxBytes = options.maxBytes * SHARE;
    this.bytes = 0;
  }

  /** Looks at what is set aside already. @throws the errors of the file system. */
  load(): void {
    this.bytes = 0;
    for (const kind of ['damaged', 'quarantine']) {
      const folder = `${this.#options.folder}/${kind}`;
      for (const name of this.#filesIn(folder)) this.bytes += this.#sizeOf(`${folder}/${name}`);
    }
  }

  /**
   * Ids are missing.
   *
   * @param offset Where in the segment the bytes begin that the damage was found in.
   * @returns what was lost, with headers; undefined if it was reported before.
   */
  async lose(segment: Segment, damage: Damage, offset: number): Promise<Size | undefined> {
    const { logger, folder, onLoss } = this.#options;
    const { first, until = segment.end } = damage;
    const waiting = until - first - segment.acks.finished(first, until);
    if (waiting === 0) return undefined;
    // At the end of a spool nothing tells how many there were: at least one.
    const unknown = { batches: damage.until === undefined ? 1 : waiting, logs: 0, bytes: 0 };
    const lost = share(damage.lost ?? unknown, { of: until - first, waiting });
    let keptIn: string | undefined = segment.logPath;
    if (segment.isPinned) {
      segment.acks.giveUp(first, until);
    } else {
      segment.uncopied.push({ from: offset + damage.from, to: offset + damage.to });
      keptIn = await this.copyDamaged(segment).catch((error) => void this.#patience.onFailure(error));
      segment.acks.set(first, until, State.LOST);
    }
    const ids = { first, last: until - 1 };
    const { batches, logs } = lost;
    logger.error({ folder, ...ids, batches, logs, keptIn }, 'spool damaged: batches are missing');
    onLoss(lost, ids);
    return lost;
  }

  /** @throws the errors of the file system; then the rest is to be copied later. */
  async copyDamaged(segment: Segment): Promise<string | undefined> {
    let path: string | undefined;
    for (let range = segment.uncopied[0]; range !== undefined; range = segment.uncopied[0]) {
      const { from, to } = range;
      if (to > from) {
        const bytes = await segment.read(from, to, this.#patience);
        path = await this.#keep('damaged', `${segment.name}-${from}`, bytes);
      }
      segment.uncopied.shift();
    }
    return path;
  }

  /** A batch is dangerous. @returns false if it cannot be copied now: it waits where it is, and is not delivered. */
  async quarantine(segment: Segment, entry: Entry): Promise<boolean> {
    const { logger, folder, onQuarantine } = this.#options;
    const { id, count: logs, raw } = entry;
    let keptIn: string | undefined;
    try {
      const record = Buffer.from(raw.buffer, raw.byteOffset - HEADER, HEADER + raw.length);
      keptIn = await this.#keep('quarantine', String(id), record);
    } catch (error) {
      this.#patience.onFailure(error);
      return false;
    }
    segment.acks.set(id, id + 1, State.QUARANTINED);
    logger.error({ folder, id, logs, keptIn }, 'spool: a batch was set aside that ended the process twice');
    onQuarantine(entry);
    return true;
  }

  /**
   * Copies bytes into a file. One that is there already, of an attempt before a kill, is replaced.
   *
   * @returns its path, or undefined if it does not fit.
   * @throws the errors of the file system.
   */
  async #keep(kind: 'damaged' | 'quarantine', name: string, bytes: Buffer): Promise<string | undefined> {
    const folder = `${this.#options.folder}/${kind}`;
    const path = `${folder}/${name}`;
    // An attempt that failed may have left something, and people may have removed something.
    this.load();
    const replaced = this.#filesIn(folder).includes(name) ? this.#sizeOf(path) : 0;
    if (this.bytes - replaced + bytes.length > this.maxBytes) return undefined;
    this.#disk.makeFolder(folder);
    const file = this.#disk.open(path, 'create');
    this.bytes += bytes.length - replaced;
    try {
      for (let at = 0; at < bytes.length; ) at += await file.write(bytes.subarray(at), at);
      await file.sync();
      return path;
    } catch (error) {
      this.#disk.remove(path);
      throw error;
    } finally {
      file.close();
    }
  }

  #filesIn(folder: string): string[] {
    try {
      return this.#disk.list(folder);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #sizeOf(path: string): number {
    try {
      return this.#disk.sizeOf(path);
    } catch (error) {
      // People may have put something else there, or have removed it just now.
      if (['ENOENT', 'ELOOP'].includes(codeOf(error))) return 0;
      throw error;
    }
  }
}

/** The part of a damaged range that was not delivered before: an estimate if something was. */
function share({ batches, logs, bytes }: Size, { of, waiting }: { of: number; waiting: number }): Size {
  const part = (n: number) => Math.round((n * waiting) / of);
  return { batches: part(batches), logs: part(logs), bytes: part(bytes) + part(batches) * HEADER };
}
