import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from '@jest/globals';
import { StatusSink } from '../../../lib/index.js';
import { thrown } from '../../helpers/thrown.js';

const status = (droppedChannelFull: bigint, droppedBatchFull: bigint) =>
  ({ kind: 'status', droppedChannelFull, droppedBatchFull }) as const;

const MAX = 2n ** 32n - 1n;

test.each([
  ['none', [], [0, 0]],
  ['each on its own', [status(5n, 3n)], [5, 3]],
  ['several are added up', [status(5n, 3n), status(1n, 0n), status(0n, 2n)], [6, 5]],
  ['0 and below add nothing', [status(5n, 3n), status(0n, 0n), status(-1n, -(2n ** 63n))], [5, 3]],
  ['one below 0 does not keep the other one back', [status(-4n, 7n), status(2n, -1n)], [2, 7]],
  ['as large as allowed', [status(MAX, MAX), status(MAX, 0n)], [2 * (2 ** 32 - 1), 2 ** 32 - 1]],
])('status reports: %s', async (_name, reports, expected) => {
  const sink = new StatusSink();
  await pipeline(Readable.from(reports), sink);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual(expected);
});

test.each([
  ['one count above the limit', status(MAX + 1n, 1n)],
  ['the other count above the limit', status(-1n, MAX + 1n)],
  ['a count that a double cannot represent', status(2n ** 53n + 1n, 1n)],
  ['the largest there is', status(2n ** 63n - 1n, 2n ** 63n - 1n)],
])('a report is rejected as a whole: %s', async (_name, report) => {
  const sink = new StatusSink();
  const rejected: unknown[] = [];
  sink.on('reject', (report) => rejected.push(report));
  await pipeline(Readable.from([status(5n, 3n), report, status(1n, 1n)]), sink);
  expect(rejected).toEqual([report]);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual([6, 4]);
});

test('maxStatusCount is the largest count that is accepted', async () => {
  const sink = new StatusSink({ maxStatusCount: 10 });
  await pipeline(Readable.from([status(10n, 0n), status(11n, 0n), status(0n, 10n)]), sink);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual([10, 10]);
});

test.each([-1, 1.5, Number.NaN, '5', 5n, 2 ** 53])('maxStatusCount: %p is refused', (maxStatusCount) => {
  expect(thrown(() => new StatusSink({ maxStatusCount } as object))?.code).toBe('ERR_INVALID_OPTION');
});

test('a counter stays exact: it starts again before 2^53', async () => {
  const sink = new StatusSink({ maxStatusCount: Number.MAX_SAFE_INTEGER });
  const reports = [status(2n ** 53n - 2n, 0n), status(1n, 0n)];
  await pipeline(Readable.from(reports), sink, { end: false });
  expect(sink.droppedChannelFull).toBe(Number.MAX_SAFE_INTEGER);
  await pipeline(Readable.from([status(7n, 3n), status(1n, 0n)]), sink);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual([8, 3]);
});

test('without a limit a counter only grows, and is rounded, as in the Go implementation', async () => {
  const sink = new StatusSink({ maxStatusCount: Number.POSITIVE_INFINITY });
  await pipeline(Readable.from([status(2n ** 63n - 1n, 2n ** 53n + 1n), status(5n, 1n)]), sink);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual([2 ** 63, 2 ** 53 + 1]);
});
