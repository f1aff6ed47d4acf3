import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkFast, UNDECIDED } from '../../codec/fast-path.js';
import {
  BoundaryLogError,
  decodeMessage,
  type Frame,
  FrameDecoder,
  LogBatch,
  type Outcome,
} from '../../codec/index.js';
import { decodeMembers } from '../../codec/message.js';
import { INVALID_UTF8, walkRequest } from '../../codec/walk.js';
import { expectedOutcome, summary } from '../helpers/naive-outcome.js';
import { decode, ENVELOPE, encode, type MessageType, REQUEST, varint } from '../helpers/naive-protobuf.js';
import { seed } from '../helpers/seed.js';
import { decodedSum, summedUp } from '../helpers/sums.js';
import { requestHex, vectors } from '../helpers/vectors.js';

type Bytes = fc.Arbitrary<Buffer>;

/** Weights. Faults are rare enough that most messages have many valid fields. */
const often = 200;
const rarely = 1;
const weighted = <T>(arbitrary: fc.Arbitrary<T>, weight: number) => ({ arbitrary, weight });

/** A varint in its shortest form, or longer. Ten bytes are allowed, and the tenth is at most 1. */
function varintOf(value: bigint): Bytes {
  const shortest = varint(value);
  const padded = (length: number) =>
    Buffer.concat([
      ...[...shortest].map((byte) => Buffer.from([byte | 0x80])),
      Buffer.alloc(Math.max(0, length - shortest.length - 1), 0x80),
      Buffer.from([0]),
    ]);
  return fc.oneof(
    weighted(fc.constant(shortest), often),
    weighted(fc.integer({ min: shortest.length + 1, max: 11 }).map(padded), 2),
    weighted(fc.constant(Buffer.from('ffffffffffffffffff02', 'hex')), rarely),
  );
}

const anyVarint: Bytes = fc.oneof(fc.bigInt(0n, 200n), fc.bigInt(0n, 2n ** 64n - 1n)).chain(varintOf);

const fieldNumber = fc.oneof(
  weighted(fc.bigInt(1n, 5n), often),
  weighted(fc.bigInt(6n, 2n ** 29n - 1n), 3),
  weighted(fc.constantFrom(0n, 2n ** 29n - 1n, 2n ** 29n, 2n ** 31n, 2n ** 32n + 1n), rarely),
);

const join = (...parts: Bytes[]): Bytes => fc.tuple(...parts).map((all) => Buffer.concat(all));
const field = (number: bigint, wire: number, value: Bytes): Bytes =>
  join(varintOf(number * 8n + BigInt(wire)), value);

function delimited(content: Bytes): Bytes {
  return content.chain((bytes) =>
    fc
      .oneof(
        weighted(varintOf(BigInt(bytes.length)), often),
        weighted(varintOf(BigInt(bytes.length) + 1n), rarely),
      )
      .map((length) => Buffer.concat([length, bytes])),
  );
}

const fixed = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
const anyBytes: Bytes = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes));
const textBytes: Bytes = fc.oneof(
  weighted(
    fc.string({ unit: 'binary', maxLength: 12 }).map((text) => Buffer.from(text)),
    often,
  ),
  weighted(anyBytes, 4),
);

/** Any field: unknown, or known but with a wire type that is not its type's. */
function anyField(depth: number): Bytes {
  return fieldNumber.chain((number) => {
    const kinds = [
      weighted(field(number, 0, anyVarint), 8),
      weighted(field(number, 1, fixed(8)), 4),
      weighted(field(number, 2, delimited(anyBytes)), 4),
      weighted(field(number, 5, fixed(4)), 4),
      weighted(
        fc.constantFrom(4, 6, 7).chain((wire) => field(number, wire, fc.constant(Buffer.alloc(0)))),
        rarely,
      ),
    ];
    if (depth === 0) return fc.oneof(...kinds);
    const inside = fc.array(anyField(depth - 1), { maxLength: 3 }).map((all) => Buffer.concat(all));
    const end = fc.oneof(weighted(fc.constant(number), often), weighted(fieldNumber, rarely));
    const group = join(
      field(number, 3, inside),
      end.chain((n) => varintOf(n * 8n + 4n)),
    );
    return fc.oneof(...kinds, weighted(group, 4));
  });
}

/** A message of a type: valid known fields, with any other fields between them. */
function messageOf(type: MessageType): Bytes {
  const own = Object.entries(type.fields).map(([number, kind]) => {
    if (kind === 'string') return field(BigInt(number), 2, delimited(textBytes));
    if (typeof kind === 'object') return field(BigInt(number), 2, delimited(messageOf(kind)));
    return field(BigInt(number), 0, anyVarint);
  });
  const one = fc.oneof(weighted(fc.oneof(...own), 4), weighted(anyField(3), rarely));
  return fc.array(one, { maxLength: 6 }).map((all) => Buffer.concat(all));
}

/** A message in which one or two bytes are changed, removed or inserted, or which is cut. */
function mutated(original: Bytes): Bytes {
  const change = fc.record({
    at: fc.nat(),
    byte: fc.nat(255),
    how: fc.constantFrom('set', 'set', 'remove', 'insert', 'cut'),
  });
  return fc.tuple(original, fc.array(change, { minLength: 1, maxLength: 2 })).map(([bytes, changes]) => {
    const out = [...bytes];
    for (const { at, byte, how } of changes) {
      const index = at % (out.length + 1);
      if (how === 'set') out[Math.min(index, Math.max(0, out.length - 1))] = byte;
      else if (how === 'remove') out.splice(index, 1);
      else if (how === 'insert') out.splice(index, 0, byte);
      else out.length = index;
    }
    return Buffer.from(out);
  });
}

const types = { 1: REQUEST, 2: ENVELOPE } as const;
const tag = fc.constantFrom(1 as const, 2 as const);
const structured: fc.Arbitrary<Frame> = tag.chain((tag) =>
  messageOf(types[tag]).map((payload) => ({ tag, payload })),
);
const structuredMutated: fc.Arbitrary<Frame> = tag.chain((tag) =>
  mutated(messageOf(types[tag])).map((payload) => ({ tag, payload })),
);
/** The frames of the vectors, except for the large ones, which test only sizes. */
const recorded = vectors
  .flatMap(({ bytes }) => new FrameDecoder().decode(bytes))
  .filter((item): item is Frame => 'payload' in item && item.payload.length < 2000);
const vectorsMutated: fc.Arbitrary<Frame> = fc
  .constantFrom(...recorded)
  .chain(({ tag, payload }) => mutated(fc.constant(payload)).map((payload) => ({ tag, payload })));

/** The outcome without WebAssembly. */
function slowOutcome({ tag, payload }: Frame): Outcome {
  if (tag === 2) return decodeMembers(payload);
  const count = walkRequest(payload, 0, payload.length);
  if (count >= 0) return new LogBatch(tag, count, payload);
  const code = count === INVALID_UTF8 ? 'ERR_INVALID_UTF8' : 'ERR_INVALID_PROTOBUF';
  return { kind: 'skip', error: new BoundaryLogError(code, '') };
}

test.each([
  ['random messages', structured],
  ['random messages with changed bytes', structuredMutated],
  ['vectors with changed bytes', vectorsMutated],
])('%s are decoded as the naive codec decodes them', (_name, frames) => {
  fc.assert(
    fc.property(frames, (frame) => {
      const outcome = decodeMessage(frame);
      expect(summary(outcome)).toEqual(expectedOutcome(frame));
      expect(summary(slowOutcome(frame))).toEqual(expectedOutcome(frame));
      // JavaScript would take ten times as long.
      expect(checkFast(frame.payload, 0, frame.payload.length)).not.toBe(UNDECIDED);
      if (outcome.kind === 'logs') {
        expect(requestHex(outcome.request)).toBe(encode(decode(REQUEST, outcome.raw)).toString('hex'));
        expect(summedUp(outcome)).toEqual(decodedSum(outcome));
        expect(summedUp(slowOutcome(frame) as LogBatch)).toEqual(decodedSum(outcome));
      }
    }),
    { seed, numRuns: 1000, interruptAfterTimeLimit: 700 },
  );
});

/** Cases that random messages seldom contain. */
describe('an edge case', () => {
  const key = (number: number, wire: number) => varint(BigInt(number) * 8n + BigInt(wire));
  const group = (inside: Buffer, number = 9) => Buffer.concat([key(number, 3), inside, key(number, 4)]);
  const deep = (depth: number) =>
    Buffer.concat([...Array(depth).fill(key(9, 3)), ...Array(depth).fill(key(9, 4))]);
  const zero = Buffer.from([0]);

  test.each<[name: string, payload: Buffer, verdict: string]>([
    ['a field with the largest field number', Buffer.concat([key(2 ** 29 - 1, 0), zero]), 'logs'],
    ['a field number above the largest', Buffer.concat([key(2 ** 29, 0), zero]), 'ERR_INVALID_PROTOBUF'],
    ['field number 0', Buffer.concat([key(0, 0), zero]), 'ERR_INVALID_PROTOBUF'],
    ['a field number above the largest in a group', group(Buffer.concat([key(2 ** 29, 0), zero])), 'logs'],
    ['the largest field number of a group', group(Buffer.concat([key(2 ** 31 - 1, 0), zero])), 'logs'],
    [
      'a field number above the largest of a group',
      group(Buffer.concat([key(2 ** 31, 0), zero])),
      'ERR_INVALID_PROTOBUF',
    ],
    ['field number 0 in a group', group(Buffer.concat([key(0, 0), zero])), 'ERR_INVALID_PROTOBUF'],
    ['groups 10,001 deep', deep(10_001), 'logs'],
    ['groups 10,002 deep', deep(10_002), 'ERR_INVALID_PROTOBUF'],
    ['a length of 2^64 - 1', Buffer.concat([key(9, 2), varint(2n ** 64n - 1n)]), 'ERR_INVALID_PROTOBUF'],
    ['a known field that ends after its key', key(1, 2), 'ERR_INVALID_PROTOBUF'],
    ['a log that ends after a key', Buffer.from('0a0112' + '00', 'hex'), 'ERR_INVALID_PROTOBUF'],
    [
      'a string that ends inside a character',
      Buffer.from('1202c3' + 'bc' + '1201c3', 'hex'),
      'ERR_INVALID_UTF8',
    ],
    ['a surrogate encoded as UTF-8', Buffer.from('1203eda080', 'hex'), 'ERR_INVALID_UTF8'],
    ['invalid UTF-8 in an unknown field', Buffer.from('4a01ff', 'hex'), 'logs'],
  ])('%s', (_name, payload, verdict) => {
    const outcome = decodeMessage({ tag: 1, payload });
    expect(outcome.kind === 'skip' ? outcome.error.code : outcome.kind).toBe(verdict);
    expect(summary(outcome)).toEqual(expectedOutcome({ tag: 1, payload }));
    expect(summary(slowOutcome({ tag: 1, payload }))).toEqual(expectedOutcome({ tag: 1, payload }));
  });
});
