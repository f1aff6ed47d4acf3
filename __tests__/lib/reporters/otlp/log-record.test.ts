import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import Long from 'long';
import { LogBatch, Tag } from '../../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../../codec/messages.js';
import type { BoundaryEvent } from '../../../../lib/index.js';
import { type LogRecord, recordsOf } from '../../../../lib/reporters/otlp/log-record.js';
import { KINDS } from '../../../../lib/text/generated/event.js';
import { ROOT } from '../../../helpers/code-blocks.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { tableAfter } from '../../../helpers/markdown.js';
import { thrown } from '../../../helpers/thrown.js';

const resource = { attributes: { 'service.name': 'test' } };
const OBSERVED: [number, number] = [1_772_566_955, 5];

/** The log record of an event. */
function recordOf(event: Partial<BoundaryEvent>): LogRecord {
  const [record] = recordsOf(eventBatch(event), OBSERVED, resource);
  return record as LogRecord;
}

const FULL: BoundaryEvent = {
  decision: 'allow',
  session_id: '5f3c1c52-7b2a-4f0e-9d55-0c2f8a1b9e77',
  sequence_number: 7,
  confined_process_name: 'claude-code',
  http_method: 'GET',
  http_url: 'https://example.com:8443/a?b=c#d',
  event_time: '2026-03-03T19:42:34.120000001Z',
  matched_rule: 'domain=example.com',
};

test('an event with every field', () => {
  expect(recordOf(FULL)).toEqual({
    eventName: 'boundary_request',
    hrTime: [1_772_566_954, 120_000_001],
    hrTimeObserved: OBSERVED,
    severityNumber: 9,
    severityText: 'INFO',
    body: 'allow GET https://example.com:8443/a?b=c#d',
    attributes: {
      'http.request.method': 'GET',
      'url.full': 'https://example.com:8443/a?b=c#d',
      'server.address': 'example.com',
      'boundary.decision': 'allow',
      'boundary.session_id': FULL.session_id,
      'boundary.sequence_number': 7,
      'boundary.process': 'claude-code',
      'boundary.matched_rule': 'domain=example.com',
    },
    droppedAttributesCount: 0,
    resource,
    instrumentationScope: { name: 'boundary-log-proxy', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
  });
});

test('an event with no field', () => {
  expect(recordOf({})).toMatchObject({
    hrTime: [0, 0],
    severityNumber: 13,
    severityText: 'WARN',
    body: 'deny',
    attributes: { 'boundary.decision': 'deny' },
  });
  expect(Object.keys(recordOf({}).attributes)).toEqual(['boundary.decision']);
});

test('a log without any byte counts as denied', () => {
  const raw = Buffer.from(ReportBoundaryLogsRequest.encode({ logs: [{}] }).finish());
  const [record] = recordsOf(new LogBatch(Tag.V1, 1, raw), OBSERVED, resource);
  expect(record).toMatchObject({ severityText: 'WARN', attributes: { 'boundary.decision': 'deny' } });
});

describe('the table in docs/opentelemetry.md', () => {
  const rows = tableAfter(
    readFileSync(join(ROOT, 'docs/opentelemetry.md'), 'utf8'),
    '| field of the event',
  ) as [event: string, record: string, value: string][];
  const namesIn = (cell: string) => cell.split(', ').map((name) => name.replaceAll('`', ''));

  /** A log record by the names of OpenTelemetry's data model, and its attributes by theirs. */
  const fieldsOf = ({ hrTime, hrTimeObserved, attributes, ...record }: LogRecord) => ({
    EventName: record.eventName,
    Timestamp: hrTime,
    ObservedTimestamp: hrTimeObserved,
    SeverityNumber: record.severityNumber,
    SeverityText: record.severityText,
    Body: record.body,
    ...attributes,
  });
  const CHANGED: BoundaryEvent = {
    decision: 'deny',
    session_id: 'another',
    sequence_number: 8,
    confined_process_name: 'another',
    http_method: 'PUT',
    http_url: 'https://example.org/',
    event_time: '2026-03-03T19:42:35Z',
    matched_rule: 'domain=example.org',
  };

  test('names every field of an event', () => {
    const fields = rows.map(([event]) => event).filter((event) => event !== '');
    expect(fields.sort()).toEqual(Object.keys(KINDS).sort());
  });

  test('names every field of a log record', () => {
    const documented = new Set(rows.flatMap(([, record]) => namesIn(record)));
    expect([...documented].sort()).toEqual(Object.keys(fieldsOf(recordOf(FULL))).sort());
  });

  test.each(rows.filter(([event]) => event !== ''))(
    '%s decides about %s, and nothing else',
    (event, record) => {
      const field = event as keyof BoundaryEvent;
      const before = fieldsOf(recordOf(FULL)) as Record<string, unknown>;
      const after = fieldsOf(recordOf({ ...FULL, [field]: CHANGED[field] })) as Record<string, unknown>;
      const different = Object.keys(before).filter(
        (name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]),
      );
      expect(different.sort()).toEqual(namesIn(record).sort());
    },
  );

  test('has the values of a decision', () => {
    const [, , value] = rows.find(([event]) => event === 'decision') ?? [];
    const says = ({ severityNumber, severityText, attributes }: LogRecord) =>
      `${severityNumber}, ${severityText}, ${attributes['boundary.decision']}`;
    const allowed = says(recordOf({ decision: 'allow' }));
    expect(value?.replaceAll('`', '')).toBe(
      `allowed: ${allowed}; denied: ${says(recordOf({ decision: 'deny' }))}`,
    );
  });
});

describe('server.address', () => {
  test.each([
    ['https://example.com/', 'example.com'],
    ['http://EXAMPLE.com:80/x', 'example.com'],
    ['https://user:password@example.com/', 'example.com'],
    ['http://[2001:db8::1]:8080/', '2001:db8::1'],
    ['http://127.0.0.1/', '127.0.0.1'],
    ['https://xn--mnchen-3ya.example/', 'xn--mnchen-3ya.example'],
    ['example.com:443', undefined],
    ['/only/a/path', undefined],
    ['http://', undefined],
    ['http://a b/', undefined],
    ['file:///etc/passwd', undefined],
    ['\u{1f600}', undefined],
  ])('of %s', (url, host) => {
    const { attributes } = recordOf({ http_url: url });
    expect(attributes['server.address']).toBe(host);
    expect(attributes['url.full']).toBe(url);
  });
});

describe('the time of an event', () => {
  test.each<[time: string, hrTime: [number, number], text: string | undefined]>([
    ['1970-01-01T00:00:00.000000001Z', [0, 1], undefined],
    ['1970-01-01T00:00:01Z', [1, 0], undefined],
    ['2026-03-03T19:42:34.12Z', [1_772_566_954, 120_000_000], undefined],
    ['2262-04-11T23:47:15.999999999Z', [9_223_372_035, 999_999_999], undefined],
    ['1970-01-01T00:00:00Z', [0, 0], '1970-01-01T00:00:00Z'],
    ['1969-12-31T23:59:59.5Z', [0, 0], '1969-12-31T23:59:59.5Z'],
    ['2262-04-11T23:47:16Z', [0, 0], '2262-04-11T23:47:16Z'],
    ['9999-12-31T23:59:59Z', [0, 0], '9999-12-31T23:59:59Z'],
    ['@1000000000000000', [0, 0], '@1000000000000000'],
    ['@-1.5', [0, 0], '1969-12-31T23:59:58.5Z'],
  ])('%s', (time, hrTime, text) => {
    const record = recordOf({ event_time: time });
    expect(record.hrTime).toEqual(hrTime);
    expect(record.attributes['boundary.event_time']).toBe(text);
  });

  test.each<[seconds: bigint, nanos: number, hrTime: [number, number], text: string | undefined]>([
    [5n, -1, [4, 999_999_999], undefined],
    [5n, 2_000_000_000, [7, 0], undefined],
    [-1n, 1_500_000_000, [0, 500_000_000], undefined],
    [2n ** 63n - 1n, 999_999_999, [0, 0], '@9223372036854775807.999999999'],
    [-(2n ** 63n), 0, [0, 0], '@-9223372036854775808'],
  ])('%s seconds and %i nanoseconds', (seconds, nanos, hrTime, text) => {
    const time = { seconds: Long.fromString(String(seconds)), nanos };
    const raw = Buffer.from(ReportBoundaryLogsRequest.encode({ logs: [{ time }] }).finish());
    const [record] = recordsOf(new LogBatch(Tag.V2, 1, raw), OBSERVED, resource);
    expect(record?.hrTime).toEqual(hrTime);
    expect(record?.attributes['boundary.event_time']).toBe(text);
  });
});

describe('the body', () => {
  test.each([
    [{ http_method: 'GET' }, 'deny GET'],
    [{ http_url: 'https://a.example/' }, 'deny https://a.example/'],
    [{ http_method: 'A\nB', http_url: 'x\u001b[31m\u202e\\' }, 'deny A\\u000aB x\\u001b[31m\\u202e\\\\'],
    [{ http_url: 'y'.repeat(40_000) }, `deny ${'y'.repeat(295)}…`],
    // A pair of surrogates that is cut stays valid text.
    [{ http_url: `${'y'.repeat(294)}\u{1f600}` }, `deny ${'y'.repeat(294)}\\ud83d…`],
  ] as [Partial<BoundaryEvent>, string][])('%#', (event, body) => {
    expect(recordOf(event).body).toBe(body);
  });
});

test.each([
  ['of an event without a session and with number 0 is absent', { sequence_number: 0 }, undefined],
  ['of an event with a session and number 0 is 0', { session_id: 's', sequence_number: 0 }, 0],
  ['of an event without a session is there if it is not 0', { sequence_number: 5 }, 5],
  ['can be negative', { session_id: 's', sequence_number: -2_147_483_648 }, -2_147_483_648],
  ['can be the largest one', { session_id: 's', sequence_number: 2_147_483_647 }, 2_147_483_647],
])('the sequence number %s', (_what, event, expected) => {
  expect(recordOf(event).attributes['boundary.sequence_number']).toBe(expected);
});

test.each(['session_id', 'confined_process_name'] as const)('a long %s is cut, as in text', (field) => {
  const name = field === 'session_id' ? 'boundary.session_id' : 'boundary.process';
  const sent = (text: string) => recordOf({ [field]: text }).attributes[name];
  expect(sent('x'.repeat(64))).toBe('x'.repeat(64));
  expect(sent('x'.repeat(65))).toBe(`${'x'.repeat(64)}[cut]`);
  expect(sent('ü'.repeat(40))).toBe(`${'ü'.repeat(32)}[cut]`);
});

test.each([
  ['bytes that are not a request', new LogBatch(Tag.V2, 1, Buffer.from([0xff, 0xff]))],
  ['the message of a custom protocol', { count: 1, raw: Buffer.alloc(1) } as LogBatch],
])('%s are a permanent failure', (_what, batch) => {
  expect(thrown(() => recordsOf(batch, OBSERVED, resource))).toMatchObject({
    code: 'ERR_INVALID_BATCH',
    permanent: true,
  });
});
