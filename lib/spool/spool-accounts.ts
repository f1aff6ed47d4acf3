import type { LogBatch } from '../../codec/index.js';
import type { Amount } from '../batch.js';
import { grow, HEADER, type Size } from './record.js';

/** What is missing in a spool. */
export interface Missing {
  /** How many batches. */
  batches: number;
  /** The last range of missing ids that was found, and the id after it; both 0 if none was. */
  firstId: number;
  endId: number;
}

/** What went into a buffer, what it found on disk, what it holds, and what it lost. */
export class SpoolAccounts {
  readonly received: Amount = { batches: 0, logs: 0 };
  readonly recovered: Amount = { batches: 0, logs: 0 };
  readonly held: Size = { batches: 0, logs: 0, bytes: 0 };
  readonly missing: Missing = { batches: 0, firstId: 0, endId: 0 };
  #isOpen = false;

  /** It is open, and has this. */
  opened(size: Readonly<Size>): void {
    this.#isOpen = true;
    for (const amount of [this.received, this.recovered, this.held]) add(amount, size);
    this.held.bytes += size.bytes;
  }

  /** @param isAccepted Else it is dropped at once. */
  receive({ count, raw }: LogBatch, isAccepted: boolean): void {
    this.received.batches += 1;
    this.received.logs += count;
    if (!isAccepted) return;
    this.held.batches += 1;
    this.held.logs += count;
    this.held.bytes += HEADER + raw.length;
  }

  /** It is delivered, or dropped. */
  release({ count, raw }: LogBatch): void {
    grow(this.held, { batches: 1, logs: count, bytes: HEADER + raw.length }, -1);
  }

  lose(lost: Readonly<Size>, { first, last }: { first: number; last: number }): void {
    this.missing.batches += lost.batches;
    this.missing.firstId = first;
    this.missing.endId = last + 1;
    if (this.#isOpen) {
      grow(this.held, lost, -1);
    } else {
      // Found while it is being opened, and not among what it has then.
      add(this.received, lost);
      add(this.recovered, lost);
    }
  }
}

function add(amount: Amount, { batches, logs }: Readonly<Amount>): void {
  amount.batches += batches;
  amount.logs += logs;
}
