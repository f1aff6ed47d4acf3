import { describe, expect, test } from '@jest/globals';
import { decodeMessage, LogBatch, MAX_PAYLOAD_LENGTH, Tag } from '../../../codec/index.js';
import {
  batchOf,
  envelopeOf,
  messageIdOf,
  NO_SESSION,
  sessionOf,
  subjectOf,
  tokenOf,
} from '../../../lib/nats/message.js';
import { random } from '../../helpers/cuts.js';
import { eventBatch } from '../../helpers/event-batch.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';
import { seed } from '../../helpers/seed.js';
import { thrown } from '../../helpers/thrown.js';

const UUID = '0b8ff8a8-6f0c-4b8e-9d3c-1d2f3a4b5c6d';
/** NATS accepts this as a token of a subject in which it finds no wildcard. */
const TOKEN = /^[A-Za-z0-9_~-]{1,200}$/;

describe('the subject', () => {
  test.each([
    ['', 'boundary.logs.~'],
    [UUID, `boundary.logs.${UUID}`],
    ['a_B-9', 'boundary.logs.a_B-9'],
    ['a.b', 'boundary.logs.~YS5i'],
    ['*', 'boundary.logs.~Kg'],
    ['>', 'boundary.logs.~Pg'],
    ['~', 'boundary.logs.~fg'],
    ['~YS5i', 'boundary.logs.~fllTNWk'],
    ['ü', 'boundary.logs.~w7w'],
    ['a'.repeat(200), `boundary.logs.${'a'.repeat(200)}`],
    ['a'.repeat(201), 'boundary.logs.~~qS79ghCTc-WPmiBW3uAegH4hbOYHX3BRIHwKn31mblA'],
  ])('of the session %j is %s', (session, subject) => {
    expect(subjectOf(session)).toBe(subject);
  });

  const long = (text: string) => text.repeat(Math.ceil(MAX_PAYLOAD_LENGTH / text.length));
  const SESSIONS = [
    ...[
      '',
      UUID,
      '~',
      '~~',
      '~a',
      NO_SESSION.repeat(3),
      'a b',
      'a\r\nb',
      '.',
      '..',
      '*',
      '>',
      'boundary.logs.>',
    ],
    ...HOSTILE.map(([, text]) => text).filter((text) => text.isWellFormed()),
    ...['a', '.', 'ü', '😀'].map(long),
  ];

  test('of any session is one token of few characters, and no two sessions have the same one', () => {
    // The token of each is a session, too, and so is the token of that.
    const sessions = new Set(SESSIONS.flatMap((one) => [one, tokenOf(one), tokenOf(tokenOf(one))]));
    const tokens = [...sessions].map(tokenOf);
    for (const token of tokens) expect(token).toMatch(TOKEN);
    expect(new Set(tokens).size).toBe(sessions.size);
  });

  test('says which session it was, unless that is too long', () => {
    for (const session of SESSIONS) {
      const token = tokenOf(session);
      expect(sessionOf(token)).toBe(token.startsWith('~~') ? undefined : session);
    }
  });

  test(`is reversible for random texts (seed ${seed})`, () => {
    const next = random(seed);
    for (let n = 0; n < 2000; n++) {
      const session = text(next);
      expect([session, sessionOf(tokenOf(session))]).toEqual([session, session]);
    }
  });

  test.each(['~YS5i.', '~YS5', '~YS5j=', '~YQ==', '~dXV', '~~', 'ü', 'a.b', ' ', '~VVVJRA'])(
    'of %j was made of no session, or of exactly one',
    (token) => {
      const session = sessionOf(token);
      if (session !== undefined) expect(tokenOf(session)).toBe(token);
    },
  );
});

/** A text of few characters, so that what looks encoded is likely. */
function text(next: () => number): string {
  const below = (n: number) => Math.floor(next() * n);
  const characters = ['~', 'a', 'Z', '9', '-', '_', '.', '=', ' ', 'ü', '😀'];
  return Array.from({ length: below(12) }, () => characters[below(characters.length)]).join('');
}

describe('the id of a message', () => {
  const event = { session_id: UUID, sequence_number: 7, http_url: 'https://a.example/' };
  const batch = () => eventBatch(event, { ...event, sequence_number: 8 });

  test('contains the tag, the range of numbers and a hash, and is the same for equal batches', () => {
    expect(messageIdOf(batch())).toMatch(/^2\.7-8\.[A-Za-z0-9_-]{22}$/);
    expect(messageIdOf(batch())).toBe(messageIdOf(batch()));
  });

  test('is the same after the batch was detached from its chunk, and after its way through a message', () => {
    const one = batch();
    const id = messageIdOf(one);
    const chunk = Buffer.concat([Buffer.alloc(100), one.raw, Buffer.alloc(100)]);
    const view = new LogBatch(2, 2, chunk.subarray(100, 100 + one.raw.length));
    expect(messageIdOf(view)).toBe(id);
    view.detach();
    expect(messageIdOf(view)).toBe(id);
    const headers = { get: (name: string) => (name === 'Boundary-Tag' ? '2' : '') };
    expect(messageIdOf(batchOf({ data: view.raw, headers }))).toBe(id);
  });

  test.each([
    ['session', eventBatch({ ...event, session_id: 'other' }, { ...event, sequence_number: 8 })],
    ['first number', eventBatch({ ...event, sequence_number: 6 }, { ...event, sequence_number: 8 })],
    ['URL', eventBatch({ ...event, http_url: 'https://b.example/' }, { ...event, sequence_number: 8 })],
    ['number of logs', eventBatch(event)],
    ['tag', new LogBatch(Tag.V1, 2, batch().raw)],
    ['unknown field', new LogBatch(2, 2, Buffer.concat([batch().raw, Buffer.from([0x78, 1])]))],
  ])(
    'is another one if only the %s differs, so that a forged batch cannot suppress an honest one',
    (_, forged) => {
      expect(messageIdOf(forged)).not.toBe(messageIdOf(batch()));
    },
  );

  test('says how many logs there are if their numbers are not consecutive', () => {
    const gap = eventBatch(event, { ...event, sequence_number: 10 });
    expect(messageIdOf(gap)).toMatch(/^2\.x2\./);
  });

  test('of a batch without a session belongs to this object, since two equal ones may both be honest', () => {
    const one = eventBatch({});
    const other = eventBatch({});
    const id = messageIdOf(one);
    expect(other.raw.equals(one.raw)).toBe(true);
    one.detach();
    expect(messageIdOf(one)).toBe(id);
    expect(messageIdOf(other)).not.toBe(id);
    expect(id).toMatch(/^2\.[A-Za-z0-9_-]{12}[0-9a-z]+\.[A-Za-z0-9_-]{22}$/);
  });

  test.each([undefined, {}, { raw: Buffer.alloc(0), count: 0 }, { ...eventBatch({}) }])(
    'of %j cannot be made, and will never be',
    (value) => {
      expect(thrown(() => envelopeOf(value as never))).toMatchObject({
        code: 'ERR_INVALID_BATCH',
        permanent: true,
      });
    },
  );

  test('contains no character that ends a header', () => {
    for (const [, session_id] of HOSTILE) {
      expect(messageIdOf(eventBatch({ session_id }))).toMatch(/^[A-Za-z0-9._-]+$/);
    }
  });
});

describe('a message', () => {
  const headers = (fields: Record<string, string>) => ({ get: (name: string) => fields[name] ?? '' });
  const batch = eventBatch({ session_id: UUID, sequence_number: 3 });

  test.each([1, 2])('with the tag %d becomes the batch again', (tag) => {
    const chunk = Buffer.concat([Buffer.alloc(9), batch.raw]);
    const data = new Uint8Array(chunk.buffer, chunk.byteOffset + 9, batch.raw.length);
    const again = batchOf({
      data,
      headers: headers({ 'Boundary-Tag': String(tag), 'Boundary-Count': '99' }),
    });
    expect(again).toEqual(new LogBatch(tag, 1, batch.raw));
    expect(again.sessionId).toBe(UUID);
    expect(again.firstNumber).toBe(3);
  });

  test('without headers has the tag 1', () => {
    expect(batchOf({ data: batch.raw }).tag).toBe(1);
  });

  test.each([
    ['another tag', { data: batch.raw, headers: headers({ 'Boundary-Tag': '3' }) }, 'ERR_UNSUPPORTED_TAG'],
    [
      'a tag that is not a number',
      { data: batch.raw, headers: headers({ 'Boundary-Tag': 'x' }) },
      'ERR_UNSUPPORTED_TAG',
    ],
    ['bytes that are not protobuf', { data: Buffer.from([0xff]) }, 'ERR_INVALID_PROTOBUF'],
    ['a session that is not UTF-8', { data: Buffer.from([0x12, 1, 0xff]) }, 'ERR_INVALID_UTF8'],
  ])('with %s is refused for good', (_, message, code) => {
    expect(thrown(() => batchOf(message))).toMatchObject({ code, permanent: true });
    // The errors of the codec are shared, and stay as they are.
    const outcome = decodeMessage({ tag: 1, payload: Buffer.from([0xff]) });
    expect(outcome).toMatchObject({ kind: 'skip' });
    expect(Object.keys((outcome as { error: object }).error)).not.toContain('permanent');
  });

  test('that is empty is a batch without logs, as a frame is', () => {
    expect(batchOf({ data: new Uint8Array() })).toMatchObject({ count: 0 });
  });
});
