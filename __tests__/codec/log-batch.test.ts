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

test('an envelope of thousands of members is one batch, with their bytes in order', () => {
  const members = Array.from({ length: 3000 }, (_, i) => Buffer.from([0x12, 1, 0x61 + (i % 26)]));
  const payload = Buffer.concat(members.map((member) => Buffer.concat([Buffer.from([0x0a, 3]), member])));
  const batch = decodeMessage({ tag: 2, payload }) as LogBatch;
  expect(batch).toMatchObject({ kind: 'logs', count: 0 });
  expect(batch.raw.equals(Buffer.concat(members))).toBe(true);
  const status = decodeMessage({ tag: 2, payload: Buffer.concat([payload, Buffer.from('1200', 'hex')]) });
  expect(status.kind).toBe('status');
  const again = decodeMessage({
    tag: 2,
    payload: Buffer.concat([payload, Buffer.from('12000a020a00', 'hex')]),
  });
  expect(again).toMatchObject({ kind: 'logs', count: 1, raw: Buffer.from('0a00', 'hex') });
});

test('an invalid frame creates no error of its own, as the stack trace would cost more than the frame', () => {
  const invalid = (payload: string) => decodeMessage({ tag: 1, payload: Buffer.from(payload, 'hex') });
  expect(invalid('ff')).toBe(invalid('07'));
  expect(invalid('1201ff')).toBe(invalid('1a01ff'));
  expect([invalid('ff'), invalid('1201ff')]).toMatchObject([
    { error: { code: 'ERR_INVALID_PROTOBUF' } },
    { error: { code: 'ERR_INVALID_UTF8' } },
  ]);
  expect((invalid('ff') as { error: Error }).error.stack).not.toContain(' at ');
});
