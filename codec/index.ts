/// <reference types="node" preserve="true" />
/**
 * Bytes ⇄ frames ⇄ messages, pure and synchronous: no streams, no sockets, no clock.
 *
 * ```ts
 * import { FrameDecoder, decodeMessage } from 'boundary-log-proxy/codec';
 *
 * const decoder = new FrameDecoder();
 * for (const item of decoder.decode(bytes)) {
 *   if ('error' in item) throw item.error;
 *   const outcome = decodeMessage(item);
 *   if (outcome.kind === 'logs') console.log(outcome.count, outcome.request.sessionId);
 * }
 * ```
 *
 * @module boundary-log-proxy/codec
 */
export { decodeFrame, decodeFrames, decodeMessage } from './decode.js';
export { describeOutcome } from './describe-outcome.js';
export { encodeLogs, encodeRawLogs, encodeStatus, type StatusInput } from './encode.js';
export { BoundaryLogError, type ErrorCode } from './errors.js';
export {
  encodeFrame,
  type Frame,
  type FrameFault,
  HEADER_LENGTH,
  MAX_PAYLOAD_LENGTH,
  Tag,
} from './frame.js';
export { FrameDecoder } from './frame-decoder.js';
export { LogBatch } from './log-batch.js';
export type { BoundaryLog, LogsInput, ReportBoundaryLogsRequest } from './messages.js';
export type { Close, Outcome, Skip, UnknownVariant } from './outcome.js';
export {
  boundaryProtocol,
  type Kinded,
  type Protocol,
  type TagDefinition,
} from './protocol.js';
export { StatusReport } from './status-report.js';
export { encodeUnknownFields } from './unknown-fields.js';
