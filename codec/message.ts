import { BoundaryLogError } from './errors.js';
import { FieldCursor } from './field-cursor.js';
import { type Frame, Tag } from './frame.js';
import { LogBatch } from './log-batch.js';
import type { Close, Outcome, Skip, StatusReport } from './outcome.js';
import { checkRequest, checkStatus, INVALID_UTF8 } from './walk.js';
import { MALFORMED, skipVarint, varintInt64, varintValue, WireType } from './wire.js';

/** Of field 1 of a BoundaryMessage, in its shortest form. */
const LOGS_KEY = (1 << 3) | WireType.LENGTH;

/**
 * What a frame of boundary's leads to: an {@link Outcome} for any bytes at all. Never throws.
 * Whether a payload is valid is decided as the reference decides it, case by case.
 */
export function decodeMessage({ tag, payload }: Frame): Outcome {
  return decodePayload(tag, payload, 0, payload.length);
}

/** The same for a payload that lies in `bytes` from `start` to `end`. */
export function decodePayload(tag: number, bytes: Buffer, start: number, end: number): Outcome {
  switch (tag) {
    case Tag.V1:
      return decodeRequest(Tag.V1, bytes, start, end);
    case Tag.V2:
      return decodeEnvelope(bytes, start, end);
    default:
      return unsupportedTag(tag);
  }
}

/** A ReportBoundaryLogsRequest: the payload of tag 1, or a member of that of tag 2. */
function decodeRequest(tag: Tag, bytes: Buffer, start: number, end: number): LogBatch | Skip {
  const count = checkRequest(bytes, start, end);
  return count < 0 ? invalid(tag, count) : new LogBatch(tag, count, bytes, start, end);
}

/**
 * The payload of tag 2: a BoundaryMessage. Of the two members of its oneof the last one on the wire stands:
 * the same member once more merges into what is there, the other one takes its place.
 */
function decodeEnvelope(bytes: Buffer, start: number, end: number): Outcome {
  // Nearly all are one batch, and nothing else.
  if (bytes[start] === LOGS_KEY) {
    const from = skipVarint(bytes, start + 1, end);
    if (from !== MALFORMED && from + varintValue(bytes, start + 1, from) === end) {
      return decodeRequest(Tag.V2, bytes, from, end);
    }
  }
  let outcome: LogBatch | StatusReport | undefined;
  const fields = new FieldCursor(bytes, start, end);
  while (fields.next()) {
    if (fields.wireType !== WireType.LENGTH) continue;
    if (fields.number === 1) {
      const logs = decodeRequest(Tag.V2, bytes, fields.start, fields.stop);
      if (logs.kind === 'skip') return logs;
      outcome =
        outcome?.kind === 'logs'
          ? new LogBatch(Tag.V2, outcome.count + logs.count, Buffer.concat([outcome.raw, logs.raw]))
          : logs;
    } else if (fields.number === 2) {
      const result = checkStatus(bytes, fields.start, fields.stop);
      if (result < 0) return invalid(Tag.V2, result);
      const before = outcome?.kind === 'status' ? outcome : undefined;
      outcome = readStatus(bytes, fields.start, fields.stop, before);
    }
  }
  if (fields.malformed) return invalid(Tag.V2, MALFORMED);
  return outcome ?? { kind: 'unknown-variant', tag: Tag.V2 };
}

/** A BoundaryStatus that is known to be valid, merged into the one before it in the same envelope. */
function readStatus(buf: Buffer, start: number, stop: number, before?: StatusReport): StatusReport {
  let droppedChannelFull = before?.droppedChannelFull ?? 0n;
  let droppedBatchFull = before?.droppedBatchFull ?? 0n;
  const fields = new FieldCursor(buf, start, stop);
  while (fields.next()) {
    if (fields.wireType !== WireType.VARINT) continue;
    if (fields.number === 1) droppedChannelFull = varintInt64(buf, fields.start, fields.stop);
    else if (fields.number === 2) droppedBatchFull = varintInt64(buf, fields.start, fields.stop);
  }
  return { kind: 'status', droppedChannelFull, droppedBatchFull };
}

function invalid(tag: Tag, reason: number): Skip {
  const error =
    reason === INVALID_UTF8
      ? new BoundaryLogError('ERR_INVALID_UTF8', `a text field of the tag ${tag} message is not UTF-8`)
      : new BoundaryLogError('ERR_INVALID_PROTOBUF', `the payload under tag ${tag} is no valid protobuf`);
  return { kind: 'skip', error };
}

/** The end of a connection, by a frame under a tag that the protocol does not have. */
export function unsupportedTag(tag: number): Close {
  const error = new BoundaryLogError('ERR_UNSUPPORTED_TAG', `tag ${tag} is not supported`);
  return { kind: 'close', error };
}
