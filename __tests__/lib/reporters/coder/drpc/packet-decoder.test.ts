import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_PACKET_LENGTH } from '../../../../../lib/reporters/coder/drpc/packet.js';
import { PacketDecoder } from '../../../../../lib/reporters/coder/drpc/packet-decoder.js';
import { cuts } from '../../../../helpers/cuts.js';
import { drpcFrame, readDrpc } from '../../../../helpers/naive-agent-wire.js';
import { seed } from '../../../../helpers/seed.js';
import { thrown } from '../../../../helpers/thrown.js';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
/** Packets as `[kind, id, data in hex, control]`. */
const decodeAll = (pieces: Buffer[]) => {
  const decoder = new PacketDecoder();
  return pieces
    .flatMap((piece) => [...decoder.decode(piece)])
    .map(({ kind, control, streamId, messageId, data }) => [
      kind,
      `${streamId}.${messageId}`,
      data.toString('hex'),
      control,
    ]);
};

const STREAMS: [what: string, bytes: Buffer, packets: unknown[]][] = [
  [
    'the answer of a call',
    hex('05010100 0d010200'),
    [
      [2, '1.1', '', false],
      [6, '1.2', '', false],
    ],
  ],
  ['an error', hex('07 01 01 0a 000000000000000c 6e6f'), [[3, '1.1', '000000000000000c6e6f', false]]],
  [
    'a packet in three frames',
    hex('04 01 01 01 aa  04 01 01 00  05 01 01 02 bbcc'),
    [[2, '1.1', 'aabbcc', false]],
  ],
  [
    'an incomplete packet that the next one replaces',
    hex('04 01 01 01 aa  05 01 02 01 bb'),
    [[2, '1.2', 'bb', false]],
  ],
  [
    'a control bit in any frame of a packet',
    hex('84 01 01 01 aa  05 01 01 01 bb'),
    [[2, '1.1', 'aabb', true]],
  ],
  ['varints that are longer than necessary', hex('05 8100 818000 828000 aabb'), [[2, '1.1', 'aabb', false]]],
  ['a varint of ten bytes', hex('05 01 81808080808080808000 00'), [[2, '1.1', '', false]]],
  ['large ids', hex('05 ac02 ffffffffffffff0f 00'), [[2, '300.9007199254740991', '', false]]],
];

describe.each(cuts)('%s', (_name, cut) => {
  test.each(STREAMS)('%s', (_what, bytes, packets) => {
    expect(decodeAll(cut(bytes))).toEqual(packets);
  });
});

test('a packet may be as long as the limit', () => {
  const data = Buffer.alloc(MAX_PACKET_LENGTH / 64, 1);
  const frames = Array.from({ length: 64 }, (_, i) =>
    drpcFrame({ kind: 2, message: 1, done: i === 63, data }),
  );
  const [packet] = new PacketDecoder().decode(Buffer.concat(frames));
  expect(packet?.data.equals(Buffer.alloc(MAX_PACKET_LENGTH, 1))).toBe(true);
});

test.each([
  ['stream id 0', '05 00 01 00'],
  ['message id 0', '05 01 00 00'],
  ['a message id that was used before', '05 01 01 00  05 01 01 00'],
  ['a stream id that decreases', '05 02 01 00  05 01 02 00'],
  ['a packet of two kinds', '04 01 01 00  07 01 01 00'],
  ['a packet that is too long', '05 01 01 81808002'],
  ['a varint of eleven bytes', '05 01 8180808080808080808000 00'],
  ['a number that is too large', '05 01 ffffffffffffffffff01 00'],
])('%s violates the protocol', (_what, bytes) => {
  expect(thrown(() => decodeAll([hex(bytes)]))).toMatchObject({ code: 'ERR_PROTOCOL_VIOLATION' });
});

test('valid frames are decoded as a naive reader decodes them', () => {
  const packet = fc.record({
    kind: fc.integer({ min: 0, max: 63 }),
    control: fc.boolean(),
    parts: fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 }),
    step: fc.integer({ min: 1, max: 1000 }),
  });
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 5 }), fc.nat(40), (packets, at) => {
      let message = 0;
      const bytes = Buffer.concat(
        packets.flatMap(({ kind, control, parts, step }) => {
          message += step;
          return parts.map((part, i) =>
            drpcFrame({ kind, control, message, done: i === parts.length - 1, data: Buffer.from(part) }),
          );
        }),
      );
      const expected: unknown[] = [];
      let data = '';
      for (const frame of readDrpc(bytes)) {
        data += frame.data.toString('hex');
        if (!frame.done) continue;
        expected.push([frame.kind, `1.${frame.message}`, data, frame.control]);
        data = '';
      }
      expect(expected).toHaveLength(packets.length);
      expect(decodeAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(expected);
    }),
    { seed },
  );
});
