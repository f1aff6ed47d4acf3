import { BoundaryLogError } from './errors.js';
import { FieldCursor } from './field-cursor.js';
import { type Frame, Tag } from './frame.js';
import { LogBatch } from './log-batch.js';
import type { Close, Outcome, Skip, StatusReport } from './outcome.js';
import { check, INVALID_UTF8, NUMBERS, REQUEST } from './walk.js';
import { MALFORMED, varintInt64, WireType } from './wire.js';

/**
 * What a frame of boundary's leads to: an {@link Outcome} for any bytes at all. Never throws.
 * Whether a payload is valid is decided as the reference decides it, case by case.
 */
export function decodeMessage(frame: Frame): Outcome {
  switch (frame.tag) {
    case Tag.V1:
      return decodeRequest(frame.payload);
    case Tag.V2:
      return decodeEnvelope(frame.payload);
    default:
      return unsupportedTag(frame.tag);
  }
}

/** The payload of tag 1: a bare ReportBoundaryLogsRequest. */
function decodeRequest(payload: Buffer): Outcome {
  const count = check(REQUEST, payload, 0, payload.length);
  return count < 0 ? invalid(Tag.V1, count) : new LogBatch(Tag.V1, count, payload);
}

/**
 * The payload of tag 2: a BoundaryMessage. Of the two members of its oneof the last one on the wire stands:
 * the same member once more merges into what is there, the other one takes its place.
 */
function decodeEnvelope(payload: Buffer): Outcome {
  let outcome: LogBatch | StatusReport | undefined;
  const fields = new FieldCursor(payload, 0, payload.length);
  while (fields.next()) {
    if (fields.wireType !== WireType.LENGTH) continue;
    if (fields.number === 1) {
      const count = check(REQUEST, payload, fields.start, fields.stop);
      if (count < 0) return invalid(Tag.V2, count);
      const raw = payload.subarray(fields.start, fields.stop);
      outcome =
        outcome?.kind === 'logs'
          ? new LogBatch(Tag.V2, outcome.count + count, Buffer.concat([outcome.raw, raw]))
          : new LogBatch(Tag.V2, count, raw);
    } else if (fields.number === 2) {
      const result = check(NUMBERS, payload, fields.start, fields.stop);
      if (result < 0) return invalid(Tag.V2, result);
      const before = outcome?.kind === 'status' ? outcome : undefined;
      outcome = readStatus(payload, fields.start, fields.stop, before);
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
