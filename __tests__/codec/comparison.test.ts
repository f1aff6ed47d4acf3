import assert from 'node:assert';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { format } from 'pretty-format';
import {
  BoundaryLogError,
  decodeMessage,
  describeOutcome,
  encodeStatus,
  type Frame,
  FrameDecoder,
  LogBatch,
  StatusReport,
} from '../../codec/index.js';
import { batchPairs } from '../helpers/batch-pairs.js';
import { ROOT } from '../helpers/code-blocks.js';
import { seed } from '../helpers/seed.js';

type Comparison = (actual: unknown, expected: unknown) => unknown;

/** Node 22 and newer have it. */
const { partialDeepStrictEqual } = assert as unknown as { partialDeepStrictEqual?: Comparison };

const comparisons: [name: string, compare: Comparison][] = [
  ['deepEqual', (a, b) => assert.deepEqual(a, b)],
  ['deepStrictEqual', (a, b) => assert.deepStrictEqual(a, b)],
  ...(partialDeepStrictEqual
    ? ([['partialDeepStrictEqual', partialDeepStrictEqual]] as [string, Comparison][])
    : []),
  ['toEqual', (a, b) => expect(a).toEqual(b)],
  ['toStrictEqual', (a, b) => expect(a).toStrictEqual(b)],
  ['toMatchObject', (a, b) => expect(a).toMatchObject(b as object)],
  ['JSON.stringify', (a, b) => assert.equal(JSON.stringify(a), JSON.stringify(b))],
  ['a snapshot', (a, b) => assert.equal(format(a), format(b))],
];

const passes = (compare: Comparison, a: unknown, b: unknown) => {
  try {
    compare(a, b);
    return true;
  } catch {
    return false;
  }
};

describe.each(comparisons)('%s', (_name, compare) => {
  test('finds two batches equal if and only if their tags and bytes are', () => {
    const property = fc.property(batchPairs, ({ batches: [a, b], areEqual }) => {
      expect([passes(compare, a, b), passes(compare, b, a)]).toEqual([areEqual, areEqual]);
    });
    fc.assert(property, { seed, numRuns: 200, interruptAfterTimeLimit: 4000 });
  });

  test('distinguishes status reports, frames and errors by their content', () => {
    const [a, b] = [1n, 2n].map((n) => new StatusReport(n, 0n));
    const frames = [1, 2].map((tag) => ({ tag, payload: Buffer.from([tag]) }));
    const errors = ['ERR_INVALID_UTF8' as const, 'ERR_INVALID_PROTOBUF' as const].map(
      (code) => new BoundaryLogError(code, code),
    );
    for (const [first, second] of [[a, b], frames, errors.map((error) => ({ kind: 'skip', error }))]) {
      expect([passes(compare, first, second), passes(compare, first, first)]).toEqual([false, true]);
    }
  });
});

test('Vitest finds two batches equal if and only if their tags and bytes are', async () => {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', '--root', join(ROOT, '__tests__/vitest'), '--reporter=verbose'];
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    NO_COLOR: '1',
    FORCE_COLOR: '0',
    CI: '1',
    TEST_SEED: String(seed),
  };
  const running = promisify(execFile)(process.execPath, args, { cwd: ROOT, env, timeout: 100_000 });
  const { stdout, stderr } = await running.catch((error) => error);
  expect(`${stdout}${stderr}`).toMatch(/^ *Tests +4 passed \(4\)$/m);
}, 120_000);

test('a decoded status is equal to a created one, and JSON shows its numbers', () => {
  const [frame] = new FrameDecoder().decode(encodeStatus({ droppedChannelFull: 2n ** 53n + 1n })) as Frame[];
  const decoded = decodeMessage(frame as Frame);
  assert.deepStrictEqual(decoded, new StatusReport(2n ** 53n + 1n, 0n));
  expect(decoded).toEqual({ kind: 'status', droppedChannelFull: 2n ** 53n + 1n, droppedBatchFull: 0n });
  expect(JSON.stringify(decoded)).toContain('"dropped_channel_full":"9007199254740993"');
});

test('requests that differ only in unknown fields are different', () => {
  const [a, b] = ['980601', '980602'].map((hex) => new LogBatch(1, 0, Buffer.from(hex, 'hex')).request);
  for (const [name, compare] of comparisons.slice(0, -1)) {
    expect([name, passes(compare, a, b), passes(compare, a, a)]).toEqual([name, false, true]);
  }
});

describe('what a batch shows', () => {
  const batch = new LogBatch(2, 1, Buffer.from('0a02080112027331', 'hex'));

  test('JSON.stringify() is what describeOutcome() returns', () => {
    expect(JSON.parse(JSON.stringify(batch))).toEqual(describeOutcome(batch));
    expect(describeOutcome(batch)).toMatchObject({ session_id: 's1', logs: [{ allowed: true }] });
  });

  test('console.log() shows the logs and the bytes, unless it is too deep', async () => {
    const { inspect } = await import('node:util');
    expect(inspect(batch)).toMatch(
      /^LogBatch \{[\s\S]*session_id: 's1'[\s\S]*allowed: true[\s\S]*raw: <Buffer 0a 02 /,
    );
    expect(inspect([[batch]], { depth: 0 })).not.toContain('s1');
    expect(inspect({ a: { b: { c: batch } } }, { depth: null })).toContain('s1');
    expect(inspect({ a: { b: { c: batch } } })).toContain('[LogBatch]');
  });

  test('bytes that are not valid are shown as they are, with the error', () => {
    const invalid = new LogBatch(1, 1, Buffer.from('0a', 'hex'));
    expect(JSON.parse(JSON.stringify(invalid))).toEqual({
      ...{ kind: 'logs', tag: 1, count: 1, raw_hex: '0a' },
      error: expect.stringContaining('raw is not a valid ReportBoundaryLogsRequest'),
    });
  });
});

test('any bytes are decoded or fail with ERR_INVALID_PROTOBUF', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    try {
      expect(new LogBatch(1, 0, Buffer.from(bytes)).request).toBeDefined();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_INVALID_PROTOBUF', permanent: true });
    }
  });
  fc.assert(property, { seed, numRuns: 2000, interruptAfterTimeLimit: 4000 });
});
