import { BoundaryLogError } from './errors.js';
import {
  logsRead,
  Member,
  readEnvelopeFast,
  sessionRead,
  statusRead,
  summary,
  UNDECIDED,
  viewOfChecked,
} from './fast-path.js';
import { FieldCursor } from './field-cursor.js';
import { type Frame, Tag } from './frame.js';
import { LogBatch, SummedBatch } from './log-batch.js';
import type { Close, Outcome, Skip } from './outcome.js';
import { StatusReport } from './status-report.js';
import { checkRequest, checkStatus, INVALID_UTF8 } from './walk.js';
import { MALFORMED, skipVarint, varintInt64, varintValue, WireType } from './wire.js';

/** The key of field 1 of a BoundaryMessage, in its shortest form. */
const LOGS_KEY = (1 << 3) | WireType.LENGTH;

/**
 * Decodes a frame of boundary's protocol. Every payload, whatever its bytes, yields an {@link Outcome}; this function
 * never throws. It accepts exactly what the Go implementation accepts.
 */
export function decodeMessage({ tag, payload }: Frame): Outcome {
  switch (tag) {
    case Tag.V1:
      return decodeRequest(Tag.V1, payload);
    case Tag.V2:
      return decodeEnvelope(payload);
    default:
      return unsupportedTag(tag);
  }
}

/** Decodes a ReportBoundaryLogsRequest: the payload of tag 1, or a member of the payload of tag 2. */
function decodeRequest(tag: Tag, payload: Buffer, start = 0, end = payload.length): LogBatch | Skip {
  const count = checkRequest(payload, start, end);
  if (count < 0) return invalid(tag, count);
  const isWhole = start === 0 && end === payload.length;
  const raw = isWhole ? payload : viewOfChecked(payload, start, end);
  return summedUp(tag, count, raw);
}

/** A batch of what was checked last. */
function summedUp(tag: Tag, count: number, raw: Buffer): LogBatch {
  return new SummedBatch(tag, count, raw, sessionRead(), summary[1] as number, summary[0] as number);
}

/**
 * Decodes a BoundaryMessage, the payload of tag 2. Of the two members of its oneof the last one on the wire counts:
 * a repeated member merges into the one before, a different member replaces it.
 */
function decodeEnvelope(payload: Buffer): Outcome {
  const end = payload.length;
  // Almost every envelope contains one request and nothing else.
  if (payload[0] === LOGS_KEY) {
    const start = skipVarint(payload, 1, end);
    if (start !== MALFORMED && start + varintValue(payload, 1, start) === end) {
      return decodeRequest(Tag.V2, payload, start, end);
    }
  }
  const member = readEnvelopeFast(payload);
  switch (member) {
    case Member.LOGS: {
      const { count, raw } = logsRead(payload);
      return summedUp(Tag.V2, count, raw);
    }
    case Member.STATUS: {
      const [droppedChannelFull, droppedBatchFull] = statusRead();
      return new StatusReport(droppedChannelFull, droppedBatchFull);
    }
    case Member.UNKNOWN:
      return { kind: 'unknown-variant', tag: Tag.V2 };
    case UNDECIDED:
      return decodeMembers(payload);
    default:
      return invalid(Tag.V2, member);
  }
}

/** Decodes an envelope of any members without WebAssembly. */
export function decodeMembers(payload: Buffer): Outcome {
  let last: 'logs' | 'status' | undefined;
  let count = 0;
  let requests: Buffer[] = [];
  let status: StatusReport | undefined;
  const fields = new FieldCursor(payload, 0, payload.length);
  while (fields.next()) {
    if (fields.wireType !== WireType.LENGTH) continue;
    const { number, start, stop } = fields;
    if (number === 1) {
      const logs = checkRequest(payload, start, stop);
      if (logs < 0) return invalid(Tag.V2, logs);
      if (last !== 'logs') {
        count = 0;
        requests = [];
      }
      last = 'logs';
      count += logs;
      if (stop > start) requests.push(payload.subarray(start, stop));
    } else if (number === 2) {
      const result = checkStatus(payload, start, stop);
      if (result < 0) return invalid(Tag.V2, result);
      status = readStatus(payload, start, stop, last === 'status' ? status : undefined);
      last = 'status';
    }
  }
  if (fields.malformed) return invalid(Tag.V2, MALFORMED);
  if (last === 'logs') {
    const [request] = requests;
    return new LogBatch(Tag.V2, count, requests.length === 1 && request ? request : Buffer.concat(requests));
  }
  return status !== undefined && last === 'status' ? status : { kind: 'unknown-variant', tag: Tag.V2 };
}

/** Reads a BoundaryStatus that has been checked, merged into an earlier one of the same envelope. */
function readStatus(buf: Buffer, start: number, stop: number, before?: StatusReport): StatusReport {
  let droppedChannelFull = before?.droppedChannelFull ?? 0n;
  let droppedBatchFull = before?.droppedBatchFull ?? 0n;
  const fields = new FieldCursor(buf, start, stop);
  while (fields.next()) {
    if (fields.wireType !== WireType.VARINT) continue;
    if (fields.number === 1) droppedChannelFull = varintInt64(buf, fields.start, fields.stop);
    else if (fields.number === 2) droppedBatchFull = varintInt64(buf, fields.start, fields.stop);
  }
  return new StatusReport(droppedChannelFull, droppedBatchFull);
}

/** The skips of invalid payloads. Each exists once: to create an error costs a thousand times as much as to find one. */
const SKIPS = new Map<number, Skip>();

function invalid(tag: Tag, reason: number): Skip {
  const key = tag * 10 - reason;
  let skip = SKIPS.get(key);
  if (skip === undefined) {
    const error =
      reason === INVALID_UTF8
        ? new BoundaryLogError('ERR_INVALID_UTF8', `a text field of the tag ${tag} message is not UTF-8`)
        : new BoundaryLogError(
            'ERR_INVALID_PROTOBUF',
            `the payload under tag ${tag} is not a valid protobuf message`,
          );
    // The stack would be that of the first invalid frame.
    error.stack = `${error.name}: ${error.message}`;
    skip = { kind: 'skip', error };
    SKIPS.set(key, skip);
  }
  return skip;
}

/** The outcome of a frame whose tag the protocol does not define. */
export function unsupportedTag(tag: number): Close {
  const error = new BoundaryLogError('ERR_UNSUPPORTED_TAG', `tag ${tag} is not supported`);
  return { kind: 'close', error };
}
