import type { BoundaryLogError } from './errors.js';
import type { LogBatch } from './log-batch.js';

/**
 * How many logs the sender itself dropped since its last status. A sender may send a negative number: ignore
 * it.
 */
export interface StatusReport {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'status';
  /** Logs that the sender dropped because its queue was full. int64. */
  readonly droppedChannelFull: bigint;
  /** Logs that the sender dropped because it could not flush a batch. int64. */
  readonly droppedBatchFull: bigint;
}

/** An envelope without a known member, perhaps from a newer sender. The connection stays open. */
export interface UnknownVariant {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'unknown-variant';
  /** The tag of the frame. */
  readonly tag: number;
}

/** A frame that was dropped, and the reason. The connection stays open. */
export interface Skip {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'skip';
  /** Why the frame was dropped. */
  readonly error: BoundaryLogError;
}

/** The rest of the byte stream cannot be decoded: close the connection. */
export interface Close {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'close';
  /** Why nothing more can be read. */
  readonly error: BoundaryLogError;
}

/** The result of decoding one of boundary's frames. `kind` distinguishes the variants. */
export type Outcome = LogBatch | StatusReport | UnknownVariant | Skip | Close;
