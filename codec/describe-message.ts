import Long from 'long';
import { ReportBoundaryLogsRequest } from './generated/schema.js';
import type { Field, MessageSchema } from './schema.js';
import { encodeUnknownFields } from './unknown-fields.js';

/** What a batch consists of, without its class. */
interface Content {
  readonly tag: number;
  readonly count: number;
  readonly raw: Buffer;
}

/** Describes a batch as an object for JSON. `raw_hex` is the bytes that would be forwarded. */
export function describeBatch({ tag, count, raw }: Content, request: object): object {
  const { logs, ...rest } = describeMessage(ReportBoundaryLogsRequest, request);
  return { kind: 'logs', tag, count, ...rest, logs, raw_hex: raw.toString('hex') };
}

/**
 * All fields of a message by their names in `proto/`. A field that was not received has its default value.
 */
export function describeMessage({ fields }: MessageSchema, message: object): Record<string, unknown> {
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
