import type { Amount, Batch } from '../batch.js';

/**
 * Why a batch did not reach the reporter. A closed list.
 *
 * | reason | what happened |
 * |---|---|
 * | `buffer_full` | the buffer was full: the reporter is too slow, or away |
 * | `forward_failed` | the reporter failed |
 * | `shutdown` | left over when the proxy was closed and the time to drain was up |
 * | `rejected` | the reporter will never take it |
 * | `spool_full` | the spool was full, or could not be written to |
 * | `spool_damaged` | it was stored in the spool, and is damaged, unreadable or gone |
 * | `quarantined` | the process ended twice while processing it: it was set aside in the spool's `quarantine/` |
 */
export const DROP_REASONS = [
  'buffer_full',
  'forward_failed',
  'shutdown',
  'rejected',
  'spool_full',
  'spool_damaged',
  'quarantined',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/**
 * Where everything went that was received. At any moment, in batches and in logs:
 * `received = forwarded + Σ dropped{reason} + buffered + inFlight`.
 * With a spool, what was found in it when it was opened is `recovered`, and part of what was received.
 */
export interface Accounts {
  readonly received: Amount;
  readonly recovered: Amount;
  readonly forwarded: Amount;
  readonly dropped: Readonly<Record<DropReason, Amount>>;
  readonly buffered: Amount;
  readonly inFlight: Amount;
}

/** The part of the accounts that only grows. */
export class Tally {
  readonly forwarded: Amount = { batches: 0, logs: 0 };
  readonly dropped = Object.fromEntries(
    DROP_REASONS.map((reason) => [reason, { batches: 0, logs: 0 }]),
  ) as Record<DropReason, Amount>;

  forward(batch: Batch): void {
    add(this.forwarded, batch);
  }

  drop(batch: Batch, reason: DropReason): void {
    add(this.dropped[reason], batch);
  }

  dropAmount({ batches, logs }: Amount, reason: DropReason): void {
    this.dropped[reason].batches += batches;
    this.dropped[reason].logs += logs;
  }
}

/** A copy, less another amount. */
export function minus(amount: Amount, other: Amount = { batches: 0, logs: 0 }): Amount {
  return { batches: amount.batches - other.batches, logs: amount.logs - other.logs };
}

function add(amount: Amount, batch: Batch): void {
  amount.batches += 1;
  amount.logs += batch.count;
}
