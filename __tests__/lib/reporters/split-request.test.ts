import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ReportBoundaryLogsRequest } from '../../../codec/messages.js';
import { splitRequest } from '../../../lib/reporters/split-request.js';
import { logBatch } from '../../helpers/messages.js';
import { decode, REQUEST } from '../../helpers/naive-protobuf.js';
import { seed } from '../../helpers/seed.js';

/** The server's limit. */
const MAX_LOGS = 1000;

const decoded = (raw: Uint8Array) => ReportBoundaryLogsRequest.decode(raw);

test.each([
  [0, [0]],
  [1000, [1000]],
  [1001, [1000, 1]],
  [2500, [1000, 1000, 500]],
  [3000, [1000, 1000, 1000]],
])('a request of %d logs is split into %j', (count, counts) => {
  const { raw } = logBatch(count);
  const parts = splitRequest(raw, count);
  expect(parts.map((part) => decoded(part).logs.length)).toEqual(counts);
  if (parts.length === 1) expect(parts[0]).toBe(raw);
});

/** Any fields of a request, in any order: logs, known texts, and unknown fields of each wire type. */
const log = fc.record({
  allowed: fc.boolean(),
  sequenceNumber: fc.nat(),
  httpRequest: fc.record({ method: fc.string({ maxLength: 5 }), url: fc.string({ maxLength: 10 }) }),
});
const field = fc.oneof(
  { arbitrary: log.map((log) => encoded({ logs: [log] })), weight: 5 },
  { arbitrary: fc.string({ maxLength: 8 }).map((sessionId) => encoded({ sessionId })), weight: 1 },
  {
    arbitrary: fc.string({ maxLength: 8 }).map((confinedProcessName) => encoded({ confinedProcessName })),
    weight: 1,
  },
  {
    arbitrary: fc
      .constantFrom(
        '4805', // field 9, varint
        '490102030405060708', // field 9, fixed64
        '4d01020304', // field 9, fixed32
        '4a03616263', // field 9, length-delimited
        '4b08014c', // field 9, a group
        '0805', // field 1, but a varint: not a log
        '8a808000020801', // field 1 with a key that is longer than necessary: a log
      )
      .map((hex) => Buffer.from(hex, 'hex')),
    weight: 2,
  },
);

function encoded(request: object): Buffer {
  return Buffer.from(ReportBoundaryLogsRequest.encode(request as ReportBoundaryLogsRequest).finish());
}

describe('any request', () => {
  const requests = fc.array(field, { maxLength: 12 }).map((fields) => Buffer.concat(fields));

  test('is split: the logs in order, all other fields in each part', () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 1, max: 4 }), (raw, maxLogs) => {
        const whole = decode(REQUEST, raw);
        const logs = (whole.known.get(1) ?? []) as unknown[];
        const parts = splitRequest(raw, logs.length, maxLogs).map((part) =>
          decode(REQUEST, Buffer.from(part)),
        );
        expect(parts.flatMap((part) => (part.known.get(1) ?? []) as unknown[])).toEqual(logs);
        for (const part of parts) {
          expect((part.known.get(1) as unknown[] | undefined)?.length ?? 0).toBeLessThanOrEqual(maxLogs);
          expect(part.unknown).toEqual(whole.unknown);
          for (const name of [2, 3]) expect(part.known.get(name)).toEqual(whole.known.get(name));
        }
        expect(parts).toHaveLength(Math.max(1, Math.ceil(logs.length / maxLogs)));
      }),
      { seed },
    );
  });

  test('is split as protobufjs reads it', () => {
    const valid = fc.array(log, { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(valid, fc.integer({ min: 1, max: 4 }), (logs, maxLogs) => {
        const raw = encoded({ logs, sessionId: 's', confinedProcessName: 'p' });
        const parts = splitRequest(raw, logs.length, maxLogs).map(decoded);
        expect(parts.flatMap((part) => part.logs)).toEqual(decoded(raw).logs);
        expect(new Set(parts.map(({ sessionId }) => sessionId))).toEqual(new Set(['s']));
      }),
      { seed },
    );
  });
});

test.each([
  ['inconsistent with the number of logs', logBatch(3).raw, MAX_LOGS + 1],
  ['malformed', Buffer.concat([logBatch(MAX_LOGS + 1).raw, Buffer.from([0x0a, 0x7f])]), MAX_LOGS + 1],
])('a request that is %s is not split', (_what, raw, count) => {
  expect(splitRequest(raw, count)).toEqual([raw]);
});
