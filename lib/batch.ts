import { BoundaryLogError } from './errors.js';
import { shown } from './options.js';

/** The unit that is buffered and forwarded: a `LogBatch`, or the message of a custom protocol in its place. */
export interface Batch {
  /** Number of logs in the batch. */
  readonly count: number;
  /** The encoded batch. Its length counts towards `maxBytes`. */
  readonly raw: Uint8Array;
  /** Copies `raw`, if it is a view of a larger chunk, so that the chunk can be freed. */
  detach?(): void;
}

export function isBatch(value: unknown): value is Batch {
  const batch = value as Partial<Batch> | null | undefined;
  return batch?.raw instanceof Uint8Array && (batch.count as number) >>> 0 === batch.count;
}

/** Fails the write of what is not a batch. @returns whether it did. */
export function refuseOther(value: unknown, callback: (error: Error) => void): boolean {
  if (isBatch(value)) return false;
  const message = `a batch: got ${shown(value)}, expected an object with count, a whole number, and raw, a Uint8Array`;
  callback(new BoundaryLogError('ERR_INVALID_EVENT', message));
  return true;
}

/** What a report may resolve to, if the destination has accepted the batch but not all of its logs. */
export interface ReportResult {
  /**
   * How many logs of the batch the destination will never accept. The batch counts as forwarded, and so many of its logs
   * as dropped, with the reason `rejected`. Nothing is retried. A destination that accepted nothing is an error with
   * `permanent: true` instead.
   */
  readonly rejectedLogs: number;
  /** Why, for the warning of the proxy. */
  readonly error?: unknown;
}

/** A number of batches, and the number of logs in them. */
export interface Amount {
  /** How many batches. */
  batches: number;
  /** How many logs are in these batches. */
  logs: number;
}

/** Adds a batch to an amount. */
export function count(amount: Amount, batch: Batch): void {
  amount.batches += 1;
  amount.logs += batch.count;
}

/** Adds a batch to an amount that includes bytes, or removes it. */
export function hold(held: Amount & { bytes: number }, batch: Batch, sign: 1 | -1): void {
  held.batches += sign;
  held.logs += sign * batch.count;
  held.bytes += sign * batch.raw.length;
}
