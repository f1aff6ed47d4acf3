import Long from 'long';
import protobuf from 'protobufjs/minimal.js';
import { BoundaryLogError } from './errors.js';
import { encodeFrame, Tag } from './frame.js';
import { ReportBoundaryLogsRequest as REQUEST } from './generated/schema.js';
import { decodeMessage } from './message.js';
import { BoundaryMessage, type LogsInput, ReportBoundaryLogsRequest } from './messages.js';
import type { MessageSchema } from './schema.js';

/** Key of BoundaryMessage.logs: field 1, length-delimited. */
const LOGS_KEY = 10;

/** The content of a status message; see {@link StatusReport}. Each is an int64. Default 0. */
export interface StatusInput {
  /** Logs that the sender dropped because its queue was full. */
  readonly droppedChannelFull?: bigint | number;
  /** Logs that the sender dropped because a batch could not be flushed. */
  readonly droppedBatchFull?: bigint | number;
}

/**
 * Encodes a batch of logs as one frame, header included.
 *
 * @param tag `Tag.V2`, the default, is the envelope that boundary sends. `Tag.V1` is the bare request of
 *   older senders.
 * @throws ERR_MESSAGE_TOO_LARGE if the payload is longer than 32768 bytes: send fewer logs in one batch.
 * @throws ERR_INVALID_EVENT if the logs do not match the schema, or if a string contains a lone surrogate. A
 *   receiver would reject such a frame.
 */
export function encodeLogs(request: LogsInput, tag: Tag = Tag.V2): Buffer {
  return encode(tag, () =>
    tag === Tag.V1
      ? ReportBoundaryLogsRequest.encode(verify(request)).finish()
      : BoundaryMessage.encode({ logs: verify(request) }).finish(),
  );
}

/**
 * Wraps an encoded ReportBoundaryLogsRequest, such as {@link LogBatch.raw}, in one frame, header included.
 * Its bytes are not changed.
 *
 * @param tag As for {@link encodeLogs}.
 * @throws ERR_MESSAGE_TOO_LARGE if the payload is longer than 32768 bytes.
 * @throws ERR_INVALID_EVENT if the bytes are not a valid request.
 */
export function encodeRawLogs(raw: Uint8Array, tag: Tag = Tag.V2): Buffer {
  return encode(tag, () => {
    if (!(raw instanceof Uint8Array)) throw new TypeError('raw: Uint8Array expected');
    if (tag === Tag.V1) return raw;
    return protobuf.Writer.create().uint32(LOGS_KEY).bytes(raw).finish();
  });
}

/**
 * Encodes a status as one frame under tag 2, header included.
 *
 * @throws ERR_INVALID_EVENT if a count is not an int64.
 */
export function encodeStatus(status: StatusInput): Buffer {
  return encode(Tag.V2, () =>
    BoundaryMessage.encode({
      status: {
        droppedChannelFull: int64('droppedChannelFull', status.droppedChannelFull),
        droppedBatchFull: int64('droppedBatchFull', status.droppedBatchFull),
      },
    }).finish(),
  );
}

/** @throws TypeError if protobufjs would encode something other than the given values. */
function verify(request: LogsInput): LogsInput {
  const wrong = ReportBoundaryLogsRequest.verify(request);
  if (wrong !== null) throw new TypeError(wrong);
  verifyIntegers(REQUEST, request);
  return request;
}

/** The bits that fit into a field of 32 bits. protobufjs accepts larger integers, and silently sends only these bits. */
const CUT: Readonly<Record<string, (value: number) => number>> = {
  int32: (value) => value | 0,
  sint32: (value) => value | 0,
  sfixed32: (value) => value | 0,
  uint32: (value) => value >>> 0,
  fixed32: (value) => value >>> 0,
};

function verifyIntegers({ fields }: MessageSchema, message: object): void {
  for (const { property, type, repeated } of fields) {
    const value = (message as Readonly<Record<string, unknown>>)[property];
    if (value === undefined || value === null) continue;
    for (const item of repeated ? (value as unknown[]) : [value]) {
      if (typeof type === 'object') verifyIntegers(type, item as object);
      else if (CUT[type] !== undefined && CUT[type](item as number) !== item) {
        throw new TypeError(`${property}: ${type} expected`);
      }
    }
  }
}

function int64(name: string, value: bigint | number = 0): Long {
  if (BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) throw new TypeError(`${name}: int64 expected`);
  return Long.fromString(String(BigInt(value)));
}

function encode(tag: Tag, makePayload: () => Uint8Array): Buffer {
  let payload: Uint8Array;
  try {
    payload = makePayload();
  } catch (cause) {
    const message = `this message cannot be encoded: ${(cause as Error).message}`;
    throw new BoundaryLogError('ERR_INVALID_EVENT', message, { cause });
  }
  const frame = encodeFrame(tag, payload);
  const outcome = decodeMessage({ tag, payload: frame.subarray(frame.length - payload.length) });
  if (outcome.kind !== 'skip') return frame;
  const message = `a receiver would reject this frame: ${outcome.error.message}`;
  throw new BoundaryLogError('ERR_INVALID_EVENT', message, { cause: outcome.error });
}
