import { describe, expect, test } from '@jest/globals';
import Long from 'long';
import {
  decodeMessage,
  encodeLogs,
  type Frame,
  FrameDecoder,
  type LogBatch,
  type LogsInput,
} from '../../../codec/index.js';
import { type BoundaryEvent, eventsOf, logOf, MESSAGE, toEvent } from '../../../lib/text/event.js';
import { SESSION } from '../../helpers/messages.js';
import { thrown } from '../../helpers/thrown.js';

/** The batch that a receiver decodes. */
const received = (request: LogsInput) =>
  decodeMessage(new FrameDecoder().decode(encodeLogs(request))[0] as Frame) as LogBatch;

const everything: BoundaryEvent = {
  decision: 'allow',
  session_id: SESSION,
  sequence_number: 7,
  confined_process_name: 'claude-code',
  http_method: 'GET',
  http_url: 'https://example.com/?a=b',
  event_time: '2026-03-03T19:42:34.12Z',
  matched_rule: 'domain=example.com',
};

test('the message of an event is the one that dashboards search for', () => {
  expect(MESSAGE).toBe('boundary_request');
});

describe('the events of a batch', () => {
  const log = logOf(everything);
  test.each<[name: string, request: LogsInput, events: object[]]>([
    [
      'that has all fields',
      { sessionId: SESSION, confinedProcessName: 'claude-code', logs: [log] },
      [everything],
    ],
    ['whose log has no fields', { logs: [{}] }, [{ decision: 'deny' }]],
    ['without logs', { sessionId: SESSION }, []],
    [
      'with a session, in which 0 is a sequence number',
      { sessionId: 's', logs: [{}, { sequenceNumber: 1 }] },
      [
        { decision: 'deny', session_id: 's', sequence_number: 0 },
        { decision: 'deny', session_id: 's', sequence_number: 1 },
      ],
    ],
    [
      'without a session, in which 0 is not a sequence number',
      { logs: [{ sequenceNumber: 0 }, { sequenceNumber: 5 }] },
      [{ decision: 'deny' }, { decision: 'deny', sequence_number: 5 }],
    ],
    ['with an empty HTTP request', { logs: [{ allowed: true, httpRequest: {} }] }, [{ decision: 'allow' }]],
    ['with the time 0', { logs: [{ time: {} }] }, [{ decision: 'deny', event_time: '1970-01-01T00:00:00Z' }]],
    [
      'with a time after the year 9999',
      { logs: [{ time: { seconds: Long.MAX_VALUE, nanos: -1 } }] },
      [{ decision: 'deny', event_time: '@9223372036854775806.999999999' }],
    ],
    [
      'with only a URL, and with only a method',
      { logs: [{ httpRequest: { url: 'x' } }, { httpRequest: { method: 'GET' } }] },
      [
        { decision: 'deny', http_url: 'x' },
        { decision: 'deny', http_method: 'GET' },
      ],
    ],
  ])('%s', (_name, request, events) => {
    expect(eventsOf(received(request))).toEqual(events);
  });

  test('an event has its fields in the order in which they are written', () => {
    const [event] = eventsOf(
      received({ sessionId: SESSION, confinedProcessName: 'claude-code', logs: [log] }),
    );
    expect(Object.keys(event ?? {})).toEqual(Object.keys(everything));
  });
});

describe('the log of an event', () => {
  test.each<[name: string, event: BoundaryEvent, log: object]>([
    ['that was denied', { decision: 'deny' }, { allowed: false }],
    ['that was allowed', { decision: 'allow' }, { allowed: true }],
    [
      'with only a method',
      { decision: 'allow', http_method: 'GET' },
      { allowed: true, httpRequest: { method: 'GET', url: '', matchedRule: '' } },
    ],
    [
      'with only a URL',
      { decision: 'allow', http_url: 'x' },
      { allowed: true, httpRequest: { method: '', url: 'x', matchedRule: '' } },
    ],
    [
      'with only a rule',
      { decision: 'allow', matched_rule: 'r' },
      { allowed: true, httpRequest: { method: '', url: '', matchedRule: 'r' } },
    ],
    [
      'with the sequence number 0',
      { decision: 'deny', sequence_number: 0 },
      { allowed: false, sequenceNumber: 0 },
    ],
    [
      'with a time',
      { decision: 'deny', event_time: '1970-01-01T00:00:01.5Z' },
      { allowed: false, time: { seconds: 1, nanos: 500_000_000 } },
    ],
    [
      'with all fields, except session and process, which belong to the batch',
      everything,
      {
        allowed: true,
        time: { seconds: 1_772_566_954, nanos: 120_000_000 },
        httpRequest: { method: 'GET', url: 'https://example.com/?a=b', matchedRule: 'domain=example.com' },
        sequenceNumber: 7,
      },
    ],
  ])('%s', (_name, event, log) => {
    expect(logOf(event)).toEqual(log);
  });
});

const NAMES =
  'decision, session_id, sequence_number, confined_process_name, http_method, http_url, event_time, matched_rule';

describe('toEvent accepts', () => {
  test.each<[name: string, value: unknown, event: object]>([
    ['all fields', everything, everything],
    ['only a decision', { decision: 'deny' }, { decision: 'deny' }],
    ['the message of a line, and ignores it', { msg: MESSAGE, decision: 'deny' }, { decision: 'deny' }],
    [
      'null and undefined, and leaves them out',
      { decision: 'allow', http_url: null, session_id: undefined },
      { decision: 'allow' },
    ],
    [
      'the largest sequence number',
      { decision: 'allow', sequence_number: 2 ** 31 - 1 },
      { decision: 'allow', sequence_number: 2 ** 31 - 1 },
    ],
    [
      'the smallest sequence number',
      { decision: 'allow', sequence_number: -(2 ** 31) },
      { decision: 'allow', sequence_number: -(2 ** 31) },
    ],
    [
      'a lone surrogate, which cannot be encoded, and replaces it',
      { decision: 'allow', http_url: 'a\ud800b' },
      { decision: 'allow', http_url: 'a\ufffdb' },
    ],
    ['a pair of surrogates', { decision: 'allow', http_url: '😀' }, { decision: 'allow', http_url: '😀' }],
  ])('%s', (_name, value, event) => {
    expect(toEvent(value)).toStrictEqual(event);
    expect(() => encodeLogs({ logs: [logOf(toEvent(value))] })).not.toThrow();
  });
});

test.each<[value: unknown, message: string]>([
  [undefined, 'an event: got undefined, expected an object'],
  [null, 'an event: got null, expected an object'],
  ['allow', 'an event: got "allow", expected an object'],
  [5, 'an event: got 5, expected an object'],
  [5n, 'an event: got 5, expected an object'],
  [{ decision: 1n }, 'decision: got 1, expected allow or deny'],
  [[], 'an event: got an array, expected an object'],
  [new Date(0), 'an event: got a Date, expected an object'],
  [
    { decision: 'deny', sessionId: 'a' },
    `got the unknown field "sessionId", expected ${NAMES}: did you mean session_id?`,
  ],
  [{ decision: 'deny', level: 30 }, `got the unknown field "level", expected ${NAMES}`],
  [{}, 'decision: got undefined, expected allow or deny'],
  [{ decision: true }, 'decision: got true, expected allow or deny'],
  [{ decision: 'Allow' }, 'decision: got "Allow", expected allow or deny'],
  [{ decision: 'deny', http_url: 5 }, 'http_url: got 5, expected a string'],
  [{ decision: 'deny', session_id: {} }, 'session_id: got an object, expected a string'],
  [{ decision: 'deny', sequence_number: '5' }, 'sequence_number: got "5", expected a number'],
  ...[1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN, Number.POSITIVE_INFINITY].map((number): [unknown, string] => [
    { decision: 'deny', sequence_number: number },
    `sequence_number: got ${number}, expected a whole number from -2147483648 to 2147483647`,
  ]),
  ...['', 'yesterday', 'NaN', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-03-03T24:00:00Z'].map(
    (time): [unknown, string] => [
      { decision: 'deny', event_time: time },
      `event_time: got ${JSON.stringify(time)}, expected a time such as 2026-03-03T19:42:34.12Z (RFC 3339)`,
    ],
  ),
])('toEvent rejects %p with ERR_INVALID_EVENT', (value, message) => {
  expect(thrown(() => toEvent(value))).toMatchObject({ code: 'ERR_INVALID_EVENT', message });
});
