/** The generated messages, without the names of their packages. */
import { coder } from './generated/boundary.js';

export const BoundaryMessage = coder.boundarylogproxy.codec.v1.BoundaryMessage;
export const ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;

export const BoundaryLogMessage = coder.agent.v2.BoundaryLog;

/** A decoded batch. protobufjs decodes int64 fields to `Long`. */
export type ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;
/** One event of a decoded batch. */
export type BoundaryLog = coder.agent.v2.BoundaryLog.$Properties;
/** A batch to encode. Plain objects are accepted. */
export type LogsInput = coder.agent.v2.ReportBoundaryLogsRequest.$Properties;
