import type { LogBatch } from '../../../codec/index.js';
import type { BoundaryLogError } from '../../errors.js';
import type { ReadableEvents } from '../../events.js';

/** The events of `JetStreamSource`. */
export type JetStreamSourceEvents = ReadableEvents<LogBatch> & {
  /** A message is not a valid batch. */
  reject: [error: BoundaryLogError];
};
