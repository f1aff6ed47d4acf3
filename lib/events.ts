import type * as node from 'node:stream';
import type { LogBatch, StatusReport } from '../codec/index.js';
import type { Amount, Batch, ReportResult } from './batch.js';
import type { BoundaryLogError } from './errors.js';

/*
 * The arguments of the events of each stream. These types are objects and not interfaces, because only a type of that
 * kind can be extended by a program and still be a map of events.
 */

/** The events of a stream that is read. */
export type ReadableEvents<Out> = {
  /** The stream is destroyed, and nothing follows. */
  close: [];
  /** The next item. */
  data: [item: Out];
  /** Everything was read. */
  end: [];
  /** The stream failed. */
  error: [error: Error];
  /** The stream does not flow any more. */
  pause: [];
  /** There is something to read, or the end. */
  readable: [];
  /** The stream flows. */
  resume: [];
};

/** The events of a stream that is written to. */
export type WritableEvents = {
  /** The stream is destroyed, and nothing follows. */
  close: [];
  /** There is room again after `write()` returned false. */
  drain: [];
  /** The stream failed. */
  error: [error: Error];
  /** Everything that was written before `end()` is processed. */
  finish: [];
  /** A stream is piped into this one. */
  pipe: [source: node.Readable];
  /** A stream is not piped into this one any more. */
  unpipe: [source: node.Readable];
};

/** The events of a stream that is read and written to. */
export type DuplexEvents<Out> = ReadableEvents<Out> & WritableEvents;

/** The events of `MessageEncoder`. */
export type MessageEncoderEvents<Message> = DuplexEvents<Buffer> & {
  /** The message cannot be encoded. */
  drop: [message: Message, error: BoundaryLogError];
};

/** The events of `UrlRedactor`. */
export type UrlRedactorEvents<Out> = DuplexEvents<Out> & {
  /** The URLs of the batch cannot be redacted. */
  drop: [batch: LogBatch, error: BoundaryLogError];
};

/** The events of `LogBuffer`. */
export type LogBufferEvents<T extends Batch = LogBatch> = DuplexEvents<T> & {
  /** The batch was dropped. */
  drop: [batch: T, reason: 'buffer_full' | 'unfair_share' | 'shutdown'];
};

/** The events of `SpoolBuffer`. */
export type SpoolBufferEvents = DuplexEvents<LogBatch> & {
  /** The batch was dropped. The error says why it could not be written. */
  drop: [batch: LogBatch, reason: 'spool_full' | 'shutdown' | 'quarantined', error: Error | undefined];
  /** Stored batches are damaged, unreadable or gone. */
  loss: [amount: Amount];
  /** Something failed, and the spool tries it again. */
  failure: [error: NodeJS.ErrnoException];
};

/** The events of `StatusSink`. */
export type StatusSinkEvents = WritableEvents & {
  /** The report was not counted, because a count is too large. */
  reject: [report: StatusReport];
};

/** The events of `Forwarder`. The errors are what the reporter threw, which can be anything. */
export type ForwarderEvents<T extends Batch = LogBatch> = WritableEvents & {
  /** The reporter accepted the batch, after so many seconds, except for the logs that `rejected` counts, if it is set. */
  forward: [batch: T, seconds: number, rejected?: ReportResult];
  /** The batch was dropped. With `shutdown`, the error is null. */
  drop: [batch: T, reason: 'forward_failed' | 'rejected' | 'shutdown', error: unknown];
  /** An attempt failed, and another one follows. */
  retry: [error: unknown];
  /** The first failure since the reporter worked. */
  outage: [error: unknown];
  /** The first success after an outage, which lasted so long. */
  recovery: [seconds: number];
};

/** The events of `BoundaryLogSender`. */
export type BoundaryLogSenderEvents = WritableEvents & {
  /** The event was dropped. */
  drop: [
    event: unknown,
    error: BoundaryLogError,
    reason: 'channel_full' | 'batch_full' | 'too_large' | 'invalid',
  ];
};
