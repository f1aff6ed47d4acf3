import Long from 'long';
import { ReportBoundaryLogsRequest } from '../../codec/generated/schema.js';
import { encodeUnknownFields, type LogBatch, type Outcome } from '../../codec/index.js';
import type { Field, MessageSchema } from '../../codec/schema.js';

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
