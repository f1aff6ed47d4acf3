import { describe, expect, test } from '@jest/globals';
import { decodeMessage, encodeRawLogs, type LogBatch, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import { type BoundaryEvent, eventsOf } from '../../../lib/index.js';
import { type EncodedEvent, EventEncoder } from '../../../lib/sender/event-encoder.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';
import { thrown } from '../../helpers/thrown.js';

const NOW = new Date('2026-03-03T19:42:34.120Z');
const ORIGIN = { sessionId: 's', confinedProcessName: 'p' };
const MARK = '[truncated]';

const encoder = (origin: Partial<typeof ORIGIN> = {}) => new EventEncoder({ ...ORIGIN, ...origin });
const event = (fields: object = {}) => ({ decision: 'allow', ...fields });

/** The frame of an event alone. */
const frameOf = ({ log, origin }: EncodedEvent) => encodeRawLogs(Buffer.concat([log, origin]));

/** The event that a receiver gets. */
function received(encoded: EncodedEvent): BoundaryEvent {
  const [event] = eventsOf(decodeMessage({ tag: 2, payload: frameOf(encoded).subarray(4) }) as LogBatch);
  return event as BoundaryEvent;
}

const sent = (value: unknown, origin: Partial<typeof ORIGIN> = {}) => encoder(origin).encode(value, NOW);

test('an event gets session, process, number and time; what it has stays as it is', () => {
  const full = event({
    session_id: 'mine',
    sequence_number: 7,
    confined_process_name: 'q',
    http_method: 'GET',
    http_url: 'https://example.com/ü',
    event_time: '1969-12-31T23:59:58.5Z',
    matched_rule: 'r',
  });
  expect(received(sent(full))).toEqual(full);
  expect(received(sent({ decision: 'deny' }))).toEqual({
    decision: 'deny',
    session_id: 's',
    sequence_number: 0,
    confined_process_name: 'p',
    event_time: '2026-03-03T19:42:34.12Z',
  });
});

test('numbers count in each session; an event with a number does not count, and one that is too large does', () => {
  const it = encoder();
  const number = (fields: object = {}) => it.encode(event(fields), NOW);
  const long = { session_id: 't'.repeat(MAX_PAYLOAD_LENGTH) };
  expect(received(number()).sequence_number).toBe(0);
  expect(received(number({ sequence_number: 77 })).sequence_number).toBe(77);
  expect(received(number({ session_id: 't' })).sequence_number).toBe(0);
  expect(thrown(() => number(long))).toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' });
  expect(thrown(() => it.encode('nonsense', NOW))).toMatchObject({ code: 'ERR_INVALID_EVENT' });
  expect(received(number()).sequence_number).toBe(1);
});

describe.each([
  ['URL', 'http_url'],
  ['method', 'http_method'],
  ['rule', 'matched_rule'],
] as const)('an event with a %s that is too long', (_what, field) => {
  const others = { http_url: 'https://example.com/', http_method: 'GET', matched_rule: 'domain=example.com' };

  test.each([
    ['ASCII', 'x'],
    ['two bytes', 'ü'],
    ['three bytes', '€'],
    ['four bytes', '😀'],
  ])('of %s is cut before a character, and fills its frame', (_kind, character) => {
    const long = `https://example.com/${character.repeat(MAX_PAYLOAD_LENGTH)}`;
    const encoded = sent(event({ ...others, [field]: long }));
    expect(encoded.isTruncated).toBe(true);
    const result = received(encoded);
    const { [field]: cut = '' } = result;
    expect(result).toMatchObject({ ...others, [field]: cut });
    expect(cut.endsWith(MARK)).toBe(true);
    expect(long.startsWith(cut.slice(0, -MARK.length))).toBe(true);
    expect(cut.isWellFormed()).toBe(true);
    // The lengths of the message and of its parents take up to 8 bytes less afterwards.
    const length = frameOf(encoded).length - 4;
    expect(length).toBeLessThanOrEqual(MAX_PAYLOAD_LENGTH);
    expect(length).toBeGreaterThan(MAX_PAYLOAD_LENGTH - 8 - Buffer.byteLength(character));
  });
});

test('exactly the events that do not fit are cut, and one byte is enough', () => {
  const lengths = Array.from({ length: 120 }, (_, i) => MAX_PAYLOAD_LENGTH - 120 + i);
  const encoded = lengths.map((length) => sent(event({ http_url: 'x'.repeat(length) })));
  const first = encoded.findIndex(({ isTruncated }) => isTruncated);
  expect(first).toBeGreaterThan(0);
  expect(encoded.map(({ isTruncated }) => isTruncated)).toEqual(lengths.map((_, i) => i >= first));
  expect(frameOf(encoded[first - 1] as EncodedEvent).length).toBe(4 + MAX_PAYLOAD_LENGTH);
  expect(received(encoded[first] as EncodedEvent).http_url).toHaveLength(lengths[first - 1] as number);
});

test.each(['x', 'ü', '€', '😀'])('a text of %s that is too long by a few bytes is cut, too', (character) => {
  const longest = Math.floor((MAX_PAYLOAD_LENGTH - 60) / Buffer.byteLength(character));
  for (let more = 0; more < 60; more++) {
    const encoded = sent(event({ http_url: 'x'.repeat(more) + character.repeat(longest) }));
    const { http_url = '' } = received(encoded);
    expect(http_url.endsWith(MARK)).toBe(encoded.isTruncated);
  }
});

test('the longest text is cut first, so a method of 40 kB does not hide the URL', () => {
  const url = 'https://example.com/'.padEnd(20_000, 'x');
  const hidden = received(sent(event({ http_url: url, http_method: 'M'.repeat(40_000) })));
  expect(hidden.http_url).toBe(url);
  expect(hidden.http_method?.endsWith(MARK)).toBe(true);
  const both = {
    http_url: 'u'.repeat(50_000),
    http_method: 'M'.repeat(40_000),
    matched_rule: 'r'.repeat(39_999),
  };
  const all = received(sent(event(both)));
  expect([all.http_url, all.http_method]).toEqual([MARK, MARK]);
  expect(all.matched_rule).toMatch(/^r{30000,}\[truncated\]$/);
});

describe('an event that does not fit, however short its texts are', () => {
  test.each([
    ['session', { session_id: 's'.repeat(MAX_PAYLOAD_LENGTH) }],
    ['process', { confined_process_name: 'p'.repeat(MAX_PAYLOAD_LENGTH) }],
    ['session and process', { session_id: 's'.repeat(16_380), confined_process_name: 'p'.repeat(16_380) }],
  ])('because of its %s, is rejected', (_what, fields) => {
    const error = thrown(() => sent(event({ ...fields, http_url: 'https://example.com/' })));
    expect(error).toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      message: expect.stringContaining('session'),
    });
  });

  test('and one that has just enough room for the marks is sent', () => {
    const sized = (length: number) =>
      event({ session_id: 's'.repeat(length), http_url: 'u'.repeat(100), http_method: 'm'.repeat(100) });
    let longest = MAX_PAYLOAD_LENGTH;
    while (thrown(() => sent(sized(longest))) !== undefined) longest -= 1;
    expect(received(sent(sized(longest)))).toMatchObject({ http_url: MARK, http_method: MARK });
    expect(longest).toBeGreaterThan(MAX_PAYLOAD_LENGTH - 100);
  });
});

test.each([
  ['http_url', 'https://example.com/\ud800x', 'https://example.com/\ufffdx'],
  ['http_method', '\udc00GET', '\ufffdGET'],
  ['matched_rule', 'r\ud800', 'r\ufffd'],
  ['session_id', 's\ud800', 's\ufffd'],
  ['confined_process_name', '\ud800', '\ufffd'],
])('a lone surrogate in %s is repaired', (field, text, expected) => {
  const encoded = sent(event({ [field]: text }));
  expect(encoded.isRepaired).toBe(true);
  expect(received(encoded)).toMatchObject({ [field]: expected });
  expect(sent(event({ [field]: '😀' })).isRepaired).toBe(false);
});

test('a lone surrogate in a URL that is too long: it is repaired and cut', () => {
  const encoded = sent(event({ http_url: 'x\ud800'.repeat(20_000) }));
  expect([encoded.isRepaired, encoded.isTruncated]).toEqual([true, true]);
  expect(received(encoded).http_url).toMatch(/^(x\ufffd)+x?\[truncated\]$/);
});

test('fields that cannot be read make an event invalid', () => {
  const cause = new Error('no');
  const value = {
    decision: 'allow',
    get http_url() {
      throw cause;
    },
  };
  expect(thrown(() => sent(value))).toMatchObject({ code: 'ERR_INVALID_EVENT', cause });
});

test('after the largest number, the numbers continue with negative ones, as in Go', () => {
  const it = new EventEncoder(ORIGIN, 2 ** 31 - 1);
  const numbers = [1, 2].map(() => received(it.encode(event(), NOW)).sequence_number);
  expect(numbers).toEqual([2 ** 31 - 1, -(2 ** 31)]);
});

test(`whatever the texts are, the frame of an event is valid (seed ${seed})`, () => {
  const next = random(seed);
  const upTo = (n: number) => Math.floor(next() * n);
  const units = ['x', 'ü', '€', '😀', '\ud800', '\udc00', '\0', '\u2028'];
  const text = () => (units[upTo(units.length)] as string).repeat(upTo(next() < 0.2 ? 40_000 : 50));
  for (let run = 0; run < 300; run++) {
    const fields: Record<string, string> = {};
    for (const name of ['http_url', 'http_method', 'matched_rule', 'session_id', 'confined_process_name']) {
      if (next() < 0.5) fields[name] = text();
    }
    let encoded: EncodedEvent | undefined;
    try {
      encoded = sent(event(fields));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' });
      const names = `${fields.session_id ?? 's'}${fields.confined_process_name ?? 'p'}`;
      expect(Buffer.byteLength(names)).toBeGreaterThan(MAX_PAYLOAD_LENGTH - 200);
      continue;
    }
    const result = received(encoded) as unknown as Record<string, string>;
    for (const [name, given] of Object.entries(fields)) {
      const whole = given.toWellFormed();
      const got = result[name] ?? '';
      if (got !== whole) {
        expect(encoded.isTruncated).toBe(true);
        expect(got.endsWith(MARK)).toBe(true);
        expect(whole.startsWith(got.slice(0, -MARK.length))).toBe(true);
      }
    }
    expect(encoded.isRepaired).toBe(Object.values(fields).some((field) => !field.isWellFormed()));
  }
});
