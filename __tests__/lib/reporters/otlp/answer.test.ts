import { describe, expect, test } from '@jest/globals';
import type { ReportResult } from '../../../../lib/batch.js';
import { type Answer, isServerFault, outcomeOf } from '../../../../lib/reporters/otlp/answer.js';
import { loadSerializer } from '../../../../lib/reporters/otlp/serializer.js';
import { encodeResponse } from '../../../helpers/otlp-server.js';
import { thrown } from '../../../helpers/thrown.js';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const RECORDS = 10;

interface Given extends Partial<Omit<Answer, 'body'>> {
  readonly type?: string | undefined;
  readonly body?: Buffer | string | object;
}

const serializer = await loadSerializer('http/protobuf');

/** What an answer means, or the error. */
function meaning({ type, body = '', status = 200, headers = {}, isComplete = true }: Given) {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const warnings: string[] = [];
  const answer = {
    ...{ status, isComplete, body: bytes },
    headers: { ...headers, ...(type === undefined ? {} : { 'content-type': type }) },
  };
  const asked = {
    ...{ url: new URL('http://collector.example:4318/v1/logs?key=secret'), records: RECORDS },
    hide: (text: string) => text.replaceAll('s3cr3t', '[header]'),
    onWarning: (text: string) => warnings.push(text),
  };
  let outcome: ReportResult | undefined;
  const error = thrown(() => {
    outcome = outcomeOf(answer, asked, serializer);
  });
  return { outcome, error, warnings };
}

const response = (partialSuccess: object) => encodeResponse('ExportLogsServiceResponse', { partialSuccess });

describe('a success', () => {
  test.each<[what: string, answer: Given]>([
    ['without a body', {}],
    ['with 204', { status: 204 }],
    ['with 202 and an empty response', { status: 202, type: PROTOBUF }],
    ['in protobuf', { type: PROTOBUF, body: response({}) }],
    ['in JSON', { type: JSON_TYPE, body: {} }],
    ['in JSON with a character set', { type: `${JSON_TYPE}; charset=utf-8`, body: { partialSuccess: {} } }],
    ['with fields of a later version', { type: PROTOBUF, body: Buffer.from('9a06026869', 'hex') }],
    ['with null for a partial success', { type: JSON_TYPE, body: { partialSuccess: null } }],
    ['without a content type', { body: response({}) }],
    [
      'with an encoding that changes nothing',
      { type: JSON_TYPE, body: {}, headers: { 'content-encoding': 'identity' } },
    ],
    ['with 0 rejected', { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: '0' } } }],
  ])('%s', (_what, answer) => {
    expect(meaning(answer)).toEqual({ outcome: { rejectedLogs: 0 }, error: undefined, warnings: [] });
  });

  test.each<[what: string, answer: Given]>([
    ['in protobuf', { type: PROTOBUF, body: response({ errorMessage: 'slow\ndown' }) }],
    ['in JSON', { type: JSON_TYPE, body: { partialSuccess: { errorMessage: 'slow\ndown' } } }],
  ])('with a warning, %s', (_what, answer) => {
    expect(meaning(answer)).toEqual({
      outcome: { rejectedLogs: 0 },
      error: undefined,
      warnings: ['slow down'],
    });
  });
});

describe('a partial success', () => {
  test.each<[what: string, answer: Given, rejected: number, text: string]>([
    [
      'in protobuf',
      { type: PROTOBUF, body: response({ rejectedLogRecords: 3, errorMessage: 'too old' }) },
      3,
      'too old',
    ],
    [
      'in JSON, whose numbers of 64 bits are texts',
      { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: '3', errorMessage: 'too old' } } },
      3,
      'has rejected 3 of the 10 logs of an export: too old',
    ],
    [
      'in JSON with a number',
      { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: 3 } } },
      3,
      'does not say why',
    ],
    [
      'in JSON with the names of protobuf',
      { type: JSON_TYPE, body: { partial_success: { rejectedLogRecords: 3 } } },
      3,
      '',
    ],
    ['of everything', { type: PROTOBUF, body: response({ rejectedLogRecords: 10 }) }, 10, '10 of the 10'],
    // What cannot be right counts as everything.
    [
      'of more than there are',
      { type: PROTOBUF, body: response({ rejectedLogRecords: 11 }) },
      10,
      'it says 11',
    ],
    ['of a negative number', { type: PROTOBUF, body: response({ rejectedLogRecords: -1 }) }, 10, 'it says'],
    [
      'of 2^62',
      { type: PROTOBUF, body: response({ rejectedLogRecords: '4611686018427387904' }) },
      10,
      'it says',
    ],
    [
      'of a word',
      { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: 'many' } } },
      10,
      'it says many',
    ],
    [
      'of a fraction',
      { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: 0.5 } } },
      10,
      'it says 0.5',
    ],
    [
      'whose text is hostile',
      {
        type: JSON_TYPE,
        body: { partialSuccess: { rejectedLogRecords: 1, errorMessage: '\u001b[2J\r\n\u202es3cr3t' } },
      },
      1,
      ': [2J \\u202e[header]',
    ],
    [
      'whose text is long',
      { type: PROTOBUF, body: response({ rejectedLogRecords: 1, errorMessage: 'x'.repeat(1000) }) },
      1,
      `${'x'.repeat(300)}…`,
    ],
    [
      'whose text is a number',
      { type: JSON_TYPE, body: { partialSuccess: { rejectedLogRecords: 1, errorMessage: 5 } } },
      1,
      '',
    ],
  ])('%s', (_what, answer, rejectedLogs, text) => {
    const { outcome, warnings } = meaning(answer);
    expect(outcome).toMatchObject({
      rejectedLogs,
      error: { code: 'ERR_CALL_REJECTED', permanent: true, message: expect.stringContaining(text) },
    });
    expect(warnings).toEqual([]);
  });
});

describe('a success of something that is not OTLP is retried', () => {
  test.each<[what: string, answer: Given, text: string]>([
    ['a page', { type: 'text/html', body: '<title>Hi</title><b>Log in</b>' }, 'text/html, "Hi Log in"'],
    ['a word', { type: 'text/plain', body: 'OK' }, 'text/plain, "OK"'],
    ['text as protobuf', { type: PROTOBUF, body: 'OK' }, 'does not speak OTLP'],
    ['a page as protobuf', { type: PROTOBUF, body: '<html>' }, 'does not speak OTLP'],
    ['a page as JSON', { type: JSON_TYPE, body: '<html>' }, 'does not speak OTLP'],
    ['a number as JSON', { type: JSON_TYPE, body: '5' }, 'does not speak OTLP'],
    ['null as JSON', { type: JSON_TYPE, body: 'null' }, 'does not speak OTLP'],
    ['a list as JSON', { type: JSON_TYPE, body: '[]' }, 'does not speak OTLP'],
    ['an answer that is too long', { type: JSON_TYPE, body: '{}', isComplete: false }, 'does not speak OTLP'],
    ['a compressed answer', { type: JSON_TYPE, body: '{}', headers: { 'content-encoding': 'br' } }, 'OTLP'],
    ['a secret', { type: 'text/plain', body: 'hello s3cr3t' }, 'hello [header]'],
  ])('%s', (_what, answer, text) => {
    const { error } = meaning(answer);
    expect(error).toMatchObject({ code: 'ERR_PROTOCOL_VIOLATION', message: expect.stringContaining(text) });
    expect(error.permanent).toBeUndefined();
  });
});

describe('a failure', () => {
  const status = (message: string) => encodeResponse('Status', { message });

  test.each([429, 502, 503, 504])('%i passes, after the time that it asks for', (code) => {
    for (const [header, ms] of [
      ['2', 2000],
      [undefined, undefined],
      ['soon', undefined],
    ] as const) {
      const headers = header === undefined ? {} : { 'retry-after': header };
      const { error } = meaning({ status: code, headers, type: PROTOBUF, body: status('busy') });
      expect(error).toMatchObject({
        code: 'ERR_CONNECT_FAILED',
        message: expect.stringContaining(`HTTP ${code}, busy`),
      });
      expect([error.retryAfterMs, error.permanent, isServerFault(error)]).toEqual([ms, undefined, false]);
    }
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { error } = meaning({ status: code, headers: { 'retry-after': date } });
    expect(error.retryAfterMs).toBeGreaterThan(50_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  test.each([
    [400, ''],
    [401, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [403, 'OTEL_EXPORTER_OTLP_HEADERS'],
    [404, '/v1/logs'],
    [405, '/v1/logs'],
    [408, ''],
    [409, ''],
    [413, ''],
    [415, 'OTEL_EXPORTER_OTLP_PROTOCOL'],
    [418, ''],
    [425, ''],
    [499, ''],
  ])('%i is permanent, and the message says what to do', (code, text) => {
    // A delay does not make it pass.
    const { error } = meaning({
      status: code,
      headers: { 'retry-after': '1' },
      type: PROTOBUF,
      body: status('no'),
    });
    expect(error).toMatchObject({ code: 'ERR_CALL_REJECTED', permanent: true });
    expect(error.message).toContain(`http://collector.example:4318/v1/logs answers with HTTP ${code}, no`);
    expect(error.message).toContain(text);
    expect(error.retryAfterMs).toBeUndefined();
  });

  test.each([500, 501, 505, 507, 511, 599])('%i is that of the server', (code) => {
    const { error } = meaning({ status: code, type: JSON_TYPE, body: { message: 'oh' } });
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_FAILED',
      message: expect.stringContaining(`HTTP ${code}, oh`),
    });
    expect([error.permanent, isServerFault(error)]).toEqual([undefined, true]);
  });

  test.each([
    [301, 'https://other.example/v1/logs?key=secret', 'HTTP 301 to https://other.example/v1/logs, which'],
    [302, '/login?x=s3cr3t', 'HTTP 302 to http://collector.example:4318/login, which'],
    [307, 'http://[', 'HTTP 307'],
    [308, undefined, 'HTTP 308'],
    [304, undefined, 'HTTP 304'],
  ])('the redirect %i to %s is not followed, and passes', (code, location, text) => {
    const { error } = meaning({ status: code, headers: location === undefined ? {} : { location } });
    expect(error).toMatchObject({ code: 'ERR_CONNECT_FAILED', message: expect.stringContaining(text) });
    expect(error.permanent).toBeUndefined();
    expect(error.message).not.toContain('secret');
  });

  test.each<[what: string, answer: Given, text: string]>([
    ['a page', { type: 'text/html', body: '<h1>Bad\nGateway</h1>' }, 'text/html, "Bad Gateway"'],
    ['nothing', {}, 'no content type, empty'],
    [
      'bytes that are not a status',
      { type: PROTOBUF, body: Buffer.from([0xff, 0]) },
      'application/x-protobuf',
    ],
    ['a secret', { type: PROTOBUF, body: status('your key s3cr3t is bad') }, 'your key [header] is bad'],
    ['a secret in its type', { type: 'text/s3cr3t' }, 'text/[header]'],
    ['control characters', { type: PROTOBUF, body: status('a\u001b[31m\nb') }, 'a [31m b'],
    [
      'an answer that is too long',
      { type: 'text/plain', body: 'z'.repeat(70_000), isComplete: false },
      'zzz',
    ],
  ])('says what was answered: %s', (_what, answer, text) => {
    for (const code of [400, 500, 503]) {
      const { error } = meaning({ ...answer, status: code });
      expect(error.message).toContain(text);
      expect(error.message.length).toBeLessThan(700);
      expect(error.message).not.toContain('s3cr3t');
      expect(error.message).not.toContain('key=secret');
    }
  });
});
