import { encodeLogs, LogBatch, type LogsInput, Tag } from '../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../codec/messages.js';

export const SESSION = '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77';

/** A request of `count` logs, numbered from `first`. */
export function request(count: number, first = 0): LogsInput {
  return {
    sessionId: SESSION,
    confinedProcessName: 'claude-code',
    logs: Array.from({ length: count }, (_, i) => ({
      allowed: true,
      time: { seconds: 1_772_566_954, nanos: 120_000_000 },
      httpRequest: {
        method: 'GET',
        url: `https://example.com/${first + i}`,
        matchedRule: 'domain=example.com',
      },
      sequenceNumber: first + i,
    })),
  };
}

/** A frame of such a request, as boundary sends it. */
export function logsFrame(count: number, first = 0): Buffer {
  return encodeLogs(request(count, first));
}

/** Such a request as the codec returns it. */
export function logBatch(count: number, first = 0): LogBatch {
  const raw = Buffer.from(ReportBoundaryLogsRequest.encode(request(count, first)).finish());
  return new LogBatch(Tag.V2, count, raw);
}

/** The number of the first log in a batch, which shows the order of batches. */
export function firstNumber(batch: LogBatch): number {
  return batch.request.logs[0]?.sequenceNumber ?? 0;
}
