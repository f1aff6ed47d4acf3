import { describe, expect, test } from '@jest/globals';
import { decodeMessage, LogBatch, Tag } from '../../../codec/index.js';
import { Combination, keepAlone, partsOf } from '../../../lib/forwarding/combination.js';
import type { Batch } from '../../../lib/index.js';
import { random } from '../../helpers/cuts.js';
import { field } from '../../helpers/hostile.js';
import { logBatch } from '../../helpers/messages.js';
import { decode, encode, type Message, REQUEST, varint } from '../../helpers/naive-protobuf.js';
import { seed } from '../../helpers/seed.js';

const LIMITS = { maxLogs: 1000, maxBytes: 2 ** 20 };

/** Combines neighbours as far as possible, as a reporter receives them. */
function combine<T extends Batch>(batches: readonly T[], limits = LIMITS): T[] {
  const combinations: Combination<T>[] = [];
  for (const batch of batches) {
    if (!combinations.at(-1)?.add(batch)) combinations.push(new Combination(batch, limits));
  }
  return combinations.map((combination) => combination.combined());
}

const log = (n: number, key = varint(10n)) => Buffer.concat([key, logBytes(n)]);
/** A log with a sequence number, with its length. */
function logBytes(n: number): Buffer {
  const content = Buffer.concat([varint(32n), varint(BigInt(n))]);
  return Buffer.concat([varint(BigInt(content.length)), content]);
}
const session = (name: string) => field(2, name);
const batch = (count: number, ...parts: Buffer[]) => new LogBatch(Tag.V2, count, Buffer.concat(parts));
const naive = (raw: Uint8Array) => decode(REQUEST, Buffer.from(raw));
const logsOf = (message: Message) => ((message.known.get(1) ?? []) as Message[]).map((log) => encode(log));
/** Everything but the logs. */
function restOf(message: Message): Buffer {
  message.known.delete(1);
  return encode(message);
}

describe('combinable:', () => {
  const unknown = field(9, 'from a newer sender');
  test.each<[string, LogBatch[]]>([
    ['batches of one session', [logBatch(3, 0), logBatch(1, 3), logBatch(5, 4)]],
    [
      'logs before and behind the other fields',
      [batch(2, log(1), session('s'), log(2)), batch(1, session('s'), log(3))],
    ],
    [
      'a session that comes twice in both',
      [batch(1, session('a'), log(1), session('b')), batch(1, session('a'), session('b'), log(2))],
    ],
    ['the same unknown fields', [batch(1, unknown, log(1)), batch(1, log(2), unknown)]],
    [
      'the same field 1 that is not a log',
      [batch(1, Buffer.of(8, 7), log(1)), batch(1, log(2), Buffer.of(8, 7))],
    ],
    ['a key that is longer than it needs to be', [batch(1, log(1)), batch(1, log(2, Buffer.of(0x8a, 0)))]],
    ['nothing but logs', [batch(1, log(1)), batch(2, log(2), log(3))]],
    ['no logs', [batch(0, session('s')), batch(0, session('s')), batch(1, log(1), session('s'))]],
    ['no bytes', [batch(0), batch(0), batch(1, log(1))]],
  ])('%s', (_what, batches) => {
    const [combined, ...others] = combine(batches);
    expect(others).toEqual([]);
    expect(partsOf(combined as LogBatch)).toEqual(batches);
    const { count, tag, raw } = combined as LogBatch;
    expect([tag, count]).toEqual([Tag.V2, batches.reduce((sum, { count }) => sum + count, 0)]);
    expect(logsOf(naive(raw))).toEqual(batches.flatMap((batch) => logsOf(naive(batch.raw))));
    for (const batch of batches) expect(restOf(naive(raw))).toEqual(restOf(naive(batch.raw)));
  });
});

describe('not combinable:', () => {
  const other = (tag: number, { count, raw }: LogBatch) => new LogBatch(tag, count, raw);
  const kept = logBatch(1, 1);
  keepAlone(kept);
  test.each<[string, Batch[]]>([
    ['another session', [batch(1, log(1), session('a')), batch(1, log(2), session('b'))]],
    ['a session and none', [batch(1, log(1), session('a')), batch(1, log(2))]],
    [
      'another order of the other fields',
      [batch(1, session('a'), field(3, 'p'), log(1)), batch(1, field(3, 'p'), session('a'), log(2))],
    ],
    ['another unknown field', [batch(1, log(1), field(9, 'x')), batch(1, log(2), field(9, 'y'))]],
    [
      'another form of the same key',
      [batch(1, log(1), session('a')), batch(1, log(2), Buffer.of(0x92, 0, 1, 97))],
    ],
    ['another tag', [logBatch(1), other(Tag.V1, logBatch(1, 1))]],
    ['a batch that must be alone', [logBatch(1, 0), kept, logBatch(1, 2)]],
    ['malformed bytes', [batch(1, log(1)), batch(1, log(2), Buffer.of(0x12)), batch(1, log(3))]],
    ['malformed bytes first', [batch(1, Buffer.of(0x0a, 9)), batch(1, log(1))]],
    ['a count that is too high', [batch(2, log(1)), batch(1, log(2))]],
    ['a count that is too low', [batch(1, log(1)), batch(0, log(2))]],
    [
      'messages of a custom protocol',
      [
        { count: 1, raw: log(1) },
        { count: 1, raw: log(2) },
      ],
    ],
  ])('%s', (_what, batches) => {
    const combined = combine(batches);
    expect(combined).toHaveLength(batches.length);
    for (const [i, batch] of combined.entries()) {
      expect(batch).toBe(batches[i]);
      expect(partsOf(batch)).toEqual([batch]);
    }
  });
});

describe('a combined batch has at most', () => {
  test.each([
    ['maxLogs logs', { maxLogs: 10 }, [4, 6, 1], [10, 1]],
    ['maxLogs logs, also if the next batch is larger', { maxLogs: 10 }, [4, 7, 1], [4, 8]],
    ['a larger batch, alone', { maxLogs: 10 }, [11, 1, 12, 12], [11, 1, 12, 12]],
    ['maxLogs batches, if they have no logs', { maxLogs: 3 }, [0, 0, 0, 0], [0, 0]],
    ['maxBytes bytes', { maxBytes: 2 * logBatch(10, 100).raw.length }, [10, 10, 1], [20, 1]],
    ['a larger one, alone', { maxBytes: 1 }, [1, 1], [1, 1]],
  ])('%s', (_what, limits, counts, expected) => {
    const batches = counts.map((count) => logBatch(count, 100));
    const combined = combine(batches, { ...LIMITS, ...limits });
    expect(combined.map(({ count }) => count)).toEqual(expected);
  });
});

test('a batch may lose its chunk while it waits', () => {
  const chunk = Buffer.concat([logBatch(2, 10).raw, logBatch(2, 12).raw]);
  const half = chunk.length / 2;
  const batches = [0, 1].map((i) => new LogBatch(Tag.V2, 2, chunk.subarray(i * half, (i + 1) * half)));
  const combination = new Combination(batches[0] as LogBatch, LIMITS);
  expect(combination.add(batches[1] as LogBatch)).toBe(true);
  for (const batch of batches) batch.detach();
  chunk.fill(0);
  expect(combination.combined().request.logs.map(({ sequenceNumber }) => sequenceNumber)).toEqual([
    10, 11, 12, 13,
  ]);
});

test(`any neighbours: each combined batch has all logs in order, and the rest of each (seed ${seed})`, () => {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(list: readonly T[]) => list[below(list.length)] as T;
  /** The fields outside of the logs, few enough that neighbours often have the same. */
  const rests = [
    [],
    [session('a')],
    [session('a'), field(3, 'claude-code')],
    [session('a'), session('b'), field(200, 'x')],
    [field(9, Buffer.alloc(300)), session('a'), Buffer.of(8, 1)],
    [Buffer.of(0x4b, 0x50, 1, 0x4c), session('a')],
  ];
  let rest = rests[0] as Buffer[];
  const request = (number: number) => {
    if (below(4) === 0) rest = pick(rests);
    const logs = Array.from({ length: below(4) }, (_, i) =>
      log(number + i, pick([Buffer.of(10), Buffer.of(0x8a, 0x80, 0)])),
    );
    const fields: Buffer[] = [...rest];
    for (const log of logs.reverse()) fields.splice(below(fields.length + 1), 0, log);
    return Buffer.concat(fields);
  };
  let combinedSome = 0;
  for (let round = 0; round < 300; round++) {
    const batches: LogBatch[] = [];
    for (let i = 1 + below(12); i > 0; i--) {
      // An envelope with one or several requests, empty ones and members that do not count among them.
      const members = Array.from({ length: pick([1, 1, 1, 2, 3]) }, (_, j) =>
        field(1, request(100 * i + 10 * j)),
      );
      if (below(4) === 0) members.unshift(field(2, Buffer.of(8, 1)));
      if (below(4) === 0) members.push(field(7, 'unknown'), field(1, ''));
      const isEnvelope = below(3) > 0;
      const decoded = isEnvelope
        ? decodeMessage({ tag: Tag.V2, payload: Buffer.concat(members) })
        : decodeMessage({ tag: Tag.V1, payload: request(100 * i) });
      if (decoded.kind === 'logs') batches.push(decoded);
    }
    const limits = { maxLogs: pick([1, 3, 10, 1000]), maxBytes: pick([1, 100, 2 ** 20]) };
    const combined = combine(batches, limits);
    expect(combined.flatMap((batch) => partsOf(batch))).toEqual(batches);
    for (const whole of combined) {
      const parts = partsOf(whole);
      if (parts.length > 1) {
        combinedSome += 1;
        expect(whole.count).toBeLessThanOrEqual(limits.maxLogs);
        expect(whole.raw.length).toBeLessThanOrEqual(limits.maxBytes);
      }
      expect(whole.tag).toBe(parts[0]?.tag);
      const logs = parts.flatMap(({ raw }) => logsOf(naive(raw)));
      expect(logsOf(naive(whole.raw))).toEqual(logs);
      // The codec decodes it as the naive one does, and counts the same.
      expect(whole.request.logs).toEqual(parts.flatMap(({ request }) => request.logs));
      expect(decodeMessage({ tag: Tag.V1, payload: whole.raw })).toMatchObject({ count: whole.count });
      for (const { raw, request } of parts) {
        expect(restOf(naive(whole.raw))).toEqual(restOf(naive(raw)));
        expect({ ...whole.request, logs: [] }).toEqual({ ...request, logs: [] });
      }
    }
  }
  expect(combinedSome).toBeGreaterThan(30);
});
