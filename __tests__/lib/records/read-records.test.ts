import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { encodeLogs, encodeStatus, Tag } from '../../../codec/index.js';
import { recordsIn } from '../../../lib/records/read-records.js';
import { placeText, type Recorded, type RecordFault } from '../../../lib/records/record.js';
import { type BoundaryEvent, logOf } from '../../../lib/text/event.js';
import { type Format, formatBatch } from '../../../lib/text/format.js';
import { captureOf } from '../../helpers/captures.js';
import { cuts } from '../../helpers/cuts.js';
import { eventBatch } from '../../helpers/event-batch.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';

const SESSION = '0b7c5b1e-6f0e-4f7e-9d55-3f4b0a5e2c11';

const EVENTS: BoundaryEvent[] = [
  {
    ...{ decision: 'deny', session_id: SESSION, sequence_number: 0, confined_process_name: 'claude-code' },
    ...{ http_method: 'GET', http_url: 'https://a.example/x?q=1', event_time: '2026-03-03T19:42:34.12Z' },
  },
  {
    ...{ decision: 'allow', session_id: SESSION, sequence_number: 1, confined_process_name: 'claude-code' },
    ...{
      http_method: 'POST',
      http_url: 'https://a.example/ü "\\=\t\n\u001b😀',
      matched_rule: 'domain=a.example',
    },
  },
];

interface Read {
  records: Recorded[];
  faults: RecordFault[];
  events: BoundaryEvent[];
}

async function read(bytes: Buffer | string, cut = (whole: Buffer) => [whole]): Promise<Read> {
  async function* source() {
    yield* cut(Buffer.from(bytes as string));
  }
  const found: Read = { records: [], faults: [], events: [] };
  for await (const record of recordsIn('FILE', source(), (fault) => found.faults.push(fault))) {
    found.records.push(record);
    if (record.kind === 'event') found.events.push(record.event);
  }
  return found;
}

const messages = ({ faults }: Read) => faults.map(({ place, message }) => `${placeText(place)}: ${message}`);

const text = (format: Format, events = EVENTS) => formatBatch(eventBatch(...events), format);
const frame = (events: BoundaryEvent[], tag: Tag = Tag.V2) => {
  const [first] = events;
  const { session_id: sessionId = '', confined_process_name: confinedProcessName = '' } = first ?? {};
  return encodeLogs({ sessionId, confinedProcessName, logs: events.map(logOf) }, tag);
};

/** A capture with two connections, on which the second event arrives before a status. */
const CAPTURE = captureOf([
  { kind: 'start', startedAt: 1_000_000 },
  { kind: 'open', connection: 1, time: 0 },
  { kind: 'open', connection: 2, time: 1 },
  { kind: 'data', connection: 2, time: 5, bytes: frame(EVENTS.slice(1)) },
  { kind: 'data', connection: 1, time: 6, bytes: frame(EVENTS.slice(0, 1), Tag.V1) },
  {
    ...{ kind: 'data', connection: 2, time: 9 },
    bytes: encodeStatus({ droppedChannelFull: 2n ** 63n - 1n, droppedBatchFull: 3n }),
  },
  { kind: 'end', connection: 1, time: 10 },
  { kind: 'end', connection: 2, time: 10 },
  { kind: 'finish', time: 11 },
]);

describe.each(cuts)('%s', (_name, cut) => {
  test.each<[string, Buffer | string]>([
    ['JSON', text('json')],
    ['JSON with CRLF', text('json').replaceAll('\n', '\r\n')],
    ['JSON with a byte order mark', `\ufeff${text('json')}`],
    ['JSON without a last line feed', text('json').trimEnd()],
    ['JSON with empty lines', `\n  \n${text('json').replaceAll('\n', '\n\n')}`],
    [
      'JSON without msg and with fields that others have added',
      `${EVENTS.map((event) => JSON.stringify({ ...event, host: 'x' })).join('\n')}\n`,
    ],
    [
      'JSON between other lines of a log',
      `{"level":30,"msg":"listening"}\n${text('json')}{"msg":"closed"}\n`,
    ],
    ['logfmt', text('logfmt')],
    ['logfmt with CRLF and a byte order mark', `\ufeff${text('logfmt').replaceAll('\n', '\r\n')}`],
    ['logfmt between other lines of a log', `level=info msg=listening\n${text('logfmt')}`],
    ['the bytes of a connection, with tag 2', frame(EVENTS)],
    ['the bytes of a connection, with tag 1', frame(EVENTS, Tag.V1)],
  ])('%s', async (_what, bytes) => {
    const found = await read(bytes, cut);
    expect(messages(found)).toEqual([]);
    expect(found.events).toEqual(EVENTS);
  });

  test('a capture: in the order of arrival, with connections, times and what the sender dropped', async () => {
    const found = await read(CAPTURE, cut);
    expect(found.faults).toEqual([]);
    expect(found.records).toEqual([
      {
        ...{ kind: 'event', event: EVENTS[1], receivedAt: 1_000_005 },
        place: { file: 'FILE', connection: 2, frame: 1, offset: 0 },
      },
      {
        ...{ kind: 'event', event: EVENTS[0], receivedAt: 1_000_006 },
        place: { file: 'FILE', connection: 1, frame: 1, offset: 0 },
      },
      {
        ...{
          kind: 'status',
          droppedChannelFull: 2n ** 63n - 1n,
          droppedBatchFull: 3n,
          receivedAt: 1_000_009,
        },
        place: { file: 'FILE', connection: 2, frame: 2, offset: frame(EVENTS.slice(1)).length },
      },
    ]);
  });

  test.each([
    ['main-human.log', 40, 'main'],
    ['main.json.log', 40, 'main'],
    ['v2.34.3.json.log', 40, 'release'],
    ['v2.31.0.json.log', 20, 'release'],
  ])('the log of coderd: %s', async (name, count, version) => {
    const bytes = readFileSync(new URL(`../../fixtures/coderd-logs/${name}`, import.meta.url));
    const found = await read(bytes, cut);
    expect(messages(found)).toEqual([]);
    expect(found.events).toHaveLength(count);
    for (const event of found.events) {
      expect(event.http_url).toMatch(/^https:\/\/api\d\.example\.com\/v1\/\d+\?q=z*&u=ü%20"\\=\t$/);
      expect(event.decision === 'allow').toBe(event.matched_rule !== undefined);
      expect(event.event_time).toMatch(/^2026-11-25T18:\d\d:\d\d\.\d+Z$/);
      expect(event.session_id !== undefined && event.sequence_number !== undefined).toBe(version === 'main');
    }
  });
});

test('both forms of a log of coderd contain the same events', async () => {
  const url = (name: string) => new URL(`../../fixtures/coderd-logs/${name}`, import.meta.url);
  const key = ({ session_id, sequence_number }: BoundaryEvent) => `${session_id} ${sequence_number}`;
  const human = await read(readFileSync(url('main-human.log')));
  const json = await read(readFileSync(url('main.json.log')));
  const inJson = new Map(json.events.map((event) => [key(event), event]));
  const inBoth = human.events.filter((event) => inJson.has(key(event)));
  for (const event of inBoth) expect(event).toEqual(inJson.get(key(event)));
});

describe.each<Format>(['json', 'logfmt'])('%s with hostile texts in each field', (format) => {
  test.each(HOSTILE)('%s', async (_name, hostile) => {
    const event: BoundaryEvent = {
      ...{ decision: 'deny', session_id: hostile.slice(0, 8), sequence_number: 7 },
      ...{ confined_process_name: hostile.slice(0, 8), http_method: hostile },
      ...{ http_url: hostile, matched_rule: hostile, event_time: '2026-03-03T19:42:34.12Z' },
    };
    const wellFormed = Object.entries(event).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.toWellFormed() : value,
    ]);
    const found = await read(text(format, [event]));
    expect(messages(found)).toEqual([]);
    expect(found.events).toEqual([Object.fromEntries(wellFormed)]);
  });
});

const [first = '', second = ''] = text('json').split('\n');
const [firstPairs = '', secondPairs = ''] = text('logfmt').split('\n');
const SERVER = '2026-11-25 18:11:04.349 [info]  coderd.agentrpc: ';

describe('what cannot be read is reported with its position, and the rest is read', () => {
  test.each<[string, Buffer | string, number, (string | RegExp)[]]>([
    ['a line that is not JSON', `{"decision"\n${first}\n`, 1, [/^FILE, line 1: it is not valid JSON: /]],
    ['a cut last line of JSON', `${first}\n${second.slice(0, -9)}`, 1, [/^FILE, line 2: .* probably cut$/]],
    [
      'a cut last line of logfmt',
      `${firstPairs}\n${secondPairs.slice(0, -5)}`,
      1,
      [/^FILE, line 2: .* probably cut$/],
    ],
    [
      'a cut last line of logfmt that looks whole',
      `${firstPairs}\n${secondPairs}`,
      1,
      [/^FILE, line 2: it has no line feed\. .* probably cut$/],
    ],
    [
      'a decision that is not one',
      `{"decision":"maybe"}\n${first}\n`,
      1,
      ['FILE, line 1: decision: got "maybe", expected allow or deny'],
    ],
    [
      'a number that is too large',
      `${first}\n{"decision":"deny","sequence_number":18446744073709551615}\n`,
      1,
      [/^FILE, line 2: sequence_number: got 18446744073709552000, expected a whole number from /],
    ],
    [
      'the same in logfmt',
      `decision=deny sequence_number=1x\n${firstPairs}\n`,
      1,
      [/^FILE, line 1: sequence_number: got "1x", expected a number/],
    ],
    [
      'a key that is there twice',
      `decision=deny decision=allow\n${firstPairs}\n`,
      1,
      [/^FILE, line 1: it is neither JSON nor logfmt: "decision=deny/],
    ],
    [
      'an escape that does not exist',
      `decision=deny http_url="\\q"\n${firstPairs}\n`,
      1,
      [/line 1: it is neither/],
    ],
    [
      'text for people',
      `19:42:34.120 allow GET     https://a.example/\n${first}\n`,
      1,
      [/line 1: it is neither/],
    ],
    [
      'a text that would change the terminal',
      `\u001b[2Jx\n${first}\n`,
      1,
      ['FILE, line 1: it is neither JSON nor logfmt: "\\u001b[2Jx"'],
    ],
    [
      'a line that is too long',
      `${first}\n{${' '.repeat(1 << 20)}}\n${second}\n`,
      2,
      ['FILE, line 2: it has more than 1048576 characters'],
    ],
    [
      'a damaged event of coderd',
      `${SERVER}boundary_request  decision=deny http_url="x\n${SERVER}boundary_request  decision=deny\n`,
      1,
      [/line 1: it is neither/],
    ],
    [
      'a frame that is not valid',
      Buffer.concat([frame(EVENTS), Buffer.from([2, 0, 0, 1, 0xff]), frame(EVENTS)]),
      4,
      [new RegExp(`^FILE, connection 1, frame 2, at byte ${frame(EVENTS).length}: `)],
    ],
    [
      'a frame that is cut',
      Buffer.concat([frame(EVENTS), frame(EVENTS).subarray(0, 9)]),
      2,
      [/frame 2, at byte \d+: /],
    ],
    [
      'a header without its payload',
      Buffer.concat([frame(EVENTS), frame(EVENTS).subarray(0, 4)]),
      2,
      [/frame 2, at byte \d+: the capture ended behind a header/],
    ],
    [
      'a capture without its end',
      CAPTURE.subarray(0, -24),
      2,
      [/^FILE, at byte \d+: the capture ends at byte /],
    ],
  ])('%s', async (_what, bytes, events, expected) => {
    const found = await read(bytes);
    expect(found.events).toHaveLength(events);
    expect(found.faults.every(({ isLoss }) => isLoss)).toBe(true);
    const got = messages(found);
    expect(got).toHaveLength(expected.length);
    for (const [i, message] of got.entries()) expect(message).toMatch(expected[i] as RegExp);
  });

  test('a gap in a capture', async () => {
    const found = await read(
      captureOf([
        { kind: 'start', startedAt: 0 },
        { kind: 'open', connection: 1, time: 0 },
        { kind: 'data', connection: 1, time: 0, bytes: frame(EVENTS) },
        { kind: 'gap', connection: 1, time: 1, bytes: 9, connections: 0 },
        { kind: 'gap', connection: 0, time: 1, bytes: 5, connections: 2 },
        { kind: 'finish', time: 2 },
      ]),
    );
    expect(found.events).toEqual(EVENTS);
    expect(messages(found)).toEqual([
      expect.stringMatching(/^FILE, connection 1: .* 9 bytes are missing/),
      expect.stringMatching(/^FILE: the capture lacks 5 bytes and 2 connections/),
    ]);
  });
});

test('a fault is reported between what comes before and behind it', async () => {
  async function* source() {
    yield Buffer.from(`${first}\nnothing\n${second}\n`);
  }
  const order: string[] = [];
  for await (const { kind } of recordsIn('FILE', source(), () => order.push('fault'))) order.push(kind);
  expect(order).toEqual(['event', 'fault', 'event']);
});

describe('something that is not a loss', () => {
  test.each<[string, Buffer | string, string]>([
    [
      'a log without events',
      `${SERVER}started  x=1\n${SERVER}stopped\n  error\n`,
      'FILE: none of its 3 lines is an event of boundary',
    ],
    ['a log without events, in JSON', '{"msg":"a"}\n', 'FILE: none of its 1 lines is an event of boundary'],
    [
      'a message of an unknown kind',
      Buffer.from([2, 0, 0, 0]),
      'FILE, connection 1, frame 1, at byte 0: a message of a kind that this version does not know',
    ],
  ])('%s', async (_what, bytes, message) => {
    const found = await read(bytes);
    expect(messages(found)).toEqual([message]);
    expect(found.faults[0]?.isLoss).toBe(false);
  });

  test('an empty file', async () => {
    expect(await read('')).toEqual({ records: [], faults: [], events: [] });
  });
});

test.each<[string, Buffer | string, string]>([
  ['gzip', Buffer.from('1f8b0800', 'hex'), 'a gzip file: decompress it first'],
  ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'UTF-16 text: convert it with iconv'],
  ['UTF-16 without a mark', Buffer.from('{"a":1}', 'utf16le'), 'UTF-16 text: convert it with iconv'],
  ['a picture', Buffer.from('89504e470d0a1a0a', 'hex'), 'a picture (PNG)'],
  ['a segment of a spool', Buffer.from('BLR\x01'), 'a segment of a spool: name its folder instead'],
  ['a list of JSON', '[\n{"decision":"deny"}]', 'a list of JSON: write one event on each line'],
  ['a SQLite database', 'SQLite format 3\0', 'neither text nor frames of boundary'],
])('%s is rejected with what to do', async (_what, bytes, message) => {
  await expect(read(bytes)).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining(`FILE is ${message}`),
  });
});

test('a reader that stops early closes the source', async () => {
  let isClosed = false;
  async function* source() {
    try {
      for (;;) yield Buffer.from(`${first}\n`);
    } finally {
      isClosed = true;
    }
  }
  for await (const { kind } of recordsIn('FILE', source(), () => undefined)) {
    expect(kind).toBe('event');
    break;
  }
  expect(isClosed).toBe(true);
});
