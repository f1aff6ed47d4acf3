import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  boundaryProtocol,
  decodeFrame,
  FrameDecoder,
  LogBatch,
  MAX_PAYLOAD_LENGTH,
  Tag,
} from '../../../codec/index.js';
import { decode, encode, type Message, REQUEST, varint } from '../../helpers/naive-protobuf.js';
import { field, overlong, unknown } from '../../helpers/odd-fields.js';
import { redacted, redactedTwice, requestOf, requestRedactor, urlsOf } from '../../helpers/redaction.js';
import { seed } from '../../helpers/seed.js';
import { vectors } from '../../helpers/vectors.js';

const redactor = requestRedactor();
const redact = (raw: Buffer) => redactedTwice(raw, redactor);
test('a request without secrets is the same object, whatever its bytes', () => {
  const odd = Buffer.concat([
    unknown,
    field(1, Buffer.concat([unknown, field(3, field(2, 'https://h/p', 2), 1)]), 3),
  ]);
  for (const raw of [Buffer.alloc(0), requestOf(), requestOf('', '/', 'https://h/p'), odd]) {
    expect(redact(raw)).toBe(raw);
  }
});

test('each URL changes, and nothing else: unknown fields, other fields and their order', () => {
  const log = (url: string, extra = 0) =>
    Buffer.concat([
      unknown,
      field(3, Buffer.concat([unknown, field(2, url, extra), unknown, field(3, '/?rule=1')]), extra),
      unknown,
    ]);
  const raw = Buffer.concat([
    field(2, 's?a=b'),
    field(1, log('/?a=b', 2), 2),
    unknown,
    field(1, log('/p', 3), 3),
  ]);
  const expected = Buffer.concat([
    ...[field(2, 's?a=b'), overlong(10n, 2)],
    // The lengths that change are in their shortest form, and the keys are as they were.
    field(1, Buffer.concat([unknown, overlong(26n, 2), inside(), unknown])).subarray(1),
    ...[unknown, field(1, log('/p', 3), 3)],
  ]);
  function inside() {
    const content = Buffer.concat([
      unknown,
      overlong(18n, 2),
      field(2, '/?a=REDACTED').subarray(1),
      unknown,
      field(3, '/?rule=1'),
    ]);
    return Buffer.concat([varint(BigInt(content.length)), content]);
  }
  const before = Buffer.from(raw);
  expect(redact(raw).toString('latin1')).toBe(expected.toString('latin1'));
  expect(raw.equals(before)).toBe(true);
});

test('a URL that occurs twice in its message is redacted twice', () => {
  const raw = field(
    1,
    Buffer.concat([
      field(3, field(2, '/?a=b')),
      field(3, Buffer.concat([field(2, '/?c=d'), field(2, '/?e=f')])),
    ]),
  );
  expect(redact(raw).toString('latin1')).not.toMatch(/=[bdf]/);
});

/** Replaces each URL as the naive codec sees it. */
function naively(raw: Buffer): Buffer {
  const request = decode(REQUEST, raw);
  for (const log of (request.known.get(1) ?? []) as Message[]) {
    const http = log.known.get(3) as Message | undefined;
    const url = http?.known.get(2);
    if (typeof url === 'string') http?.known.set(2, redacted(url));
  }
  return encode(request);
}

test('the batches of all recorded byte streams become what a naive codec makes of them', () => {
  let batches = 0;
  for (const { name, bytes } of vectors) {
    for (const item of new FrameDecoder().decode(bytes)) {
      const outcome = decodeFrame(boundaryProtocol, item);
      if (outcome.kind !== 'logs') continue;
      batches += 1;
      const result = encode(decode(REQUEST, redact(outcome.raw)));
      expect([name, result.toString('latin1')]).toEqual([name, naively(outcome.raw).toString('latin1')]);
    }
  }
  expect(batches).toBeGreaterThan(50);
});

test('random batches, also', () => {
  const url = fc.oneof(
    fc.webUrl({ withQueryParameters: true, withFragments: true }),
    fc.string(),
    fc.constant('/?a=b'),
  );
  fc.assert(
    fc.property(fc.array(url, { maxLength: 20 }), (urls) => {
      const known = urls.map((one) => one.toWellFormed());
      expect(urlsOf(redact(requestOf(...known)))).toEqual(known.map((one) => redacted(one)));
    }),
    { seed, numRuns: 500 },
  );
});

test.each([
  ['a', 10_000],
  ['a=1', 7000],
  ['=1', 9000],
])('no batch becomes too long for a frame: %j in a URL, repeated', (parameter, times) => {
  const url = `/?${Array(times).fill(parameter).join('&')}`;
  const raw = requestOf(url);
  expect(raw.length).toBeLessThanOrEqual(MAX_PAYLOAD_LENGTH);
  const result = redact(raw);
  expect(result.length).toBeLessThanOrEqual(raw.length);
  expect(urlsOf(result)).toEqual([url.replaceAll(/a(?!=)|1/g, '*')]);
  expect(redact(result).equals(result)).toBe(true);
});

test('many short URLs, also, and a batch that fits has the long mark', () => {
  expect(redact(requestOf(...Array(2000).fill('?a'))).length).toBeLessThanOrEqual(
    requestOf(...Array(2000).fill('?a')).length,
  );
  expect(urlsOf(redact(requestOf(...Array(500).fill('?a'))))).toEqual(Array(500).fill('?REDACTED'));
});

test('long URLs of one delimiter, and of each pair', () => {
  const delimiters = [
    '?',
    '#',
    '&',
    ';',
    '=',
    '@',
    ':',
    '/',
    '\\',
    '%',
    '%25',
    '%3F',
    '%2525',
    'ü',
    ' ',
    'a',
    '.',
  ];
  const kept = requestRedactor({ keep: ['a'], pattern: '(a|b)*c|[?@]' });
  for (const first of delimiters) {
    for (const second of delimiters) {
      for (const start of ['', 'http://h/', 'http://', '/?a=']) {
        const raw = requestOf(start + (first + second).repeat(300));
        expect(redact(raw).length).toBeLessThanOrEqual(MAX_PAYLOAD_LENGTH + raw.length);
      }
    }
    expect(() => kept.redact(requestOf(`/${first.repeat(1000)}`))).not.toThrow();
  }
});

test('a URL that is not UTF-8 is removed as a whole if there is a pattern', () => {
  const raw = field(1, field(3, field(2, Buffer.from('/p\xff/secret?a=b', 'latin1'))));
  expect(redact(raw).toString('latin1')).toContain('/p\xff/secret?a=REDACTED');
  expect(requestRedactor({ pattern: 'x' }).redact(raw).toString('latin1')).toMatch(/.REDACTED$/s);
});

test.each(['0a', '0aff', '0a05', '00', '0a031a', '0a021a05', '0a041a0212ff', '07', 'ffffffffffffffffffff01'])(
  'bytes that are not a request are an error without them: %s',
  (hex) => {
    expect(() => redact(Buffer.from(hex, 'hex'))).toThrow(
      expect.objectContaining({ code: 'ERR_REDACTION_FAILED', message: expect.not.stringContaining(hex) }),
    );
  },
);

test('what was redacted before is not changed by what comes after', () => {
  const results = Array.from({ length: 300 }, (_, i) => redact(requestOf(...Array(10).fill(`/${i}?a=b`))));
  results.forEach((raw, i) => {
    expect(new LogBatch(Tag.V2, 10, raw).request.logs[9]?.httpRequest?.url).toBe(`/${i}?a=REDACTED`);
  });
});
