import { describe, expect, test } from '@jest/globals';
import { encodeFrame, HEADER_LENGTH, MAX_PAYLOAD_LENGTH, Tag } from '../../codec/index.js';
import { thrown } from '../helpers/thrown.js';

test.each<[tag: number, payload: number[], frame: string]>([
  [Tag.V1, [], '01000000'],
  [Tag.V2, [0xab], '02000001ab'],
  [0, [1, 2, 3], '00000003010203'],
  [255, [1], 'ff00000101'],
])('the frame of tag %i and payload %j is %s', (tag, payload, frame) => {
  expect(encodeFrame(tag, Uint8Array.from(payload)).toString('hex')).toBe(frame);
});

test.each<[length: number, header: string]>([
  [255, '020000ff'],
  [256, '02000100'],
  [MAX_PAYLOAD_LENGTH, '02008000'],
])('the header of a payload of %i bytes is %s', (length, header) => {
  const frame = encodeFrame(2, Buffer.alloc(length, 7));
  expect(frame).toHaveLength(HEADER_LENGTH + length);
  expect(frame.subarray(0, HEADER_LENGTH).toString('hex')).toBe(header);
  expect(frame.subarray(HEADER_LENGTH)).toEqual(Buffer.alloc(length, 7));
});

test('a frame contains a copy of the payload', () => {
  const payload = Buffer.from('a');
  const frame = encodeFrame(1, payload);
  payload.write('b');
  expect(frame.toString('latin1', 4)).toBe('a');
});

test('a caller may allow larger payloads, up to the 24 bits of the header', () => {
  const largest = 0xff_ffff;
  expect(encodeFrame(255, Buffer.alloc(largest), largest).subarray(0, 4).toString('hex')).toBe('ffffffff');
  expect(thrown(() => encodeFrame(255, Buffer.alloc(largest + 1), largest))?.code).toBe(
    'ERR_MESSAGE_TOO_LARGE',
  );
  expect(thrown(() => encodeFrame(255, Buffer.alloc(0), largest + 1))?.code).toBe('ERR_INVALID_OPTION');
});

describe('encodeFrame rejects', () => {
  test.each([-1, 256, 1.5, Number.NaN, '1' as unknown as number])(
    'the tag %p with ERR_INVALID_OPTION',
    (tag) => {
      expect(thrown(() => encodeFrame(tag, Buffer.alloc(0)))).toMatchObject({
        name: 'BoundaryLogError',
        code: 'ERR_INVALID_OPTION',
        message: `tag: got ${typeof tag === 'string' ? `"${tag}"` : tag}, expected a whole number from 0 to 255`,
      });
    },
  );

  test.each([
    ['a payload of 32769 bytes', MAX_PAYLOAD_LENGTH + 1, undefined],
    ['a payload of 1 byte more than the limit of the caller', 4, 3],
  ])('%s with ERR_MESSAGE_TOO_LARGE', (_name, length, maxLength) => {
    expect(thrown(() => encodeFrame(2, Buffer.alloc(length), maxLength))?.code).toBe('ERR_MESSAGE_TOO_LARGE');
  });
});
