import { expect, test } from '@jest/globals';
import {
  boundaryProtocol,
  decodeFrame,
  describeOutcome,
  FrameDecoder,
  type Outcome,
} from '../../../codec/index.js';
import { describeInPieces } from '../../../lib/text/outcome.js';
import { vectors } from '../../helpers/vectors.js';

function outcomesOf(bytes: Buffer): Outcome[] {
  const decoder = new FrameDecoder();
  const items = decoder.decode(bytes);
  const fault = decoder.end();
  return [...items, ...(fault === undefined ? [] : [fault])].map((item) =>
    decodeFrame(boundaryProtocol, item),
  );
}

/** Without `error`, which may differ, and without `hex`, which corresponds to `raw_hex`. */
function comparable(outcome: object): object {
  const { hex, raw_hex, error, envelope_unknown_hex, ...rest } = outcome as Record<string, unknown>;
  return rest;
}

test.each(vectors)('$name is described as the Go implementation recorded it', ({ bytes, outcomes }) => {
  expect(outcomesOf(bytes).map((outcome) => comparable(describeOutcome(outcome)))).toEqual(
    outcomes.map(comparable),
  );
});

test.each<[name: string, hex: string, described: object]>([
  [
    'a batch with the bytes that would be forwarded',
    '020000080a06' + '12017398060a',
    {
      kind: 'logs',
      tag: 2,
      count: 0,
      session_id: 's',
      confined_process_name: '',
      logs: [],
      unknown_hex: '98060a',
      raw_hex: '12017398060a',
    },
  ],
  [
    'a log, a time and an HTTP request without fields, with their defaults',
    '010000080a0612001a00' + '2800',
    {
      kind: 'logs',
      tag: 1,
      count: 1,
      session_id: '',
      confined_process_name: '',
      logs: [
        {
          allowed: false,
          time: { seconds: '0', nanos: 0 },
          http_request: { method: '', url: '', matched_rule: '' },
          sequence_number: 0,
          unknown_hex: '2800',
        },
      ],
      raw_hex: '0a0612001a002800',
    },
  ],
  [
    'unknown fields in the message that contains them',
    '01000014' + '0a0f' + '1204' + '0801' + '280a' + '1a05' + '0a0178' + '2802' + '2803' + '980604',
    {
      kind: 'logs',
      tag: 1,
      count: 1,
      session_id: '',
      confined_process_name: '',
      logs: [
        {
          allowed: false,
          time: { seconds: '1', nanos: 0, unknown_hex: '280a' },
          http_request: { method: 'x', url: '', matched_rule: '', unknown_hex: '2802' },
          sequence_number: 0,
          unknown_hex: '2803',
        },
      ],
      unknown_hex: '980604',
      raw_hex: '0a0f12040801280a1a050a017828022803980604',
    },
  ],
  [
    'a dropped frame with the reason and a message',
    '01000001ff',
    {
      kind: 'skip',
      reason: 'invalid_protobuf',
      error: 'the payload under tag 1 is not a valid protobuf message',
    },
  ],
  [
    'the end of a connection with the reason and a message',
    '09000000',
    { kind: 'close', reason: 'unsupported_tag', error: 'tag 9 is not supported: is it this protocol?' },
  ],
  [
    'a status with a negative number, which is not counted',
    '0200000f' + '120d' + '08ffffffffffffffffff01' + '1002',
    {
      kind: 'status',
      dropped_channel_full: '-1',
      dropped_batch_full: '2',
      counted: { boundary_batch_full: '2' },
    },
  ],
  ['an envelope without a known member', '02000000', { kind: 'unknown-variant' }],
])('describeOutcome describes %s', (_name, hex, described) => {
  expect(outcomesOf(Buffer.from(hex, 'hex')).map(describeOutcome)).toEqual([described]);
});

test.each(vectors)('describeInPieces writes the same line of JSON: $name', ({ bytes }) => {
  for (const outcome of outcomesOf(bytes)) {
    expect([...describeInPieces(outcome)].join('')).toBe(`${JSON.stringify(describeOutcome(outcome))}\n`);
  }
});
