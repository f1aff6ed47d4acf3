import { LogBatch } from '../../../codec/index.js';
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
  /** How many bytes a log record has besides the texts of its log, about. */
  readonly overheadBytes: number;
}

/**
 * Divides a batch into portions that do not exceed the limits. A log may have two bytes, so a frame of 32 KiB can become
 * log records of 10 MB.
 */
export function portionsOf(batch: LogBatch, { maxLogs, maxBytes, overheadBytes }: PortionLimits): Portion[] {
  const { count, raw, tag } = batch;
  if (count === 0) return [];
  const whole = { of: batch, batch, count, bytes: raw.length + count * overheadBytes };
  if (count <= maxLogs && whole.bytes <= maxBytes) return [whole];
  // No part of it is longer than all of it, however unequal the logs are.
  const most = Math.max(1, Math.min(maxLogs, Math.floor((maxBytes - raw.length) / overheadBytes)));
  const parts = splitRequest(raw, count, most);
  // What cannot be split is sent as it is, and the server decides.
  if (parts.length === 1) return [whole];
  return parts.map((part, i) => {
    const logs = Math.min(most, count - i * most);
    const bytes = part.length + logs * overheadBytes;
    return { of: batch, batch: new LogBatch(tag, logs, Buffer.from(part)), count: logs, bytes };
  });
}
