import { describe, expect, test } from '@jest/globals';
import Long from 'long';
import {
  decodeMessage,
  encodeLogs,
  encodeRawLogs,
  encodeStatus,
  type Frame,
  FrameDecoder,
  LogBatch,
  type LogsInput,
  MAX_PAYLOAD_LENGTH,
  type Outcome,
  Tag,
} from '../../codec/index.js';
import { thrown } from '../helpers/thrown.js';

/** The outcome that a receiver gets from one frame. */
function received(frame: Buffer): Outcome {
  const items = new FrameDecoder().decode(frame);
  expect(items).toHaveLength(1);
  return decodeMessage(items[0] as Frame);
}

function receivedLogs(frame: Buffer): LogBatch {
  const outcome = received(frame);
  expect(outcome).toBeInstanceOf(LogBatch);
  return outcome as LogBatch;
}

const tags = [Tag.V1, Tag.V2];

const request: LogsInput = {
  sessionId: '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77',
  confinedProcessName: 'claude-code',
  logs: [
    {
      allowed: true,
      time: { seconds: 1_772_566_954, nanos: 120_000_000 },
      httpRequest: { method: 'GET', url: 'https://example.com/ü', matchedRule: 'domain=example.com' },
    },
    { allowed: false, sequenceNumber: -(2 ** 31) },
  ],
};

/** With this session, the payload has 32768 bytes: the field and the envelope each add a key and a length of three bytes. */
const longestSessionId = (tag: Tag) => 'x'.repeat(MAX_PAYLOAD_LENGTH - (tag === Tag.V1 ? 4 : 8));

describe.each(tags)('logs under tag %i', (tag) => {
  test('are decoded to what was encoded', () => {
    const batch = receivedLogs(encodeLogs(request, tag));
    expect(batch.tag).toBe(tag);
    expect(batch.count).toBe(2);
    expect(batch.request).toMatchObject({
      ...request,
      logs: [
        { ...request.logs?.[0], time: { seconds: Long.fromNumber(1_772_566_954), nanos: 120_000_000 } },
        { allowed: false, sequenceNumber: -(2 ** 31) },
      ],
    });
  });

  test('may be an empty list', () => {
    const batch = receivedLogs(encodeLogs({}, tag));
    expect([batch.count, batch.raw.length]).toEqual([0, 0]);
  });

  test.each([Long.MIN_VALUE, Long.NEG_ONE, Long.ZERO, Long.MAX_VALUE])(
    'keep the seconds %s, an int64',
    (seconds) => {
      const batch = receivedLogs(encodeLogs({ logs: [{ time: { seconds } }] }, tag));
      expect(String(batch.request.logs[0]?.time?.seconds)).toBe(String(seconds));
    },
  );

  test('may have a payload of 32768 bytes, but not of 32769', () => {
    const sessionId = longestSessionId(tag);
    const frame = encodeLogs({ sessionId }, tag);
    expect(frame).toHaveLength(4 + MAX_PAYLOAD_LENGTH);
    expect(receivedLogs(frame).request.sessionId).toBe(sessionId);
    expect(thrown(() => encodeLogs({ sessionId: `${sessionId}x` }, tag))?.code).toBe('ERR_MESSAGE_TOO_LARGE');
  });

  test.each<[name: string, request: LogsInput]>([
    ['session', { sessionId: 'a\ud800' }],
    ['process', { confinedProcessName: '\udc00' }],
    ['method', { logs: [{ httpRequest: { method: '\ud800x' } }] }],
    ['URL', { logs: [{ httpRequest: { url: 'https://\udfff/' } }] }],
    ['rule', { logs: [{}, { httpRequest: { matchedRule: '\ud83d' } }] }],
  ])('with a lone surrogate in the %s are rejected with ERR_INVALID_EVENT', (_name, bad) => {
    const error = thrown(() => encodeLogs(bad, tag));
    expect(error?.code).toBe('ERR_INVALID_EVENT');
    expect(error?.cause?.code).toBe('ERR_INVALID_UTF8');
  });

  test('that are null are rejected with ERR_INVALID_EVENT and its cause', () => {
    const error = thrown(() => encodeLogs({ logs: [null] } as unknown as LogsInput, tag));
    expect(error?.code).toBe('ERR_INVALID_EVENT');
    expect(error?.cause).toBeInstanceOf(TypeError);
  });
});

test('logs are encoded under tag 2 by default', () => {
  expect(encodeLogs(request)).toEqual(encodeLogs(request, Tag.V2));
  expect(encodeRawLogs(Buffer.alloc(0))).toEqual(encodeRawLogs(Buffer.alloc(0), Tag.V2));
  expect(encodeLogs(request)[0]).toBe(2);
});

describe.each(tags)('raw logs under tag %i', (tag) => {
  test.each([
    ['one field', '120173'],
    ['unknown fields', '12017398060a'],
    ['fields in any order', '1a01700a0212001201730a00'],
    ['a key that is longer than necessary', '928000017a'],
    ['nothing', ''],
  ])('that contain %s are not changed', (_name, hex) => {
    expect(receivedLogs(encodeRawLogs(Buffer.from(hex, 'hex'), tag)).raw.toString('hex')).toBe(hex);
  });

  test('may be a plain Uint8Array', () => {
    expect(receivedLogs(encodeRawLogs(Uint8Array.of(0x0a, 0), tag)).count).toBe(1);
  });

  test('may have a payload of 32768 bytes, but not of 32769', () => {
    const raw = receivedLogs(encodeLogs({ sessionId: longestSessionId(tag) }, tag)).raw;
    expect(encodeRawLogs(raw, tag)).toHaveLength(4 + MAX_PAYLOAD_LENGTH);
    const more = Buffer.concat([raw, Buffer.from('1000', 'hex')]);
    expect(thrown(() => encodeRawLogs(more, tag))?.code).toBe('ERR_MESSAGE_TOO_LARGE');
  });

  test.each([
    ['not protobuf', 'ff', 'ERR_INVALID_PROTOBUF'],
    ['not UTF-8 in a string', '1201ff', 'ERR_INVALID_UTF8'],
  ])('that are %s are rejected with ERR_INVALID_EVENT and its cause', (_name, hex, cause) => {
    const error = thrown(() => encodeRawLogs(Buffer.from(hex, 'hex'), tag));
    expect([error?.code, error?.cause?.code]).toEqual(['ERR_INVALID_EVENT', cause]);
  });
});

test('raw logs that are undefined are rejected with ERR_INVALID_EVENT and its cause', () => {
  const error = thrown(() => encodeRawLogs(undefined as unknown as Uint8Array));
  expect([error?.code, error?.cause instanceof TypeError]).toEqual(['ERR_INVALID_EVENT', true]);
});

describe('a status', () => {
  const MAX = 2n ** 63n - 1n;
  const MIN = -(2n ** 63n);
  test.each([
    ['both counts', { droppedChannelFull: 5, droppedBatchFull: 3 }, 5n, 3n],
    ['one count', { droppedBatchFull: 3n }, 0n, 3n],
    ['no counts', {}, 0n, 0n],
    ['the limits of an int64', { droppedChannelFull: MIN, droppedBatchFull: MAX }, MIN, MAX],
    ['the largest safe number', { droppedChannelFull: Number.MAX_SAFE_INTEGER }, 2n ** 53n - 1n, 0n],
    ['a negative count', { droppedChannelFull: -1 }, -1n, 0n],
  ])('with %s is decoded to what was encoded', (_name, status, droppedChannelFull, droppedBatchFull) => {
    const frame = encodeStatus(status);
    expect(frame[0]).toBe(Tag.V2);
    expect(received(frame)).toEqual({ kind: 'status', droppedChannelFull, droppedBatchFull });
  });

  test('that is null is rejected with ERR_INVALID_EVENT', () => {
    expect(thrown(() => encodeStatus(null as unknown as object))?.code).toBe('ERR_INVALID_EVENT');
  });
});

test.each<[what: string, run: () => Buffer]>([
  ['undefined logs', () => encodeLogs(undefined as never)],
  ['logs that are not a list', () => encodeLogs({ logs: 5 } as never)],
  ['a sequence number beyond int32', () => encodeLogs({ logs: [{ sequenceNumber: 2 ** 40 }] })],
  ['nanoseconds beyond int32', () => encodeLogs({ logs: [{ time: { nanos: 2 ** 40 } }] })],
  ['seconds that are NaN', () => encodeLogs({ logs: [{ time: { seconds: Number.NaN } }] })],
  ['raw bytes that are a number, under tag 1,', () => encodeRawLogs(5 as never, 1)],
  ['raw bytes that are an object, under tag 2,', () => encodeRawLogs({} as never)],
  ['a count that is NaN', () => encodeStatus({ droppedBatchFull: Number.NaN })],
  ['a count that is not a whole number', () => encodeStatus({ droppedBatchFull: 1.5 })],
  ['a count beyond int64', () => encodeStatus({ droppedChannelFull: 2n ** 63n })],
])('%s: rejected with ERR_INVALID_EVENT, not encoded as something else', (_what, run) => {
  expect(thrown(run)).toMatchObject({ code: 'ERR_INVALID_EVENT', cause: expect.any(Error) });
});

test('a large count that is a number is encoded exactly', () => {
  const frame = encodeStatus({ droppedBatchFull: 2 ** 60 });
  expect(decodeMessage({ tag: 2, payload: frame.subarray(4) })).toMatchObject({
    droppedBatchFull: 2n ** 60n,
  });
});
