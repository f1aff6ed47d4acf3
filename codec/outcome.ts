import type { BoundaryLogError } from './errors.js';
import type { LogBatch } from './log-batch.js';

/** What the sender says that it lost itself, since its last status. Either number may be negative: ignore it then. */
export interface StatusReport {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'status';
  /** Logs dropped because its queue was full. int64. */
  readonly droppedChannelFull: bigint;
  /** Logs dropped because a batch could not be flushed. int64. */
  readonly droppedBatchFull: bigint;
}

/** An envelope with nothing in it that is known here, perhaps from a newer sender. The connection stays. */
export interface UnknownVariant {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'unknown-variant';
  /** The tag of the frame. */
  readonly tag: number;
}

/** A frame that was dropped, and why. The connection stays. */
export interface Skip {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'skip';
  /** Why the frame was dropped. */
  readonly error: BoundaryLogError;
}

/** The end of what can be read: the connection is to be closed. */
export interface Close {
  /** What distinguishes it from the other outcomes. */
  readonly kind: 'close';
  /** Why nothing more can be read. */
  readonly error: BoundaryLogError;
}

/** What a frame of boundary's leads to, told apart by `kind`. */
export type Outcome = LogBatch | StatusReport | UnknownVariant | Skip | Close;
