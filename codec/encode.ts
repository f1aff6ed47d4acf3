import Long from 'long';
import protobuf from 'protobufjs/minimal.js';
import { checkArgument, isRecord } from './argument.js';
import { BoundaryLogError } from './errors.js';
import { encodeFrame, Tag } from './frame.js';
import { ReportBoundaryLogsRequest as REQUEST, BoundaryStatus as STATUS } from './generated/schema.js';
import { decodeMessage } from './message.js';
import { BoundaryMessage, type LogsInput, ReportBoundaryLogsRequest } from './messages.js';
import { shown } from './shown.js';
import { verify } from './verify.js';

/** Key of BoundaryMessage.logs: field 1, length-delimited. */
const LOGS_KEY = 10;

/** The content of a status message; see {@link StatusReport}. Each is an int64. Default 0. */
export interface StatusInput {
  /** Logs that the sender dropped because its queue was full. */
  readonly droppedChannelFull?: bigint | number;
  /** Logs that the sender dropped because a batch could not be flushed. */
  readonly droppedBatchFull?: bigint | number;
  /** Fields that this version does not know, each with its key and its value, as encoded. */
  readonly $unknowns?: Uint8Array[];
}

/**
 * Encodes a batch of logs as one frame, header included.
 *
 * @param tag `Tag.V2`, the default, is the envelope that boundary sends. `Tag.V1` is the bare request of
 *   older senders.
 * @throws ERR_MESSAGE_TOO_LARGE if the payload is longer than 32768 bytes: send fewer logs in one batch.
 * @throws ERR_INVALID_EVENT if the logs have a field that the schema does not know, or a value that it cannot represent,
 *   such as a Date as `time`, or if a string contains a lone surrogate. A receiver would reject such a frame. Unknown
 *   fields of a decoded request, in `$unknowns`, are encoded as they were received.
 * @throws ERR_INVALID_OPTION if the tag is neither 1 nor 2.
 */
export function encodeLogs(request: LogsInput, tag: Tag = Tag.V2): Buffer {
  checkTag(tag);
  return encode(tag, () => {
    verify(REQUEST, request);
    return tag === Tag.V1
      ? ReportBoundaryLogsRequest.encode(request).finish()
      : BoundaryMessage.encode({ logs: request }).finish();
  });
}

/**
 * Wraps an encoded ReportBoundaryLogsRequest, such as {@link LogBatch.raw}, in one frame, header included.
 * Its bytes are not changed.
 *
 * @param tag As for {@link encodeLogs}.
 * @throws ERR_MESSAGE_TOO_LARGE if the payload is longer than 32768 bytes.
 * @throws ERR_INVALID_EVENT if the bytes are not a valid request.
 * @throws ERR_INVALID_OPTION if the tag is neither 1 nor 2.
 */
export function encodeRawLogs(raw: Uint8Array, tag: Tag = Tag.V2): Buffer {
  checkTag(tag);
  return encode(tag, () => {
    if (!(raw instanceof Uint8Array)) throw new TypeError(`raw: got ${shown(raw)}, expected a Uint8Array`);
    if (tag === Tag.V1) return raw;
    return protobuf.Writer.create().uint32(LOGS_KEY).bytes(raw).finish();
  });
}

/**
 * Encodes a status as one frame under tag 2, header included.
 *
 * @throws ERR_INVALID_EVENT if a count is not an int64, or if the status has a field that is not known.
 */
export function encodeStatus(status: StatusInput): Buffer {
  return encode(Tag.V2, () => {
    const { kind, droppedChannelFull, droppedBatchFull, ...rest } = isRecord(status)
      ? status
      : ({} as Readonly<Record<string, unknown>>);
    // The rest is everything but the counts, which may be bigints, and the kind of an outcome.
    verify(STATUS, isRecord(status) ? rest : status);
    if (kind !== undefined && kind !== 'status')
      throw new TypeError(`kind: got ${shown(kind)}, expected 'status'`);
    return BoundaryMessage.encode({
      status: {
        ...rest,
        droppedChannelFull: int64('droppedChannelFull', droppedChannelFull),
        droppedBatchFull: int64('droppedBatchFull', droppedBatchFull),
      },
    }).finish();
  });
}

/** A count of a status. Unlike the fields of other messages, it may be a bigint, as the codec decodes it to one. */
function int64(name: string, value: unknown = 0): Long {
  const isWhole = typeof value === 'bigint' || Number.isInteger(value);
  if (!isWhole || BigInt.asIntN(64, BigInt(value as number)) !== BigInt(value as number)) {
    throw new TypeError(
      `${name}: got ${shown(value)}, expected a whole number or bigint, from -2^63 to 2^63 - 1`,
    );
  }
  return Long.fromString(String(BigInt(value as number)));
}

function checkTag(tag: unknown): void {
  checkArgument('tag', tag, tag === Tag.V1 || tag === Tag.V2, '1 or 2');
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
