import { describe, expect, test } from '@jest/globals';
import {
  boundaryProtocol,
  decodeFrames,
  decodeMessage,
  encodeLogs,
  encodeRawLogs,
  FrameDecoder,
  LogBatch,
} from '../../codec/index.js';
import { summaryOf } from '../../codec/summary.js';
import { random } from '../helpers/cuts.js';
import { seed } from '../helpers/seed.js';
import { decodedSum, summedUp } from '../helpers/sums.js';

const next = random(seed);
const below = (limit: number) => Math.floor(next() * limit);

function decoded(frame: Buffer): LogBatch {
  const [item] = new FrameDecoder().decode(frame);
  return decodeMessage(item as never) as LogBatch;
}

const logsOf = (numbers: readonly number[]) =>
  numbers.map((sequenceNumber, i) => ({ sequenceNumber, allowed: i % 3 === 0, httpRequest: { url: 'x' } }));

describe('the numbers of a batch', () => {
  test.each([
    ['none', [], -1],
    ['one', [7], 7],
    ['from 0', [0, 1, 2], 0],
    ['with a gap', [0, 2], -1],
    ['not in order', [1, 0], -1],
    ['the same twice', [4, 4], -1],
    ['all 0, as a sender without sessions has them', [0, 0, 0], -1],
    ['up to the largest', [2 ** 31 - 2, 2 ** 31 - 1], 2 ** 31 - 2],
    ['beyond the largest', [2 ** 31 - 1, -(2 ** 31)], -1],
    ['negative', [-2, -1], -1],
    ['from below 0', [-1, 0], -1],
  ])('%s', (_, numbers, first) => {
    const batch = decoded(encodeLogs({ sessionId: 'a session', logs: logsOf(numbers) }));
    expect(batch.firstNumber).toBe(first);
    expect(batch.numbers).toEqual(numbers);
    expect(summedUp(new LogBatch(2, batch.count, batch.raw))).toEqual(summedUp(batch));
  });
});

test.each([
  ['16 short logs', 16, 'x', true],
  ['17 short logs', 17, 'x', false],
  ['17 logs of 40 bytes', 17, 'https://example.com/abcdefghij', true],
  ['700 logs of 40 bytes', 700, 'https://example.com/abcdefghij', true],
])('%s: whether numbers that are not consecutive are listed', (_, count, url, isListed) => {
  const numbers = Array.from({ length: count }, (_, i) => 2 * i);
  const logs = numbers.map((sequenceNumber) => ({ sequenceNumber, allowed: true, httpRequest: { url } }));
  const frame = encodeLogs({ sessionId: 'a session', logs });
  const batch = decoded(frame);
  expect(batch.numbers).toEqual(isListed ? numbers : []);
  expect(batch.allowed).toBe(count);
  // A batch that the codec has not checked, and the sum in JavaScript.
  expect(summedUp(new LogBatch(2, count, batch.raw))).toEqual(summedUp(batch));
  const { sessionId, allowed, firstNumber, numbers: listed } = summaryOf(batch.raw);
  expect({ sessionId, allowed, firstNumber, numbers: listed }).toEqual(summedUp(batch));
});

test('a batch knows the session of its own logs, whatever was decoded before', () => {
  // Ids of all lengths, some of them equal at both ends, and more than are known by number.
  const ids = Array.from({ length: 600 }, (_, i) =>
    i % 3 === 0 ? `12345678${'-'.repeat(i % 70)}${i}-12345678` : `${i}${'ü'.repeat(i % 40)}`.slice(0, i % 60),
  );
  for (let round = 0; round < 4000; round++) {
    const requests = Array.from({ length: 1 + below(3) }, () => ({
      sessionId: ids[below(ids.length)] ?? '',
      logs: logsOf([below(5)]),
    }));
    const payload = Buffer.concat(requests.map((request) => encodeLogs(request).subarray(4)));
    const batch = decodeMessage({ tag: 2, payload }) as LogBatch;
    expect(batch.sessionId).toBe(requests.findLast(({ sessionId }) => sessionId !== '')?.sessionId ?? '');
    expect(summedUp(batch)).toEqual(decodedSum(batch));
  }
});

test('an envelope is summed up from its last status report on', () => {
  const status = Buffer.of(0x12, 0x02, 0x08, 0x01);
  for (let round = 0; round < 2000; round++) {
    const members = Array.from({ length: 1 + below(5) }, () =>
      below(4) === 0
        ? status
        : encodeLogs({ sessionId: below(2) === 0 ? '' : `s${below(3)}`, logs: logsOf([below(4)]) }).subarray(
            4,
          ),
    );
    const payload = Buffer.concat([...members, encodeLogs({ logs: logsOf([1]) }).subarray(4)]);
    const batch = decodeMessage({ tag: 2, payload }) as LogBatch;
    expect(summedUp(batch)).toEqual(decodedSum(batch));
    expect(summedUp(batch)).toEqual(summedUp(new LogBatch(2, batch.count, batch.raw)));
  }
});

test('batches of one chunk know their own sessions', () => {
  const frames = [1, 2, 1, 3].map((n) => encodeLogs({ sessionId: `session ${n}`, logs: logsOf([n]) }));
  const outcomes = decodeFrames(boundaryProtocol, new FrameDecoder().decode(Buffer.concat(frames)));
  expect(outcomes.map((batch) => (batch as LogBatch).sessionId)).toEqual(
    [1, 2, 1, 3].map((n) => `session ${n}`),
  );
});

test('a batch of which somebody made the bytes does not have to be valid', () => {
  const { raw } = decoded(encodeLogs({ sessionId: 'a session', logs: logsOf([3, 4]) }));
  expect(summedUp(new LogBatch(2, 5, raw))).toMatchObject({ sessionId: 'a session', firstNumber: -1 });
  for (let length = 0; length < raw.length; length++) {
    expect(() => summedUp(new LogBatch(2, 2, raw.subarray(0, length)))).not.toThrow();
  }
  expect(summedUp(new LogBatch(2, 1, Buffer.alloc(50, 0xff)))).toEqual({
    ...{ sessionId: '', allowed: 0, firstNumber: -1, numbers: [] },
  });
  expect(decoded(encodeRawLogs(raw)).sessionId).toBe('a session');
});
