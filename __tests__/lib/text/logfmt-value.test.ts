import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import type { BoundaryEvent } from '../../../lib/text/event.js';
import { formatBatch } from '../../../lib/text/format.js';
import { logfmtValue } from '../../../lib/text/logfmt-value.js';
import { eventBatch } from '../../helpers/event-batch.js';

const line = (event: BoundaryEvent) => formatBatch(eventBatch(event), 'logfmt');

/** The pairs of a line as they are written. */
function pairsIn(text: string): Record<string, string> {
  const pairs = text.matchAll(/ (\w+)=("(?:[^"\\]|\\.)*"|[^ \n]*)/g);
  return Object.fromEntries([...pairs].map(([, name = '', value = '']) => [name, value]));
}

const unquoted = (value: string) => (value.startsWith('"') ? JSON.parse(value) : value);

describe("lines that Coder's server wrote for events", () => {
  const log = readFileSync(new URL('../../fixtures/coderd-human.log', import.meta.url), 'utf8');
  const lines = log.trimEnd().split('\n');

  test.each(lines.map((text) => [text.slice(text.indexOf('sequence_number='), 500), text] as const))(
    '%s',
    (_name, text) => {
      const theirs = pairsIn(text);
      const { decision, http_method, http_url, event_time, session_id, matched_rule } = theirs;
      const fields = { decision, session_id, http_method, http_url, event_time, matched_rule };
      const event = Object.fromEntries(
        Object.entries(fields).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, unquoted(value)]],
        ),
      );
      const ours = pairsIn(
        line({ ...event, sequence_number: Number(theirs.sequence_number) } as BoundaryEvent),
      );
      expect(Object.keys(ours).length).toBeGreaterThan(5);
      expect(theirs).toMatchObject(ours);
    },
  );

  test('contain values that are quoted, and values that are not', () => {
    const values = lines.flatMap((text) => Object.values(pairsIn(text)));
    expect(values.filter((value) => value.startsWith('"')).length).toBeGreaterThan(10);
    expect(values.filter((value) => !value.startsWith('"')).length).toBeGreaterThan(100);
  });
});

test.each<[what: string, text: string, value: string]>([
  ['an empty value', '', '""'],
  ['one with =', 'https://example.com/?a=b&c==', 'https://example.com/?a=b&c=='],
  ['only =', '=', '='],
  ['an apostrophe and a backquote', "it's `x`", '"it\'s `x`"'],
  ['letters of other scripts', 'ü日本😀', 'ü日本😀'],
  ['the replacement character', 'a\ufffdb', 'a\ufffdb'],
  ['a letter that is newer than Unicode 15', 'a\u{2ebf0}', '"a\u{2ebf0}"'],
  ['a symbol that is newer than Unicode 15', '\u2ffc', '"\u2ffc"'],
])('%s: %s is written as %s', (_what, text, value) => {
  expect(logfmtValue(text)).toBe(value);
});

// What unicode.IsSpace accepts.
test.each([...'\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000'])(
  'the white space %j is quoted',
  (space) => {
    expect(logfmtValue(`a${space}b`)).toMatch(/^"a.+b"$/);
    expect(JSON.parse(logfmtValue(`a${space}b`))).toBe(`a${space}b`);
  },
);

/** What Coder's published dashboard runs on the lines of its server. Go writes the names of groups with a P. */
const DASHBOARD = /http_url=(?<scheme>https?):\/\/(?<domain>[^/:]+)/;

test.each([
  ['https://example.com/?a=b', 'https', 'example.com'],
  ['http://example.com:8080/=', 'http', 'example.com'],
  ['https://example.com?a=http_url=https://good.example/', 'https', 'example.com?a=http_url=https'],
  ['https://ü.example/=日本', 'https', 'ü.example'],
])('the dashboard finds the domain of %s', (http_url, scheme, domain) => {
  expect(DASHBOARD.exec(line({ decision: 'deny', http_url }))?.groups).toEqual({ scheme, domain });
});
