import { once } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { encodeStatus } from '../../../codec/index.js';
import {
  type EncodableMessage,
  FrameParser,
  MessageDecoder,
  MessageEncoder,
  type Outcome,
} from '../../../lib/index.js';
import { request } from '../../helpers/messages.js';
import { described, vectors } from '../../helpers/vectors.js';

const outcomesOf = (bytes: Readable): Promise<Outcome[]> =>
  bytes.pipe(new FrameParser()).pipe(new MessageDecoder()).toArray();
const isEncodable = (outcome: Outcome) => outcome.kind === 'logs' || outcome.kind === 'status';

test.each(vectors)(
  '$name: outcomes can be encoded again, and lead to the same outcomes',
  async ({ bytes }) => {
    const outcomes = (await outcomesOf(Readable.from([bytes], { objectMode: false }))).filter(isEncodable);
    const again = await outcomesOf(Readable.from(outcomes).pipe(new MessageEncoder()));
    expect(again.map(described)).toEqual(outcomes.map(described));
    expect(again.map((outcome) => outcome.kind === 'logs' && outcome.raw)).toEqual(
      outcomes.map((outcome) => outcome.kind === 'logs' && outcome.raw),
    );
  },
);

test.each<[name: string, message: EncodableMessage, hex: string]>([
  ['raw bytes', { kind: 'logs', raw: Buffer.from('120173', 'hex') }, '020000050a03120173'],
  ['raw bytes under tag 1', { kind: 'logs', tag: 1, raw: Buffer.from('120173', 'hex') }, '01000003120173'],
  ['a request', { kind: 'logs', request: { sessionId: 's' } }, '020000050a03120173'],
  ['a request under tag 1', { kind: 'logs', tag: 1, request: { sessionId: 's' } }, '01000003120173'],
  ['a status', { kind: 'status', droppedChannelFull: 5, droppedBatchFull: 3n }, '02000006120408051003'],
])('%s', async (_name, message, hex) => {
  const bytes = Buffer.concat(await Readable.from([message, message]).pipe(new MessageEncoder()).toArray());
  expect(bytes.toString('hex')).toBe(hex + hex);
});

describe('a message that cannot be encoded', () => {
  const good: EncodableMessage = { kind: 'status' };
  const bad: [name: string, message: unknown, code: string][] = [
    ['with a lone surrogate', { kind: 'logs', request: { sessionId: '\ud800' } }, 'ERR_INVALID_EVENT'],
    ['too large', { kind: 'logs', request: request(500) }, 'ERR_MESSAGE_TOO_LARGE'],
    ['raw bytes that are not protobuf', { kind: 'logs', raw: Buffer.from('ff', 'hex') }, 'ERR_INVALID_EVENT'],
    ['of another kind', { kind: 'close' }, 'ERR_INVALID_EVENT'],
    ['a text', 'logs', 'ERR_INVALID_EVENT'],
  ];

  test.each(bad)('(%s) is a drop event, and the stream continues', async (_name, message, code) => {
    const encoder = new MessageEncoder();
    const drops: unknown[] = [];
    encoder.on('drop', (dropped, error) => drops.push([dropped, error.code]));
    const bytes = Buffer.concat(await Readable.from([good, message, good]).pipe(encoder).toArray());
    expect(bytes).toEqual(Buffer.concat([encodeStatus({}), encodeStatus({})]));
    expect(drops).toEqual([[message, code]]);
  });

  test.each(bad)('(%s) is an error if nobody listens for drop', async (_name, message, code) => {
    const encoder = new MessageEncoder();
    encoder.write(message as never);
    const [error] = await once(encoder, 'error');
    expect(error.code).toBe(code);
    expect(encoder.destroyed).toBe(true);
  });

  test('the error names the valid kinds', async () => {
    const encoder = new MessageEncoder();
    encoder.write({ kind: 'skip' } as never);
    const [error] = await once(encoder, 'error');
    expect(error.message).toBe(`kind: got "skip", expected 'logs' or 'status'`);
  });
});
