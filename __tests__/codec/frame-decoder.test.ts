import { describe, expect, test } from '@jest/globals';
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  type FrameFault,
  HEADER_LENGTH,
  MAX_PAYLOAD_LENGTH,
  type Protocol,
} from '../../codec/index.js';
import { cuts } from '../helpers/cuts.js';
import { thrown } from '../helpers/thrown.js';

/** Frames as `[tag, payload in hex]`, faults as `[code, fatal]`. */
const shown = (items: (Frame | FrameFault)[]) =>
  items.map((item) =>
    'error' in item ? [item.error.code, item.fatal] : [item.tag, item.payload.toString('hex')],
  );

const header = (tag: number, length: number) =>
  Buffer.from([tag, length >> 16, (length >> 8) & 255, length & 255]);

/** A chunk in its own memory, like one from a socket, and not in Buffer's allocation pool. */
const chunk = (...parts: Uint8Array[]) => {
  const bytes = Buffer.allocUnsafeSlow(parts.reduce((sum, part) => sum + part.length, 0));
  Buffer.concat(parts).copy(bytes);
  return bytes;
};

const hello = Buffer.from('hello');
const frames = [
  encodeFrame(1, hello),
  encodeFrame(2, Buffer.alloc(0)),
  encodeFrame(2, Buffer.alloc(MAX_PAYLOAD_LENGTH, 7)),
  encodeFrame(1, Buffer.alloc(0)),
  encodeFrame(2, Buffer.from([0])),
];
const stream = Buffer.concat(frames);

describe.each(cuts)('a stream of frames, %s', (_name, cut) => {
  test('is decoded completely', () => {
    const decoder = new FrameDecoder();
    const items = cut(stream).flatMap((piece) => decoder.decode(piece));
    expect(
      Buffer.concat(items.map((item) => ('error' in item ? hello : encodeFrame(item.tag, item.payload)))),
    ).toStrictEqual(stream);
    expect(items).toHaveLength(frames.length);
    expect(decoder.bytesConsumed).toBe(stream.length);
    expect(decoder.ended).toBe(false);
    expect(decoder.end()).toBeUndefined();
  });
});

describe('a frame in two chunks', () => {
  const bytes = Buffer.concat([encodeFrame(1, hello), encodeFrame(2, hello)]);

  test.each(Array.from(bytes.keys()))('cut before byte %i', (at) => {
    const decoder = new FrameDecoder();
    const first = decoder.decode(bytes.subarray(0, at));
    expect(first).toHaveLength(at < HEADER_LENGTH + hello.length ? 0 : 1);
    expect(decoder.bytesConsumed).toBe(at);
    expect(shown([...first, ...decoder.decode(bytes.subarray(at))])).toEqual([
      [1, '68656c6c6f'],
      [2, '68656c6c6f'],
    ]);
  });
});

test.each([
  ['in one chunk', [header(2, 0)]],
  ['with its header in four chunks', [...header(2, 0)].map((byte) => Buffer.from([byte]))],
])('a zero-length frame %s needs no more bytes', (_name, chunks) => {
  const decoder = new FrameDecoder();
  expect(shown(chunks.flatMap((piece) => decoder.decode(piece)))).toEqual([[2, '']]);
});

test('an empty chunk yields nothing and changes nothing', () => {
  const decoder = new FrameDecoder();
  decoder.decode(header(1, 5).subarray(0, 2));
  expect(decoder.decode(Buffer.alloc(0))).toEqual([]);
  expect(shown(decoder.decode(Buffer.concat([header(1, 5).subarray(2), hello])))).toEqual([
    [1, '68656c6c6f'],
  ]);
});

describe('a payload that one chunk contains', () => {
  test('is a view of the chunk', () => {
    const bytes = chunk(encodeFrame(1, hello), encodeFrame(2, hello));
    const items = new FrameDecoder().decode(bytes) as Frame[];
    expect(items.map(({ payload }) => payload.buffer === bytes.buffer)).toEqual([true, true]);
    expect(items.map(({ payload }) => payload.byteOffset)).toEqual([4, 13]);
  });

  test('is a view of it even if its header arrived in an earlier chunk', () => {
    const decoder = new FrameDecoder();
    decoder.decode(header(1, hello.length));
    const bytes = chunk(hello);
    expect((decoder.decode(bytes) as Frame[])[0]?.payload.buffer).toBe(bytes.buffer);
  });
});

test('a payload in pieces keeps no chunk alive, and needs only memory of its own length', () => {
  const decoder = new FrameDecoder();
  const chunks = [chunk(header(1, 5), hello.subarray(0, 3)), chunk(hello.subarray(3), encodeFrame(2, hello))];
  const [first] = chunks.flatMap((piece) => decoder.decode(piece)) as Frame[];
  expect(first?.payload.toString()).toBe('hello');
  expect(chunks.map(({ buffer }) => buffer)).not.toContain(first?.payload.buffer);
  expect(first?.payload.buffer.byteLength).toBe(5);
});

test('a payload in pieces is copied, so its chunks may be reused', () => {
  const decoder = new FrameDecoder();
  const reused = chunk(header(1, 4));
  decoder.decode(reused);
  const items = [1, 2, 3, 4].flatMap((value) => decoder.decode(reused.subarray(0, 1).fill(value)));
  expect(shown(items)).toEqual([[1, '01020304']]);
});

test('the decoder keeps nothing but the incomplete frame', () => {
  const decoder = new FrameDecoder();
  const [big] = decoder.decode(
    chunk(encodeFrame(1, Buffer.alloc(MAX_PAYLOAD_LENGTH)), header(1, 3), hello.subarray(0, 1)),
  );
  expect((big as Frame).payload).toHaveLength(MAX_PAYLOAD_LENGTH);
  const [small] = decoder.decode(chunk(hello.subarray(1, 3))) as Frame[];
  expect(small?.payload.toString()).toBe('hel');
  expect(small?.payload.buffer.byteLength).toBe(3);
});

test('chunks that are plain Uint8Arrays, or parts of one, yield Buffers', () => {
  const large = new Uint8Array([9, 9, ...encodeFrame(1, hello), 9]);
  const [frame] = new FrameDecoder().decode(large.subarray(2, -1)) as Frame[];
  expect(Buffer.isBuffer(frame?.payload)).toBe(true);
  expect(frame?.payload.toString()).toBe('hello');
  expect(frame?.payload.buffer).toBe(large.buffer);
});

describe('a fatal header', () => {
  test.each([
    ['tag 0', header(0, 5), 'ERR_UNSUPPORTED_TAG'],
    ['tag 3', header(3, 5), 'ERR_UNSUPPORTED_TAG'],
    ['tag 255', header(255, 5), 'ERR_UNSUPPORTED_TAG'],
    ['an unsupported tag with a length that is too large', header(3, 0xff_ffff), 'ERR_UNSUPPORTED_TAG'],
    ['tag 1 with 32769 bytes', header(1, MAX_PAYLOAD_LENGTH + 1), 'ERR_MESSAGE_TOO_LARGE'],
    ['tag 2 with the largest possible length', header(2, 0xff_ffff), 'ERR_MESSAGE_TOO_LARGE'],
  ])('(%s) is the last item, after all frames before it', (_name, bad, code) => {
    for (const [, cut] of cuts) {
      const decoder = new FrameDecoder();
      const bytes = Buffer.concat([encodeFrame(1, hello), bad, encodeFrame(1, hello)]);
      const items = cut(bytes).flatMap((piece) => decoder.decode(piece));
      expect(shown(items)).toEqual([
        [1, '68656c6c6f'],
        [code, true],
      ]);
      expect(decoder.ended).toBe(true);
      expect(decoder.bytesConsumed).toBe(HEADER_LENGTH + hello.length + HEADER_LENGTH);
      expect(decoder.decode(encodeFrame(1, hello))).toEqual([]);
      expect(decoder.end()).toBeUndefined();
      expect(decoder.bytesConsumed).toBe(HEADER_LENGTH + hello.length + HEADER_LENGTH);
    }
  });
});

describe('the end of the stream', () => {
  const whole = encodeFrame(1, hello);
  test.each<[name: string, bytes: Buffer, code: string | undefined]>([
    ['with nothing read', Buffer.alloc(0), undefined],
    ['between two frames', whole, undefined],
    ['1 byte into a header', whole.subarray(0, 1), 'ERR_TRUNCATED_HEADER'],
    ['2 bytes into a header', whole.subarray(0, 2), 'ERR_TRUNCATED_HEADER'],
    ['3 bytes into a header', whole.subarray(0, 3), 'ERR_TRUNCATED_HEADER'],
    ['3 bytes into a second header', Buffer.concat([whole, whole.subarray(0, 3)]), 'ERR_TRUNCATED_HEADER'],
    ['after a header, before its payload', whole.subarray(0, 4), undefined],
    ['1 byte into a payload', whole.subarray(0, 5), 'ERR_TRUNCATED_PAYLOAD'],
    ['1 byte before the end of a payload', whole.subarray(0, -1), 'ERR_TRUNCATED_PAYLOAD'],
    ['after an empty payload', header(2, 0), undefined],
  ])('%s: %3$s', (_name, bytes, code) => {
    for (const [, cut] of cuts) {
      const decoder = new FrameDecoder();
      for (const piece of cut(bytes)) decoder.decode(piece);
      const fault = decoder.end();
      expect(fault?.error.code).toBe(code);
      expect(fault?.fatal).toBe(code === undefined ? undefined : false);
      expect(decoder.ended).toBe(true);
      expect(decoder.bytesConsumed).toBe(bytes.length);
    }
  });

  test.each([2, 6])('%i bytes into a frame is reported once', (length) => {
    const decoder = new FrameDecoder();
    decoder.decode(whole.subarray(0, length));
    expect([decoder.end()?.fatal, decoder.end()]).toEqual([false, undefined]);
  });

  test('says what is missing, and the decoder then ignores input', () => {
    const decoder = new FrameDecoder();
    decoder.decode(whole.subarray(0, 6));
    expect(decoder.end()?.error.message).toBe(
      'the stream ended 2 bytes into a payload of 5: these bytes are dropped',
    );
    expect(decoder.decode(whole.subarray(6))).toEqual([]);
    expect(decoder.bytesConsumed).toBe(6);
  });
});

describe('a custom protocol', () => {
  const decode = () => ({ kind: 'mine' });
  const protocol: Protocol = {
    tags: { 0: { maxLength: 0, decode }, 7: { maxLength: 3, decode }, 255: { maxLength: 0xff_ffff, decode } },
  };

  test.each([
    ['its tag, at its limit', encodeFrame(7, Buffer.from('abc')), [7, '616263']],
    ['above its limit', header(7, 4), ['ERR_MESSAGE_TOO_LARGE', true]],
    ['tag 0, with an empty payload', header(0, 0), [0, '']],
    ['above a limit of 0', header(0, 1), ['ERR_MESSAGE_TOO_LARGE', true]],
    ["boundary's tag", header(1, 0), ['ERR_UNSUPPORTED_TAG', true]],
  ])('%s', (_name, bytes, expected) => {
    expect(shown(new FrameDecoder(protocol).decode(bytes))).toEqual([expected]);
  });

  test('accepts the longest payload that a header can express', () => {
    const decoder = new FrameDecoder(protocol);
    expect(decoder.decode(header(255, 0xff_ffff))).toEqual([]);
    const payload = Buffer.alloc(0xff_ffff);
    const [frame] = decoder.decode(payload) as Frame[];
    expect(frame?.payload).toHaveLength(0xff_ffff);
  });

  test('with a tag that no header can express is rejected', () => {
    const protocol = { tags: { 256: { maxLength: 1, decode } } };
    expect(thrown(() => new FrameDecoder(protocol))?.code).toBe('ERR_INVALID_OPTION');
  });
});
