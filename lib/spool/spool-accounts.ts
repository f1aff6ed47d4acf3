import type { Amount } from '../batch.js';

/** What is missing in a spool. */
export interface Missing {
  /** How many batches. */
  batches: number;
  /** The last range of missing ids that was found, and the id after it; both 0 if none was. */
  firstId: number;
  endId: number;
}

/** What went into a buffer, what it found on disk, and what it lost there. */
export class SpoolAccounts {
  readonly received: Amount = { batches: 0, logs: 0 };
  readonly recovered: Amount = { batches: 0, logs: 0 };
  readonly missing: Missing = { batches: 0, firstId: 0, endId: 0 };

  /** This was there when the spool was opened. A negative amount corrects that. */
  recover({ batches, logs }: Readonly<Amount>): void {
    for (const amount of [this.received, this.recovered]) {
      amount.batches += batches;
      amount.logs += logs;
    }
  }

  lose({ batches }: Readonly<Amount>, { first, last }: { first: number; last: number }): void {
    this.missing.batches += batches;
    this.missing.firstId = first;
    this.missing.endId = last + 1;
  }
}
