import { FieldCursor } from '../../../codec/field-cursor.js';
import { LogBatch } from '../../../codec/index.js';
import { WireType } from '../../../codec/wire.js';
import { splitRequest } from '../split-request.js';

/** A part of a batch that fits into an export; nearly always the whole batch. */
export interface Portion {
  /** The batch that it is a part of. */
  readonly of: LogBatch;
  /** The part as a batch. */
  readonly batch: LogBatch;
  readonly count: number;
  /** About how many bytes its log records have. */
  readonly bytes: number;
}

export interface PortionLimits {
  readonly maxLogs: number;
  readonly maxBytes: number;
  /** How many bytes a log record has besides what the log and its request contain, about. */
  readonly overheadBytes: number;
}

/** The number of the field `ReportBoundaryLogsRequest.logs`. */
const LOGS_FIELD = 1;

/**
 * Divides a batch into portions that do not exceed the limits. Each log record repeats the session and the process, so
 * that a batch of 32 KiB with a long session could become an export of hundreds of megabytes.
 */
export function portionsOf(batch: LogBatch, limits: PortionLimits): Portion[] {
  const { count, raw } = batch;
  if (count === 0) return [];
  const { maxLogs, maxBytes, overheadBytes } = limits;
  const bytesPerLog = overheadBytes + restLength(raw);
  const bytesOf = (count: number, length: number) => length + count * bytesPerLog;
  if (count <= maxLogs && bytesOf(count, raw.length) <= maxBytes) {
    return [{ of: batch, batch, count, bytes: bytesOf(count, raw.length) }];
  }
  // No part of it is longer than all of it, however unequal the logs are.
  const most = Math.max(1, Math.min(maxLogs, Math.floor((maxBytes - raw.length) / bytesPerLog)));
  const parts = splitRequest(raw, count, most);
  // What cannot be split is sent as it is, and the server decides.
  if (parts.length === 1) return [{ of: batch, batch, count, bytes: bytesOf(count, raw.length) }];
  return parts.map((part, i) => {
    const logs = Math.min(most, count - i * most);
    const bytes = bytesOf(logs, part.length);
    return { of: batch, batch: new LogBatch(batch.tag, logs, Buffer.from(part)), count: logs, bytes };
  });
}

/** How many bytes of a request are not part of its logs. */
function restLength(raw: Uint8Array): number {
  const fields = new FieldCursor(raw, 0, raw.length);
  let rest = 0;
  for (let start = 0; fields.next(); start = fields.stop) {
    if (fields.number !== LOGS_FIELD || fields.wireType !== WireType.LENGTH) rest += fields.stop - start;
  }
  return rest;
}
