import { expect, test } from '@jest/globals';
import { decodeMessage, encodeLogs, type Frame, FrameDecoder, type LogBatch } from '../../codec/index.js';

/** The batches of a chunk, each a view of it. */
function batches(...frames: Buffer[]): { chunk: Buffer; batches: LogBatch[] } {
  const chunk = Buffer.allocUnsafeSlow(frames.reduce((sum, { length }) => sum + length, 0));
  Buffer.concat(frames).copy(chunk);
  const items = new FrameDecoder().decode(chunk) as Frame[];
  return { chunk, batches: items.map((item) => decodeMessage(item) as LogBatch) };
}

const one = encodeLogs({ sessionId: 'a', logs: [{ sequenceNumber: 1 }] });
const two = encodeLogs({ sessionId: 'b', logs: [{}, {}] }, 1);

test('raw is the request as received, and a view of the chunk', () => {
  const { chunk, batches: both } = batches(one, two);
  expect(both.map(({ tag, count, raw }) => [tag, count, raw.toString('hex')])).toEqual([
    [2, 1, '0a0220011201' + '61'],
    [1, 2, '0a000a0012' + '0162'],
  ]);
  expect(both.map(({ raw }) => raw.buffer === chunk.buffer)).toEqual([true, true]);
});

test('the request is decoded on first use, and once', () => {
  const {
    chunk,
    batches: [batch],
  } = batches(one);
  // A change of the bytes is visible, because the batch is not decoded yet.
  chunk.write('z', chunk.length - 1);
  const request = batch?.request;
  expect(request?.sessionId).toBe('z');
  chunk.write('y', chunk.length - 1);
  expect(batch?.request).toBe(request);
  expect(request?.sessionId).toBe('z');
});

test('the request keeps unknown fields', () => {
  const payload = Buffer.from('980601', 'hex');
  const batch = decodeMessage({ tag: 1, payload }) as LogBatch;
  expect(Buffer.concat(batch.request.$unknowns ?? []).toString('hex')).toBe('980601');
});

test('several logs members of one envelope are one batch, with the bytes of all', () => {
  const payload = Buffer.from('0a020a00' + '0a051201610a00', 'hex');
  const batch = decodeMessage({ tag: 2, payload }) as LogBatch;
  expect([batch.count, batch.raw.toString('hex')]).toEqual([2, '0a001201610a00']);
  expect([batch.request.logs.length, batch.request.sessionId]).toEqual([2, 'a']);
});

test('detach copies the bytes, and nothing else of the chunk', () => {
  const {
    chunk,
    batches: [, batch],
  } = batches(one, two);
  const before = Buffer.from(batch?.raw ?? '');
  batch?.detach();
  expect(batch?.raw).toEqual(before);
  expect(batch?.raw.buffer).not.toBe(chunk.buffer);
  expect(batch?.raw.buffer.byteLength).toBe(before.length);
  chunk.fill(0);
  expect(batch?.raw).toEqual(before);
  expect(batch?.request.sessionId).toBe('b');
});

test('a second detach copies nothing', () => {
  const {
    batches: [batch],
  } = batches(one);
  batch?.detach();
  const raw = batch?.raw;
  batch?.detach();
  expect(batch?.raw).toBe(raw);
});

test('a request that was decoded before detach stays', () => {
  const {
    batches: [, batch],
  } = batches(one, two);
  const request = batch?.request;
  batch?.detach();
  expect(batch?.request).toBe(request);
});
