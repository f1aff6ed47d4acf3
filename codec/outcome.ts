import type { BoundaryLogError } from './errors.js';
import type { LogBatch } from './log-batch.js';
import type { StatusReport } from './status-report.js';

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
