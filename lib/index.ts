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
 * @module boundary-log-proxy
 */
export {
  type BoundaryLog,
  boundaryProtocol,
  type Close,
  describeOutcome,
  type Frame,
  type FrameFault,
  type Kinded,
  LogBatch,
  type LogsInput,
  type Outcome,
  type Protocol,
  type ReportBoundaryLogsRequest,
  type Skip,
  StatusReport,
  type TagDefinition,
  type UnknownVariant,
} from '../codec/index.js';
export type { Amount, Batch, ReportResult } from './batch.js';
export { CaptureDecoder, type CaptureFault } from './capture/capture-decoder.js';
export { CaptureReader } from './capture/capture-reader.js';
export { CaptureWriter } from './capture/capture-writer.js';
export { encodeCaptureRecord } from './capture/encode.js';
export type {
  CaptureConnection,
  CaptureData,
  CaptureFinish,
  CaptureGap,
  CaptureRecord,
  CaptureStart,
} from './capture/record.js';
export type { RecordOptions } from './capture/recording.js';
export { BoundaryLogError, type ErrorCode } from './errors.js';
export type {
  BoundaryLogSenderEvents,
  DuplexEvents,
  ForwarderEvents,
  LogBufferEvents,
  MessageEncoderEvents,
  ReadableEvents,
  StatusSinkEvents,
  UrlRedactorEvents,
  WritableEvents,
} from './events.js';
export type { BatchReceiver, BatchSource } from './forwarding/batch-source.js';
export type { CoalesceOptions } from './forwarding/coalesce-options.js';
export { Forwarder } from './forwarding/forwarder.js';
export type { ForwarderOptions } from './forwarding/forwarder-options.js';
export type { ReportError, Reporter, ReportOptions } from './forwarding/reporter.js';
export type { RetryOptions } from './forwarding/retry-options.js';
export type { Logger } from './logger.js';
export type { RedactOptions } from './redaction/redact-options.js';
export { type Redactable, type Redacted, redact, type UrlRedactor } from './redaction/url-redactor.js';
export { nullReporter } from './reporters/null.js';
export { SocketReporter, type SocketReporterOptions } from './reporters/socket.js';
export { type TextOutput, TextReporter, type TextReporterOptions } from './reporters/text.js';
export { BoundaryLogSender } from './sender/sender.js';
export { SENDER_DROP_REASONS, type SenderAccounts, type SenderDropReason } from './sender/sender-accounts.js';
export type { BoundaryLogSenderOptions } from './sender/sender-options.js';
export { BoundaryLogProxy } from './server/proxy.js';
export type { BoundaryLogProxyOptions, CloseOptions, RunForwarderOptions } from './server/proxy-options.js';
export type { SessionsOptions } from './server/sessions-options.js';
export type { NumberedBatch } from './sessions/session.js';
export { type Auditable, SessionAudit, type SessionAuditOptions } from './sessions/session-audit.js';
export { SessionLedger, type SessionLedgerOptions, type SessionTotals } from './sessions/session-ledger.js';
export {
  LOST_BY,
  type Losses,
  type LostBy,
  type SessionReport,
  type Uncertainty,
  type Verdict,
  verdictOf,
} from './sessions/session-report.js';
export { defaultSocketPath, SOCKET_PATH_ENV } from './socket-path.js';
export type { SpoolBufferOptions } from './spool/spool-options.js';
export { Demux, type Demuxable, type DemuxOptions, type Route, type Routes } from './streams/demux.js';
export { FrameParser, type FrameParserOptions, type Parsed } from './streams/frame-parser.js';
export { LogBuffer, type LogBufferOptions } from './streams/log-buffer.js';
export {
  type Decodable,
  type Decoded,
  MessageDecoder,
  type MessageDecoderOptions,
} from './streams/message-decoder.js';
export { type EncodableMessage, MessageEncoder } from './streams/message-encoder.js';
export { StatusSink, type StatusSinkOptions } from './streams/status-sink.js';
export type {
  Accepting,
  EndArguments,
  EndCallback,
  TypedDuplex,
  TypedReadable,
  TypedTransform,
  TypedWritable,
  WriteRest,
} from './streams/typed-stream.js';
export { type Accounts, DROP_REASONS, type DropReason } from './telemetry/accounts.js';
export { HEALTH_REASONS, type Health, type HealthReason } from './telemetry/health.js';
export type { MetricsRegistry } from './telemetry/prom-client.js';
export { type BoundaryEvent, eventsOf, logOf, toEvent } from './text/event.js';
export { type Format, type FormatOptions, formatBatch, type Lines } from './text/format.js';
