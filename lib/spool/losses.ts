import type { Logger } from '../logger.js';
import { State } from './acks.js';
import type { Aside } from './aside.js';
import { type Damage, type Entry, HEADER, type Size } from './record.js';
import type { Segment } from './segment.js';
import type { SegmentReader } from './segment-reader.js';

export interface LossOptions {
  readonly folder: string;
  readonly logger: Logger;
  /** Stored batches are gone. The range of missing ids includes the last one. */
  onLoss(lost: Readonly<Size>, ids: { first: number; last: number }): void;
  /** A batch was set aside, and need not be finished. */
  onQuarantine(entry: Entry): void;
  /** Something failed, and is tried again. */
  onFailure(error: unknown): void;
}

/** Takes batches out of a spool that are not delivered: reports each once, and keeps what there is of it. */
export class Losses {
  readonly #options: LossOptions;
  readonly #reader: SegmentReader;
  readonly #aside: Aside;

  constructor(options: LossOptions, reader: SegmentReader, aside: Aside) {
    this.#options = options;
    this.#reader = reader;
    this.#aside = aside;
  }

  /**
   * Ids are missing.
   *
   * @param offset Where in the segment the bytes begin that the damage was found in.
   * @returns what was lost, with headers; undefined if it was reported before.
   */
  async lose(segment: Segment, damage: Damage, offset: number): Promise<Size | undefined> {
    const { logger, folder, onLoss, onFailure } = this.#options;
    const { first, until = segment.end } = damage;
    const waiting = until - first - segment.finished(first, until);
    if (waiting === 0) return undefined;
    // At the end of a spool nothing tells how many there were: at least one.
    const unknown = { batches: damage.until === undefined ? 1 : waiting, logs: 0, bytes: 0 };
    const lost = share(damage.lost ?? unknown, { of: until - first, waiting });
    let keptIn: string | undefined = segment.logPath;
    if (segment.isPinned) {
      segment.giveUp(first, until);
    } else {
      segment.uncopied.push({ from: offset + damage.from, to: offset + damage.to });
      keptIn = await this.copyDamaged(segment).catch((error) => void onFailure(error));
      segment.set(first, until, State.LOST);
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
        const bytes = await this.#reader.read(segment, from, to);
        path = await this.#aside.keep('damaged', `${segment.name}-${from}`, bytes);
      }
      segment.uncopied.shift();
    }
    return path;
  }

  /** A batch is dangerous. @returns false if it cannot be copied now: it waits where it is, and is not delivered. */
  async quarantine(segment: Segment, entry: Entry): Promise<boolean> {
    const { logger, folder, onFailure, onQuarantine } = this.#options;
    const { id, count: logs, bytes, start, length } = entry;
    let keptIn: string | undefined;
    try {
      const record = bytes.subarray(start - HEADER, start + length);
      keptIn = await this.#aside.keep('quarantine', String(id), record);
    } catch (error) {
      onFailure(error);
      return false;
    }
    segment.set(id, id + 1, State.QUARANTINED);
    logger.error({ folder, id, logs, keptIn }, 'spool: a batch was set aside that ended the process twice');
    onQuarantine(entry);
    return true;
  }
}

/** The part of a damaged range that was not delivered before: an estimate if something was. */
function share({ batches, logs, bytes }: Size, { of, waiting }: { of: number; waiting: number }): Size {
  const part = (n: number) => Math.round((n * waiting) / of);
  return { batches: part(batches), logs: part(logs), bytes: part(bytes) + part(batches) * HEADER };
}
