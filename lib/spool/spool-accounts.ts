import type { LogBatch } from '../../codec/index.js';
import type { Amount } from '../batch.js';
import { grow, type Size, sizeOf } from './record.js';

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

  /** This was there when the spool was opened. A negative amount corrects that. */
  recover(size: Readonly<Size>): void {
    for (const amount of [this.received, this.recovered]) add(amount, size);
    grow(this.held, size, 1);
  }

  accept(batch: LogBatch): void {
    add(this.received, { batches: 1, logs: batch.count });
    grow(this.held, sizeOf(batch), 1);
  }

  /** It is delivered, or dropped. */
  release(batch: LogBatch): void {
    grow(this.held, sizeOf(batch), -1);
  }

  lose(lost: Readonly<Size>, { first, last }: { first: number; last: number }): void {
    this.missing.batches += lost.batches;
    this.missing.firstId = first;
    this.missing.endId = last + 1;
    grow(this.held, lost, -1);
  }
}

function add(amount: Amount, { batches, logs }: Readonly<Amount>): void {
  amount.batches += batches;
  amount.logs += logs;
}
