import { type BoundaryLog, encodeUnknownFields, type LogBatch, type Outcome } from '../../codec/index.js';

/**
 * An outcome as an object for JSON, for those who compare what two implementations make of the same bytes.
 * `raw_hex` are the bytes that would be forwarded; `unknown_hex`, at any level, the unknown fields there.
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
  return {
    kind: 'logs',
    tag,
    count,
    session_id: request.sessionId,
    confined_process_name: request.confinedProcessName,
    logs: request.logs.map(describeLog),
    ...unknownIn(request),
    raw_hex: raw.toString('hex'),
  };
}

/** What the wire left out has its default in a decoded message. */
function describeLog(log: BoundaryLog): object {
  const { allowed, time, httpRequest, sequenceNumber } = log;
  return {
    allowed,
    time: time ? { seconds: String(time.seconds), nanos: time.nanos, ...unknownIn(time) } : null,
    http_request: httpRequest
      ? {
          method: httpRequest.method,
          url: httpRequest.url,
          matched_rule: httpRequest.matchedRule,
          ...unknownIn(httpRequest),
        }
      : null,
    sequence_number: sequenceNumber,
    ...unknownIn(log),
  };
}

function unknownIn(message: { $unknowns?: Uint8Array[] }): object {
  const bytes = encodeUnknownFields(message);
  return bytes.length === 0 ? {} : { unknown_hex: bytes.toString('hex') };
}
