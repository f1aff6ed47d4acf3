/// <reference types="node" preserve="true" />
/**
 * A proxy for boundary's audit logs, and the Node streams that it is made of.
 *
 * ```ts
 * import { BoundaryLogProxy } from 'boundary-log-proxy';
 *
 * const proxy = new BoundaryLogProxy();
 * await proxy.start();
 * await proxy.runForwarder({ report: (batch) => console.log(batch.request) });
 * ```
 *
 * @packageDocumentation
 */
export {
  type BoundaryLog,
  BoundaryLogError,
  boundaryProtocol,
  type Close,
  type ErrorCode,
  type Frame,
  type FrameFault,
  type Kinded,
  LogBatch,
  type LogsInput,
  type Outcome,
  type Protocol,
  type ReportBoundaryLogsRequest,
  type Skip,
  type StatusReport,
  type TagDefinition,
  type UnknownVariant,
} from '../codec/index.js';
export { type Accounts, DROP_REASONS, type DropReason } from './accounts.js';
export type { Amount, Batch } from './batch.js';
export { Demux, type DemuxOptions, type Route, type Routes } from './demux.js';
export { Forwarder, type ForwarderOptions } from './forwarder.js';
export { FrameParser, type FrameParserOptions } from './frame-parser.js';
export { LogBuffer, type LogBufferOptions } from './log-buffer.js';
export type { Logger } from './logger.js';
export { MessageDecoder, type MessageDecoderOptions } from './message-decoder.js';
export { type EncodableMessage, MessageEncoder } from './message-encoder.js';
export { BoundaryLogProxy } from './proxy.js';
export type { BoundaryLogProxyOptions, CloseOptions, RunForwarderOptions } from './proxy-options.js';
export type { Reporter } from './reporter.js';
export { nullReporter } from './reporters/null.js';
export { type TextOutput, TextReporter, type TextReporterOptions } from './reporters/text.js';
export type { ReportError, RetryOptions } from './retry.js';
export { BoundaryLogSender, type BoundaryLogSenderOptions } from './sender.js';
export { defaultSocketPath, SOCKET_PATH_ENV } from './socket-path.js';
export { SpoolBuffer } from './spool/spool-buffer.js';
export type { SpoolBufferOptions } from './spool/spool-options.js';
export { StatusSink } from './status-sink.js';
export { type BoundaryEvent, eventsOf, logOf, toEvent } from './text/event.js';
export { type Format, type FormatOptions, formatBatch } from './text/format.js';
