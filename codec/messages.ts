/** The generated messages under their own names. */
import { coder } from './generated/boundary.js';

export const BoundaryMessage = coder.boundarylogproxy.codec.v1.BoundaryMessage;
export const ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;

export const BoundaryLogMessage = coder.agent.v2.BoundaryLog;

/** A decoded batch. int64 fields are `Long`, as protobufjs has them. */
export type ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;
/** One event of a decoded batch. */
export type BoundaryLog = coder.agent.v2.BoundaryLog.$Properties;
/** A batch to be encoded: plain objects do. */
export type LogsInput = coder.agent.v2.ReportBoundaryLogsRequest.$Properties;
