import type * as node from 'node:stream';
import type { LogBatch, StatusReport } from '../codec/index.js';
import type { Amount, Batch } from './batch.js';
import type { BoundaryLogError } from './errors.js';

/*
 * The arguments of the events of each stream. These types are objects and not interfaces, because only a type of that
 * kind can be extended by a program and still be a map of events.
 */

/** The events of a stream that is read. */
export type ReadableEvents<Out> = {
  close: [];
  data: [item: Out];
  end: [];
  error: [error: Error];
  pause: [];
  readable: [];
  resume: [];
};

/** The events of a stream that is written to. */
export type WritableEvents = {
  close: [];
  drain: [];
  error: [error: Error];
  finish: [];
  pipe: [source: node.Readable];
  unpipe: [source: node.Readable];
};

/** The events of a stream that is read and written to. */
export type DuplexEvents<Out> = ReadableEvents<Out> & WritableEvents;

/** The events of `MessageEncoder`. */
export type MessageEncoderEvents<Message> = DuplexEvents<Buffer> & {
  drop: [message: Message, error: BoundaryLogError];
};

/** The events of `LogBuffer`. */
export type LogBufferEvents<T extends Batch = LogBatch> = DuplexEvents<T> & {
  drop: [batch: T, reason: 'buffer_full' | 'unfair_share' | 'shutdown'];
};

/** The events of `SpoolBuffer`. */
export type SpoolBufferEvents = DuplexEvents<LogBatch> & {
  drop: [batch: LogBatch, reason: 'spool_full' | 'shutdown' | 'quarantined', error: Error | undefined];
  loss: [amount: Amount];
  failure: [error: NodeJS.ErrnoException];
};

/** The events of `StatusSink`. */
export type StatusSinkEvents = WritableEvents & { reject: [report: StatusReport] };

/** The events of `Forwarder`. The errors are what the reporter threw, which can be anything. */
export type ForwarderEvents<T extends Batch = LogBatch> = WritableEvents & {
  forward: [batch: T, seconds: number];
  drop: [batch: T, reason: 'forward_failed' | 'rejected' | 'shutdown', error: unknown];
  retry: [error: unknown];
  outage: [error: unknown];
  recovery: [seconds: number];
};

/** The events of `BoundaryLogSender`. */
export type BoundaryLogSenderEvents = WritableEvents & { drop: [event: unknown, error: BoundaryLogError] };
