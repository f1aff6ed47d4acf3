import { describeMessage } from '../../codec/describe-message.js';
import { BoundaryLog, ReportBoundaryLogsRequest } from '../../codec/generated/schema.js';
import { describeOutcome, type LogBatch, type Outcome } from '../../codec/index.js';
import { BoundaryLogError } from '../errors.js';
import { escapeUnprintable } from '../printable.js';

/**
 * What `describeOutcome()` returns, as a line of JSON in pieces. The line of a frame of 32 KiB can have megabytes.
 *
 * @throws ERR_INVALID_BATCH if the outcome is a batch that cannot be decoded.
 */
export function* describeInPieces(outcome: Outcome): Generator<string> {
  if (outcome.kind !== 'logs') {
    yield `${escapeUnprintable(JSON.stringify(describeOutcome(outcome)))}\n`;
    return;
  }
  const { tag, count, raw } = outcome;
  const request = requestOf(outcome);
  const withoutLogs = Object.assign(Object.create(request), { logs: [] });
  const { logs: _none, ...rest } = describeMessage(ReportBoundaryLogsRequest, withoutLogs);
  const start = JSON.stringify({ kind: 'logs', tag, count, ...rest }).slice(0, -1);
  yield `${escapeUnprintable(start)},"logs":[`;
  let separator = '';
  for (const log of request.logs) {
    yield separator + escapeUnprintable(JSON.stringify(describeMessage(BoundaryLog, log)));
    separator = ',';
  }
  yield `],"raw_hex":"${raw.toString('hex')}"}\n`;
}

function requestOf(batch: LogBatch): LogBatch['request'] {
  try {
    return batch.request;
  } catch (cause) {
    const message = `this batch cannot be decoded: ${(cause as Error).message}`;
    throw new BoundaryLogError('ERR_INVALID_BATCH', message, { cause });
  }
}
