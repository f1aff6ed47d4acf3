import type { LogBatch } from '../../codec/index.js';

/** A batch that is not on disk yet. */
export interface Fresh {
  readonly batch: LogBatch;
  /** Whether a reader has it already, and whether that has acknowledged it since. */
  state: 'unread' | 'read' | 'done';
}

/** What was let into a buffer on disk, and is not there yet: in order, those that were read before those that were not. */
export class Unstored {
  /** Of what waits to be written. */
  bytes = 0;
  /** How many no reader has. */
  unread = 0;
  #waiting: Fresh[] = [];
  readonly #read = new Map<LogBatch, Fresh>();

  /** How many a reader has, and has not acknowledged. */
  get read(): number {
    return this.#read.size;
  }

  /** @param handOut Gives it to a reader, which may acknowledge it there and then: it is let go of in that case. */
  add(batch: LogBatch, handOut?: (batch: LogBatch) => void): void {
    const fresh: Fresh = { batch, state: 'unread' };
    if (handOut === undefined) {
      this.unread += 1;
    } else {
      fresh.state = 'read';
      this.#read.set(batch, fresh);
      handOut(batch);
      if (!this.#read.has(batch)) return;
    }
    this.bytes += batch.raw.length;
    this.#waiting.push(fresh);
  }

  /** @returns false where it is none that a reader has. */
  acknowledge(batch: LogBatch): boolean {
    const fresh = this.#read.get(batch);
    if (fresh === undefined) return false;
    this.#read.delete(batch);
    fresh.state = 'done';
    return true;
  }

  /** What is to be written now. What was acknowledged by now need not be. */
  take(): Fresh[] {
    const group = this.#waiting.filter(({ state }) => state !== 'done');
    this.#waiting = [];
    this.bytes = 0;
    return group;
  }

  /** It is on disk. */
  stored({ batch, state }: Fresh): void {
    if (state === 'unread') this.unread -= 1;
    else this.#read.delete(batch);
  }

  /** The disk did not take these. @returns those that no reader has; what one has is not lost by that. */
  failed(group: readonly Fresh[]): LogBatch[] {
    const lost = group.filter(({ state }) => state === 'unread').map(({ batch }) => batch);
    this.unread -= lost.length;
    return lost;
  }

  /** What readers had and gave back, and the disk did not take. */
  left(): LogBatch[] {
    return [...this.#read.keys()];
  }
}
