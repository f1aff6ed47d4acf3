import { checkArgument, isRecord } from './argument.js';
import { describeBatch } from './describe-message.js';
import { BoundaryLogError } from './errors.js';
import { LogBatch } from './log-batch.js';
import type { Outcome } from './outcome.js';
import { describeStatus } from './status-report.js';

/**
 * Describes an outcome as plain data, for JSON, snapshots and comparisons: everything that was decoded, with the names of
 * the fields in `proto/`. Values of 64 bits are strings, `raw_hex` is the bytes that would be forwarded, and
 * `unknown_hex` is the unknown fields of the message that contains it.
 *
 * ```ts
 * const outcome = decodeMessage({ tag: 2, payload: Buffer.from('12020803', 'hex') });
 * console.log(describeOutcome(outcome)); // { kind: 'status', dropped_channel_full: '3', … }
 * ```
 *
 * @throws ERR_INVALID_OPTION if the argument is not an outcome.
 * @throws ERR_INVALID_PROTOBUF if the outcome is a batch that was not decoded but created, with bytes that are not valid.
 */
export function describeOutcome(outcome: Outcome): object {
  checkArgument('outcome', outcome, isOutcome(outcome), "an outcome of boundary's protocol");
  switch (outcome.kind) {
    case 'logs':
      return describeBatch(outcome, outcome.request);
    case 'status':
      return describeStatus(outcome);
    case 'unknown-variant':
      return { kind: 'unknown-variant' };
    case 'skip':
    case 'close': {
      const { code, message } = outcome.error;
      return { kind: outcome.kind, reason: code.slice('ERR_'.length).toLowerCase(), error: message };
    }
  }
}

function isOutcome(value: unknown): boolean {
  if (!isRecord(value)) return false;
  switch (value.kind) {
    case 'logs':
      return value instanceof LogBatch;
    case 'status':
      return typeof value.droppedChannelFull === 'bigint' && typeof value.droppedBatchFull === 'bigint';
    case 'skip':
    case 'close':
      return value.error instanceof BoundaryLogError;
    default:
      return value.kind === 'unknown-variant';
  }
}
