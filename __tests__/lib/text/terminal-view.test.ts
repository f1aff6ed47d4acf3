import { describe, expect, test } from '@jest/globals';
import { cellsOf } from '../../../lib/text/cells.js';
import type { BoundaryEvent } from '../../../lib/text/event.js';
import { TerminalView } from '../../../lib/text/terminal-view.js';
import { DISPLAYED, INVISIBLE } from '../../helpers/displayed.js';
import { eventBatch } from '../../helpers/event-batch.js';
import { SESSION } from '../../helpers/messages.js';

const viewOf = (width: number | undefined, color = false) =>
  new TerminalView({ width: () => width, color, localTime: false });

const EVENT: BoundaryEvent = {
  decision: 'allow',
  session_id: SESSION,
  sequence_number: 7,
  confined_process_name: 'claude-code',
  http_method: 'GET',
  http_url: 'https://example.com/a/path?with=a&query=1',
  event_time: '2026-03-03T19:42:34.12Z',
  matched_rule: 'domain=example.com',
};

describe('an event', () => {
  const bare: BoundaryEvent = { decision: 'deny' };
  const long: BoundaryEvent = { ...EVENT, http_url: `https://${'x'.repeat(30)}.example/a/b/c` };
  const without = { ...EVENT };
  delete without.matched_rule;
  const wide: BoundaryEvent = { ...without, http_url: 'https://日本.example/日本/日本/日本/日本' };

  test.each<[name: string, width: number | undefined, event: BoundaryEvent, line: string]>([
    ['that fits', 100, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&query=1 domain=example.com'],
    ['that fits exactly', 82, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&query=1 domain=example.com'],
    ['whose path is cut', 81, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&query… domain=example.com'],
    ['whose path is cut on 80 columns', 80, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&quer… domain=example.com'],
    ['of which only the host is left', 62, EVENT, '19:42:34 allow GET    https://example.com/… domain=example.com'],
    ['that fits only without aligned columns', 61, EVENT, '19:42:34 allow GET https://example.com/a/… domain=example.com'],
    ['that needs a second row has as much of the path as this row can show', 40, EVENT, '19:42:34 allow GET https://example.com/a/path?with=a&query=1 domain=example.com'],
    ['on 20 columns', 20, EVENT, '19:42:34 allow GET https://example.com/a… domain=example.com'],
    ['on one column', 1, EVENT, '19:42:34 allow GET https://example.com/… domain=example.com'],
    ['without a rule', 40, without, '19:42:34 allow GET https://example.com/…'],
    ['whose host is longer than a row', 30, long, `19:42:34 allow GET https://${'x'.repeat(30)}.example/a/b/c domain=example.com`],
    ['with wide characters', 48, wide, '19:42:34 allow GET    https://日本.example/日本…'],
    ['with wide characters and a cell that cannot be used', 49, wide, '19:42:34 allow GET    https://日本.example/日本/…'],
    ['with nothing', 80, bare, '-        deny  -      -'],
    ['with nothing, on few columns', 10, bare, '- deny - -'],
    ['whose time RFC 3339 cannot write', 80, { ...bare, event_time: '@253402300800' }, '@253402300800 deny  -      -'],
    ['if the width is not known', undefined, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&query=1 domain=example.com'],
    ['if the width is reported as 0', 0, EVENT, '19:42:34 allow GET    https://example.com/a/path?with=a&query=1 domain=example.com'],
    ['whose rule contains spaces', 100, { ...bare, matched_rule: 'domain=a method=GET' }, '-        deny  -      - domain=a␣method=GET'],
    ['whose rule looks like a session', 100, { ...bare, matched_rule: '#5f3c' }, '-        deny  -      - "#5f3c"'],
    ['whose rule looks like a decision', 100, { ...bare, matched_rule: 'allow' }, '-        deny  -      - "allow"'],
    ['whose URL looks like a rule', 100, { ...bare, http_url: 'domain=a' }, '-        deny  -      "domain=a"'],
    ['whose URL and method look as if there were none', 100, { ...bare, http_method: '-', http_url: '-' }, '-        deny  "-"    "-"'],
  ])('%s', (_name, width, event, line) => {
    expect(viewOf(width).line(event)).toBe(line);
  }); // biome-ignore format: one line a case

  test.each(Array.from({ length: 100 }, (_, i) => i + 1))(
    'takes no more rows than it needs on %d columns',
    (width) => {
      const rows = (text: string) => Math.ceil(cellsOf(text) / width);
      const shortest = '19:42:34 allow GET https://example.com/… domain=example.com';
      const line = viewOf(width).line(EVENT);
      expect(rows(line)).toBe(rows(shortest));
      // It uses the room that it has.
      const isWhole = line.includes('?with=a&query=1 ');
      if (!isWhole) expect(cellsOf(line)).toBe(rows(line) * width);
    },
  );
});

test('the width is that of the moment: a terminal may be resized', () => {
  let width = 80;
  const view = new TerminalView({ width: () => width, color: false, localTime: false });
  const lines = [80, 62, 120].map((columns) => {
    width = columns;
    return view.line(EVENT).length;
  });
  expect(lines).toEqual([80, 62, 82]);
});

test('sessions are shown as soon as there are two, by the prefix that distinguishes them', () => {
  const view = viewOf(80);
  const ends = ['5f3c1c52', '5f3c1c52', 'a0b1c2d3', '5f3c1c52', '5f3ccccc', undefined].map((session_id) => {
    const event: BoundaryEvent = { decision: 'deny', ...(session_id !== undefined && { session_id }) };
    return view.line(event).slice('-        deny  -      -'.length);
  });
  expect(ends).toEqual(['', '', ' #a0b1', ' #5f3c', ' #5f3cc', '']);
});

test('a batch has one line for each event', () => {
  const events = [EVENT, { decision: 'deny' as const }];
  expect([...viewOf(80).lines(eventBatch(...events))]).toEqual([
    '19:42:34 allow GET    https://example.com/a/path?with=a&quer… domain=example.com\n',
    '-        deny  -      -\n',
  ]);
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one.
const COLOR = /\u001b\[\d+m/g;

test('colours take no cells and change nothing else', () => {
  for (const width of [20, 61, 80, 100]) {
    const line = viewOf(width, true).line(EVENT);
    expect(line.match(COLOR)?.length).toBe(6);
    expect(line.replace(COLOR, '')).toBe(viewOf(width).line(EVENT));
  }
});

describe.each([80, 40, 20])('on %d columns, a hostile text in any field', (width) => {
  /** The values of a line, by position. The last one may be a session. */
  function read(line: string): Record<string, string> {
    const words = line.split(/ +/);
    const session = words.at(-1)?.startsWith('#') ? words.pop()?.slice(1) : undefined;
    expect(words.length).toBe(5);
    const values = words.map((word) => {
      // A literal ␣ is escaped.
      const text = word.replace(/…$/, '').replaceAll('␣', ' ');
      return text.startsWith('"') ? JSON.parse(text) : text;
    });
    const [time = '', decision = '', http_method = '', http_url = '', matched_rule = ''] = values;
    return { time, decision, http_method, http_url, matched_rule, ...(session !== undefined && { session }) };
  }

  test('is one visible word, and of the URL only what follows the host is cut', () => {
    const failures: string[] = [];
    for (const { name, batch, event } of DISPLAYED) {
      try {
        const view = viewOf(width);
        // So that sessions are shown.
        view.line({ decision: 'deny', session_id: 'another' });
        const [text = '', ...others] = view.lines(batch);
        expect(others).toEqual([]);
        const line = text.replace(/\n$/, '');
        expect(line).not.toMatch(INVISIBLE);
        expect(line).not.toMatch(/…(?! )/);
        expect(line.match(/…/g)?.length ?? 0).toBeLessThanOrEqual(1);
        const { time, http_url = '', session, ...values } = read(line);
        expect(time).toBe('19:42:34');
        const { http_url: url = '', session_id = '', decision, http_method, matched_rule } = event;
        expect(values).toEqual({ decision, http_method, matched_rule });
        if (line.includes('…')) expect(url.startsWith(http_url)).toBe(true);
        else expect(http_url).toBe(url);
        const shownSession = session?.startsWith('"') ? JSON.parse(session.replaceAll('␣', ' ')) : session;
        expect(session_id.startsWith((shownSession ?? '').replaceAll('␣', ' '))).toBe(true);
      } catch (error) {
        failures.push(`${name}: ${(error as Error).message}`);
      }
    }
    expect(failures).toEqual([]);
  });
});
