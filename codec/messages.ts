/** The generated messages, without the names of their packages. */
import { coder } from './generated/boundary.js';

export const BoundaryMessage = coder.boundarylogproxy.codec.v1.BoundaryMessage;
export const ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;

export const BoundaryLogMessage = coder.agent.v2.BoundaryLog;

/**
 * A decoded batch: `logs`, `sessionId` and `confinedProcessName`, as in `proto/agent.proto`. Values of int64 fields are
 * `Long` objects of protobufjs.
 */
export type ReportBoundaryLogsRequest = coder.agent.v2.ReportBoundaryLogsRequest;
/** One event of a batch: `allowed`, `time`, `httpRequest` and `sequenceNumber`, as in `proto/agent.proto`. */
export type BoundaryLog = coder.agent.v2.BoundaryLog.$Properties;
/** A batch to encode, in the shape of {@link ReportBoundaryLogsRequest}. Plain objects are accepted. */
export type LogsInput = coder.agent.v2.ReportBoundaryLogsRequest.$Properties;
