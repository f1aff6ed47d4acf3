import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encodeFrame } from '../../../../../lib/reporters/coder/yamux/encode.js';
import { Flag, FrameType, INITIAL_WINDOW } from '../../../../../lib/reporters/coder/yamux/frame.js';
import { FrameDecoder } from '../../../../../lib/reporters/coder/yamux/frame-decoder.js';
import { cuts } from '../../../../helpers/cuts.js';
import { readYamux, yamuxFrame } from '../../../../helpers/naive-agent-wire.js';
import { seed } from '../../../../helpers/seed.js';
import { thrown } from '../../../../helpers/thrown.js';

const { DATA, WINDOW_UPDATE, PING, GO_AWAY } = FrameType;
const hello = Buffer.from('hello');

/** Frames with the bytes that the specification prescribes. */
const FRAMES: [what: string, frame: Parameters<typeof encodeFrame>, hex: string][] = [
  ['SYN of stream 1', [WINDOW_UPDATE, Flag.SYN, 1], '00 01 0001 00000001 00000000'],
  ['ACK of stream 1', [WINDOW_UPDATE, Flag.ACK, 1], '00 01 0002 00000001 00000000'],
  ['data', [DATA, Flag.NONE, 1, hello], '00 00 0000 00000001 00000005 68656c6c6f'],
  ['an empty data frame', [DATA, Flag.FIN, 3, Buffer.alloc(0)], '00 00 0004 00000003 00000000'],
  ['a window update of 128 KiB', [WINDOW_UPDATE, Flag.NONE, 1, 131_072], '00 01 0000 00000001 00020000'],
  ['FIN', [WINDOW_UPDATE, Flag.FIN, 1], '00 01 0004 00000001 00000000'],
  ['RST', [WINDOW_UPDATE, Flag.RST, 0xffff_ffff], '00 01 0008 ffffffff 00000000'],
  ['a ping', [PING, Flag.SYN, 0, 0xffff_ffff], '00 02 0001 00000000 ffffffff'],
  ['the answer to a ping', [PING, Flag.ACK, 0, 7], '00 02 0002 00000000 00000007'],
  ['Go Away', [GO_AWAY, Flag.NONE, 0, 1], '00 03 0000 00000000 00000001'],
];

const bytesOf = (hex: string) => Buffer.from(hex.replaceAll(' ', ''), 'hex');
const decodeAll = (pieces: Buffer[]) => {
  const decoder = new FrameDecoder();
  return pieces
    .flatMap((piece) => [...decoder.decode(piece)])
    .map(({ streamId, ...frame }) => ({ ...frame, id: streamId }));
};

test.each(FRAMES)('%s', (_what, frame, hex) => {
  expect(encodeFrame(...frame)).toEqual(bytesOf(hex));
});

describe.each(cuts)('frames, %s', (_name, cut) => {
  test('are decoded as a naive reader decodes them', () => {
    const bytes = Buffer.concat([
      ...FRAMES.map(([, , hex]) => bytesOf(hex)),
      yamuxFrame(0, 0, 5, Buffer.alloc(5000, 7)),
    ]);
    const { frames } = readYamux(bytes);
    expect(frames).toHaveLength(FRAMES.length + 1);
    expect(decodeAll(cut(bytes))).toEqual(frames);
  });
});

test('a frame may be as long as the window', () => {
  const bytes = yamuxFrame(0, 0, 5, Buffer.alloc(INITIAL_WINDOW, 7));
  expect(decodeAll([bytes.subarray(0, 100_000), bytes.subarray(100_000)])).toEqual(readYamux(bytes).frames);
});

test('encoded frames are decoded, wherever the chunks begin and end', () => {
  const frame = fc.tuple(
    fc.constantFrom(DATA, WINDOW_UPDATE, PING, GO_AWAY),
    fc.integer({ min: 0, max: 0xffff }),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.integer({ min: 0, max: 0xffff_ffff }),
    fc.uint8Array({ maxLength: 40 }),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 6 }), fc.array(fc.nat(60)), (frames, lengths) => {
      const bytes = Buffer.concat(
        frames.map(([type, flags, id, length, data]) =>
          encodeFrame(type, flags, id, type === DATA ? data : length),
        ),
      );
      const pieces = lengths.reduceRight<Buffer[]>(
        ([head = bytes, ...tail], length) => [head.subarray(0, length), head.subarray(length), ...tail],
        [bytes],
      );
      expect(decodeAll(pieces)).toEqual(readYamux(bytes).frames);
    }),
    { seed },
  );
});

test.each([
  ['another version', '01 00 0000 00000001 00000000'],
  ['an unknown type', '00 04 0000 00000000 00000000'],
  ['data that is longer than the window', '00 00 0000 00000001 00040001'],
  ['another protocol', Buffer.from('HTTP/1.1 400').toString('hex')],
])('%s is an error after the frames before it', (_what, hex) => {
  const decoder = new FrameDecoder();
  const bytes = Buffer.concat([yamuxFrame(2, 1, 0, 1), bytesOf(hex)]);
  const frames: unknown[] = [];
  const error = thrown(() => {
    for (const frame of decoder.decode(bytes)) frames.push(frame);
  });
  expect(frames).toHaveLength(1);
  expect(error).toMatchObject({ code: 'ERR_PROTOCOL_VIOLATION' });
});
