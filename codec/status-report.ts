import { checkArgument } from './argument.js';

/**
 * How many logs the sender itself dropped since its last status. A sender may send a negative number: ignore
 * it. `JSON.stringify()` writes the numbers as strings.
 */
export interface StatusReport {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'status';
  /** Logs that the sender dropped because its queue was full. int64. */
  readonly droppedChannelFull: bigint;
  /** Logs that the sender dropped because it could not flush a batch. int64. */
  readonly droppedBatchFull: bigint;
}

function checkCount(name: string, count: unknown): void {
  const isInt64 = typeof count === 'bigint' && BigInt.asIntN(64, count) === count;
  if (isInt64) return;
  // Senders decide how often this is called, so the message is made only if it is needed.
  checkArgument(`StatusReport: ${name}`, count, false, 'a bigint from -2^63 to 2^63 - 1');
}

/** The class of decoded reports. A report of your own is equal to a decoded one in every comparison if it is of this class. */
export const StatusReport: new (droppedChannelFull: bigint, droppedBatchFull: bigint) => StatusReport =
  class StatusReport {
    readonly kind = 'status';
    readonly droppedChannelFull: bigint;
    readonly droppedBatchFull: bigint;

    constructor(droppedChannelFull: bigint, droppedBatchFull: bigint) {
      checkCount('droppedChannelFull', droppedChannelFull);
      checkCount('droppedBatchFull', droppedBatchFull);
      this.droppedChannelFull = droppedChannelFull;
      this.droppedBatchFull = droppedBatchFull;
    }

    /** JSON has no bigint, and numbers of JSON are exact only up to 2^53. */
    toJSON(): object {
      return describeStatus(this);
    }
  };

/** Describes a report as an object for JSON. `counted` is what a receiver adds to its counters. */
export function describeStatus({ droppedChannelFull, droppedBatchFull }: StatusReport): object {
  return {
    kind: 'status',
    dropped_channel_full: String(droppedChannelFull),
    dropped_batch_full: String(droppedBatchFull),
    counted: {
      ...(droppedChannelFull > 0n && { boundary_channel_full: String(droppedChannelFull) }),
      ...(droppedBatchFull > 0n && { boundary_batch_full: String(droppedBatchFull) }),
    },
  };
}
