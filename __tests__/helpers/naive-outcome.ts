import type { Frame, Outcome } from '../../codec/index.js';
import { decode, ENVELOPE, encode, type Invalid, type Message, REQUEST } from './naive-protobuf.js';

/** The outcome according to the naive codec. */
export function expectedOutcome({ tag, payload }: Frame): unknown {
  const logs = (request: Message) => ({
    kind: 'logs',
    count: ((request.known.get(1) ?? []) as Message[]).length,
    hex: encode(request).toString('hex'),
  });
  try {
    if (tag === 1) return logs(decode(REQUEST, payload));
    const { known } = decode(ENVELOPE, payload);
    if (known.has(1)) return logs(known.get(1) as Message);
    if (!known.has(2)) return { kind: 'unknown-variant' };
    const status = (known.get(2) as Message).known;
    return { kind: 'status', droppedChannelFull: status.get(1) ?? 0n, droppedBatchFull: status.get(2) ?? 0n };
  } catch (error) {
    return { kind: 'skip', code: `ERR_${(error as Invalid).verdict.toUpperCase()}` };
  }
}

/** The codec's outcome in the same form. */
export function summary(outcome: Outcome): unknown {
  switch (outcome.kind) {
    case 'logs':
      return {
        kind: 'logs',
        count: outcome.count,
        hex: encode(decode(REQUEST, outcome.raw)).toString('hex'),
      };
    case 'unknown-variant':
      return { kind: outcome.kind };
    case 'skip':
    case 'close':
      return { kind: outcome.kind, code: outcome.error.code };
    default:
      return outcome;
  }
}
