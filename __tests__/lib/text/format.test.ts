import { describe, expect, test } from '@jest/globals';
import { LogBatch, type LogsInput, Tag } from '../../../codec/index.js';
import { ReportBoundaryLogsRequest } from '../../../codec/messages.js';
import { FORMATS, type Format, formatBatch } from '../../../lib/text/format.js';
import { logBatch, SESSION } from '../../helpers/messages.js';

/** A batch that contains `request`. */
function batch(request: LogsInput): LogBatch {
  const raw = Buffer.from(ReportBoundaryLogsRequest.encode(request).finish());
  return new LogBatch(Tag.V2, request.logs?.length ?? 0, raw);
}

const allowed = batch({
  sessionId: SESSION,
  confinedProcessName: 'claude-code',
  logs: [
    {
      allowed: true,
      time: { seconds: 1_772_566_954, nanos: 120_000_000 },
      httpRequest: { method: 'GET', url: 'https://example.com/?a=b', matchedRule: 'domain=example.com' },
      sequenceNumber: 7,
    },
  ],
});
const bare = batch({ logs: [{}] });

describe('an event with all fields, and one without, are formatted as', () => {
  test.each<[format: Format, everything: string, nothing: string]>([
    [
      'json',
      `{"msg":"boundary_request","decision":"allow","session_id":"${SESSION}","sequence_number":7,"confined_process_name":"claude-code","http_method":"GET","http_url":"https://example.com/?a=b","event_time":"2026-03-03T19:42:34.12Z","matched_rule":"domain=example.com"}`,
      '{"msg":"boundary_request","decision":"deny"}',
    ],
    [
      'logfmt',
      `msg=boundary_request decision=allow session_id=${SESSION} sequence_number=7 confined_process_name=claude-code http_method=GET http_url=https://example.com/?a=b event_time=2026-03-03T19:42:34.12Z matched_rule=domain=example.com`,
      'msg=boundary_request decision=deny',
    ],
    [
      'pretty',
      `19:42:34.12  allow GET     https://example.com/?a=b matched_rule=domain=example.com session_id=${SESSION} sequence_number=7 confined_process_name=claude-code`,
      '- deny  -       -',
    ],
  ])('%s', (format, everything, nothing) => {
    expect(formatBatch(allowed, format)).toBe(`${everything}\n`);
    expect(formatBatch(bare, format)).toBe(`${nothing}\n`);
  });
});

describe.each(FORMATS)('%s', (format) => {
  test('writes one line for each event, in order', () => {
    const text = formatBatch(logBatch(3, 5), format);
    expect(text.split('\n')).toHaveLength(4);
    expect(text.match(/https:\/\/example\.com\/\d/g)).toEqual([
      'https://example.com/5',
      'https://example.com/6',
      'https://example.com/7',
    ]);
  });

  test('writes nothing for a batch without events', () => {
    expect(formatBatch(batch({ sessionId: SESSION }), format)).toBe('');
  });

  /** Characters that a terminal or a reader of lines would act upon. */
  test.each<[name: string, char: string, shown: string]>([
    ['an escape', '\u001b', '\\u001b'],
    ['a NUL', '\0', '\\u0000'],
    ['a bell', '\u0007', '\\u0007'],
    ['a DEL', '\u007f', '\\u007f'],
    ['a C1 control sequence introducer', '\u009b', '\\u009b'],
    ['a next line', '\u0085', '\\u0085'],
    ['a line separator', '\u2028', '\\u2028'],
    ['a paragraph separator', '\u2029', '\\u2029'],
    ['a left-to-right mark', '\u200e', '\\u200e'],
    ['a right-to-left mark', '\u200f', '\\u200f'],
    ['a right-to-left override', '\u202e', '\\u202e'],
    ['an isolate', '\u2066', '\\u2066'],
    ['the end of an isolate', '\u2069', '\\u2069'],
    ['a byte order mark', '\ufeff', '\\ufeff'],
  ])('escapes %s in every field', (_name, char, shown) => {
    const nasty = `a${char}b`;
    const text = formatBatch(
      batch({
        sessionId: nasty,
        confinedProcessName: nasty,
        logs: [{ httpRequest: { method: nasty, url: nasty, matchedRule: nasty } }],
      }),
      format,
    );
    expect(text).not.toContain(char);
    expect(text.toLowerCase().split(`a${shown}b`)).toHaveLength(6);
    expect(text.split('\n')).toHaveLength(2);
  });

  test.each([
    ['a line feed', '\n'],
    ['a carriage return', '\r'],
    ['a tab', '\t'],
  ])('escapes %s, so that it adds neither a line nor a gap', (_name, char) => {
    const text = formatBatch(
      batch({ logs: [{ httpRequest: { url: `https://a/${char}level=info` } }] }),
      format,
    );
    expect(text.slice(0, -1)).not.toMatch(/[\n\r\t]/);
    expect(text).toMatch(/https:\/\/a\/\\\w+/);
  });

  test('does not change text beyond ASCII', () => {
    expect(
      formatBatch(batch({ logs: [{ httpRequest: { url: 'https://ü.example/日本/😀' } }] }), format),
    ).toContain('https://ü.example/日本/😀');
  });
});

test('JSON can be parsed, whatever a URL contains', () => {
  const url = 'a"b\\c\u001b[31m\u2028\u009b\n=';
  const text = formatBatch(batch({ logs: [{ httpRequest: { url } }] }), 'json');
  expect(JSON.parse(text)).toEqual({ msg: 'boundary_request', decision: 'deny', http_url: url });
});

test.each<[value: string, shown: string]>([
  ['plain', 'plain'],
  ["it's", "it's"],
  ['a b', '"a b"'],
  ['a=b', 'a=b'],
  ['https://example.com/?a=b', 'https://example.com/?a=b'],
  ['domain=a method=GET', '"domain=a method=GET"'],
  ['say "x"', '"say \\"x\\""'],
  ['a\\b', '"a\\\\b"'],
  ['a\nb', '"a\\nb"'],
  ['a\u001bb', '"a\\u001bb"'],
  ['a\u009bb', '"a\\u009bb"'],
  ['a\u00a0b', '"a\\u00a0b"'],
])('logfmt writes %j as %s', (value, shown) => {
  const text = formatBatch(batch({ logs: [{ httpRequest: { url: value } }] }), 'logfmt');
  expect(text).toBe(`msg=boundary_request decision=deny http_url=${shown}\n`);
});

/** A value that follows a position, not a name, must look like neither a field nor an absent value. */
test.each<[value: string, shown: string]>([
  ['https://example.com/?a=b', 'https://example.com/?a=b'],
  ['example.com:443', 'example.com:443'],
  ['-', '"-"'],
  ['matched_rule=domain=x', '"matched_rule=domain=x"'],
  ['=', '"="'],
  ['allow', '"allow"'],
  ['deny', '"deny"'],
  ['denying', 'denying'],
  ['a b', '"a\\u0020b"'],
  ['say "x"', '"say\\u0020\\"x\\""'],
  ['a\\u0020b', '"a\\\\u0020b"'],
])('pretty writes the URL and the method %j as %s', (value, shown) => {
  const text = formatBatch(batch({ logs: [{ httpRequest: { url: value, method: value } }] }), 'pretty');
  expect(text).toBe(`- deny  ${shown.padEnd(7)} ${shown}\n`);
});

test('pretty writes a rule without spaces, so that the next row of a terminal cannot begin with a part of it', () => {
  const text = formatBatch(
    batch({ logs: [{ httpRequest: { matchedRule: 'domain=a method=GET' } }] }),
    'pretty',
  );
  expect(text).toBe('- deny  -       - matched_rule="domain=a\\u0020method=GET"\n');
});

describe('pretty', () => {
  test.each<[name: string, time: { seconds: number; nanos?: number }, shown: string]>([
    ['a whole second', { seconds: 1_772_566_954 }, '19:42:34     '],
    ['milliseconds', { seconds: 1_772_566_954, nanos: 123_000_000 }, '19:42:34.123 '],
    ['nanoseconds, which are cut', { seconds: 1_772_566_954, nanos: 123_456_789 }, '19:42:34.123 '],
    ['after the year 9999', { seconds: 253_402_300_800 }, '@253402300800 '],
  ])('shows the time of day with %s', (_name, time, shown) => {
    expect(formatBatch(batch({ logs: [{ time }] }), 'pretty')).toBe(`${shown}deny  -       -\n`);
  });

  test('aligns the columns of its lines', () => {
    const time = { seconds: 0 };
    const logs = [
      { allowed: true, time, httpRequest: { method: 'GET', url: 'x' } },
      { time, httpRequest: { method: 'CONNECT', url: 'y' } },
    ];
    expect(formatBatch(batch({ logs }), 'pretty')).toBe(
      '00:00:00     allow GET     x\n00:00:00     deny  CONNECT y\n',
    );
  });

  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
  const COLOR = /\u001b\[\d+m/g;

  test('has no colours by default', () => {
    expect(formatBatch(allowed, 'pretty').match(COLOR)).toBeNull();
  });

  test.each<[name: string, batch: LogBatch, decision: string]>([
    ['green', allowed, '\u001b[32mallow\u001b[39m'],
    ['red', batch({ sessionId: SESSION, logs: [{}] }), '\u001b[31mdeny \u001b[39m'],
  ])('shows the decision in %s if colours are requested, and the same text', (_name, batch, decision) => {
    const text = formatBatch(batch, 'pretty', { color: true });
    expect(text).toContain(decision);
    expect(text.replace(COLOR, '')).toBe(formatBatch(batch, 'pretty'));
  });

  test('escapes colours that an agent sent', () => {
    const nasty = batch({ logs: [{ httpRequest: { url: '\u001b[35mx' } }] });
    expect(formatBatch(nasty, 'pretty', { color: true })).not.toContain('\u001b[35m');
  });
});

test.each(['json', 'logfmt'] as const)('%s has no colours, even if they are requested', (format) => {
  expect(formatBatch(allowed, format, { color: true })).toBe(formatBatch(allowed, format));
});
