import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from '@jest/globals';
import { StatusSink } from '../../../lib/index.js';

const status = (droppedChannelFull: bigint, droppedBatchFull: bigint) =>
  ({ kind: 'status', droppedChannelFull, droppedBatchFull }) as const;

test.each([
  ['none', [], [0, 0]],
  ['each on its own', [status(5n, 3n)], [5, 3]],
  ['several are added up', [status(5n, 3n), status(1n, 0n), status(0n, 2n)], [6, 5]],
  ['0 and below add nothing', [status(5n, 3n), status(0n, 0n), status(-1n, -(2n ** 63n))], [5, 3]],
  ['one below 0 does not keep the other one back', [status(-4n, 7n), status(2n, -1n)], [2, 7]],
  ['the largest there is', [status(2n ** 63n - 1n, 1n)], [2 ** 63, 1]],
])('status reports: %s', async (_name, reports, expected) => {
  const sink = new StatusSink();
  await pipeline(Readable.from(reports), sink);
  expect([sink.droppedChannelFull, sink.droppedBatchFull]).toEqual(expected);
});
