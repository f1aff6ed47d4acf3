import Long from 'long';
import { BoundaryLog, ReportBoundaryLogsRequest } from '../../codec/generated/schema.js';
import { encodeUnknownFields, type LogBatch, type Outcome } from '../../codec/index.js';
import type { Field, MessageSchema } from '../../codec/schema.js';
import { BoundaryLogError } from '../errors.js';

/**
 * Describes an outcome as an object for JSON, to compare how two implementations decode the same bytes.
 * `raw_hex` is the bytes that would be forwarded. `unknown_hex` is the unknown fields of the message that
 * contains it.
 */
export function describeOutcome(outcome: Outcome): object {
  switch (outcome.kind) {
    case 'logs':
      return describeBatch(outcome);
    case 'status': {
      const { droppedChannelFull, droppedBatchFull } = outcome;
      return {
        kind: 'status',
        dropped_channel_full: String(droppedChannelFull),
        dropped_batch_full: String(droppedBatchFull),
        counted: {
          ...(droppedChannelFull > 0n && { boundary_channel_full: String(droppedChannelFull) }),
          ...(droppedBatchFull > 0n && { boundary_batch_full: String(droppedBatchFull) }),
        },
      };
    }
    case 'unknown-variant':
      return { kind: 'unknown-variant' };
    case 'skip':
    case 'close': {
      const { code, message } = outcome.error;
      return { kind: outcome.kind, reason: code.slice('ERR_'.length).toLowerCase(), error: message };
    }
  }
}

/**
 * The same as a line of JSON, in pieces. The line of a frame of 32 KiB can have megabytes.
 *
 * @throws ERR_INVALID_BATCH if the outcome is a batch that cannot be decoded.
 */
export function* describeInPieces(outcome: Outcome): Generator<string> {
  if (outcome.kind !== 'logs') {
    yield `${JSON.stringify(describeOutcome(outcome))}\n`;
    return;
  }
  const { tag, count, raw } = outcome;
  const request = requestOf(outcome);
  const withoutLogs = Object.assign(Object.create(request), { logs: [] });
  const { logs: _none, ...rest } = describeMessage(ReportBoundaryLogsRequest, withoutLogs);
  yield `${JSON.stringify({ kind: 'logs', tag, count, ...rest }).slice(0, -1)},"logs":[`;
  let separator = '';
  for (const log of request.logs) {
    yield separator + JSON.stringify(describeMessage(BoundaryLog, log));
    separator = ',';
  }
  yield `],"raw_hex":"${raw.toString('hex')}"}\n`;
}

function requestOf(batch: LogBatch): LogBatch['request'] {
  try {
    return batch.request;
  } catch (cause) {
    const message = `this batch cannot be decoded: ${(cause as Error).message}`;
    throw new BoundaryLogError('ERR_INVALID_BATCH', message, { cause });
  }
}

function describeBatch({ tag, count, raw, request }: LogBatch): object {
  const { logs, ...rest } = describeMessage(ReportBoundaryLogsRequest, request);
  return { kind: 'logs', tag, count, ...rest, logs, raw_hex: raw.toString('hex') };
}

/**
 * All fields of a message by their names in `proto/`. A field that was not received has its default value.
 */
function describeMessage({ fields }: MessageSchema, message: object): Record<string, unknown> {
  const described: Record<string, unknown> = {};
  for (const { name, property, type, repeated } of fields) {
    const value = (message as Record<string, unknown>)[property];
    described[name] = repeated
      ? (value as unknown[]).map((item) => describeValue(type, item))
      : describeValue(type, value);
  }
  return { ...described, ...unknownIn(message) };
}

function describeValue(type: Field['type'], value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof type === 'object') return describeMessage(type, value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // A string, because a number in JSON is exact only up to 2^53.
  return Long.isLong(value) ? String(value) : value;
}

function unknownIn(message: { $unknowns?: Uint8Array[] }): object {
  const bytes = encodeUnknownFields(message);
  return bytes.length === 0 ? {} : { unknown_hex: bytes.toString('hex') };
}
