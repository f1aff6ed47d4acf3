// Made by `npm run generate` from proto/. Do not edit.
import { message } from '../schema.js';

export const Timestamp = message([
  { number: 1, name: 'seconds', property: 'seconds', type: 'int64', repeated: false },
  { number: 2, name: 'nanos', property: 'nanos', type: 'int32', repeated: false },
]);

export const HttpRequest = message([
  { number: 1, name: 'method', property: 'method', type: 'string', repeated: false },
  { number: 2, name: 'url', property: 'url', type: 'string', repeated: false },
  { number: 3, name: 'matched_rule', property: 'matchedRule', type: 'string', repeated: false },
]);

export const BoundaryLog = message([
  { number: 1, name: 'allowed', property: 'allowed', type: 'bool', repeated: false },
  { number: 2, name: 'time', property: 'time', type: Timestamp, repeated: false },
  { number: 3, name: 'http_request', property: 'httpRequest', type: HttpRequest, repeated: false },
  { number: 4, name: 'sequence_number', property: 'sequenceNumber', type: 'int32', repeated: false },
]);

export const ReportBoundaryLogsRequest = message([
  { number: 1, name: 'logs', property: 'logs', type: BoundaryLog, repeated: true },
  { number: 2, name: 'session_id', property: 'sessionId', type: 'string', repeated: false },
  { number: 3, name: 'confined_process_name', property: 'confinedProcessName', type: 'string', repeated: false },
]);

export const BoundaryStatus = message([
  { number: 1, name: 'dropped_channel_full', property: 'droppedChannelFull', type: 'int64', repeated: false },
  { number: 2, name: 'dropped_batch_full', property: 'droppedBatchFull', type: 'int64', repeated: false },
]);

export const BoundaryMessage = message([
  { number: 1, name: 'logs', property: 'logs', type: ReportBoundaryLogsRequest, repeated: false },
  { number: 2, name: 'status', property: 'status', type: BoundaryStatus, repeated: false },
]);
