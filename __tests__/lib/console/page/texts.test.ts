import { describe, expect, test } from '@jest/globals';
import { bytesText, counted, grouped, spanText } from '../../../../lib/console/page/numbers.js';
import { hostOf, pageEvent } from '../../../../lib/console/page/page-event.js';
import { flagFor, suggestionFor } from '../../../../lib/console/page/rule.js';
import { shown, shownUrl } from '../../../../lib/console/page/shown.js';
import { SseParser } from '../../../../lib/console/page/sse-parser.js';
import { localTime, momentOf, utcTime, zoneName } from '../../../../lib/console/page/times.js';
import { isPrintable } from '../../../../lib/printable.js';
import { HOSTILE } from '../../../helpers/hostile-strings.js';

describe('the host of a URL', () => {
  test.each([
    ['https://api.example.com/v1', 'api.example.com'],
    ['https://API.example.com', 'api.example.com'],
    ['https://api.example.com:443/', 'api.example.com'],
    ['http://api.example.com:443/', 'api.example.com:443'],
    ['https://api.example.com:8443?x', 'api.example.com:8443'],
    ['https://user:secret@api.example.com/', 'api.example.com'],
    ['https://good.example\\@evil.example/', 'good.example'],
    ['https://good.example@evil.example/', 'evil.example'],
    ['https://0x7f.1/', '127.0.0.1'],
    ['https://2130706433/', '127.0.0.1'],
    ['https://[::1]:80/', '[::1]:80'],
    ['not a URL', ''],
    ['', ''],
  ])('%j: %j', (url, host) => {
    expect(hostOf(url)).toBe(host);
  });
});

describe('a URL in a row', () => {
  const url = 'https://api.example.com/one/two/three/four/five';
  test.each([
    [60, url],
    [47, url],
    [40, 'https://api.example.com/one/two…our/five'],
    [30, 'https://api.example.com/on…ive'],
    [20, '…s://api.example.com…'.slice(-20)],
  ])('of %d columns: %s', (columns, expected) => {
    const text = shownUrl(url, columns);
    expect(text.length).toBeLessThanOrEqual(columns);
    if (columns > 20) expect(text).toBe(expected);
    else expect(text).toContain('example.com…');
  });

  test('the end of a host that does not fit is shown, because that is who answers', () => {
    expect(shownUrl(`https://good.example.${'x'.repeat(100)}.evil.example/path`, 40)).toMatch(
      /^…x+\.evil\.example…$/,
    );
    expect(shownUrl(`https://${'x'.repeat(100)}.evil.example`, 40)).toMatch(/^…x+\.evil\.example$/);
  });

  test.each(HOSTILE)('%s is visible, and not longer than its row', (_name, text) => {
    for (const value of [text, `https://a.example/${text}`, `https://${text}.example/`]) {
      expect(isPrintable(shown(value))).toBe(true);
      expect(isPrintable(shownUrl(value, 40))).toBe(true);
      expect(shownUrl(value, 40).length).toBeLessThanOrEqual(40);
    }
  });
});

describe('a rule for a shell', () => {
  test.each([
    ['method=GET domain=*.example.com', '--allow "method=GET domain=*.example.com"'],
    ["domain=a.example path=/it's", `--allow 'domain=a.example path=/it'\\''s'`],
    ['domain=a.example path=/$HOME', "--allow 'domain=a.example path=/$HOME'"],
    ['domain=a.example path=/`id`', "--allow 'domain=a.example path=/`id`'"],
    ['domain=a.example path=/!x', "--allow 'domain=a.example path=/!x'"],
  ])('%j: %s', (rule, flag) => {
    expect(flagFor(rule)).toBe(flag);
  });

  test('or the reason why there is none', () => {
    const event = pageEvent(0, { decision: 'deny', http_method: 'GET', http_url: 'https://[::1]/' });
    expect(suggestionFor(event, 'path')).toEqual({
      part: 'domain',
      reason: 'a rule cannot contain an IPv6 address',
    });
  });
});

describe('numbers', () => {
  test.each([
    [grouped(40_112), '40,112'],
    [counted(1, 'event'), '1 event'],
    [counted(0, 'batch', 'batches'), '0 batches'],
    [bytesText(999), '999 bytes'],
    [bytesText(31_400_000), '31 MB'],
    [bytesText(1500), '1.5 kB'],
    [bytesText(999_600), '1.0 MB'],
    [spanText(40), '40 s'],
    [spanText(720), '12 min'],
    [spanText(21_600), '6 h'],
    [spanText(259_200), '3 days'],
  ])('%s', (text, expected) => {
    expect(text).toBe(expected);
  });
});

describe('times', () => {
  test.each([
    ['2026-03-03T19:42:34.12Z', '2026-03-03T19:42:34.120000000Z'],
    ['2026-03-03T19:42:34Z', '2026-03-03T19:42:34.000000000Z'],
    ['@-62167219201.5', '@-62167219201.5'],
  ])('%s in UTC: %s', (time, expected) => {
    expect(utcTime(time)).toBe(expected);
  });

  test('are local, with milliseconds', () => {
    const date = new Date('2026-03-03T19:42:34.129Z');
    const [hours, minutes] = [date.getHours(), date.getMinutes()].map((n) => String(n).padStart(2, '0'));
    expect(localTime('2026-03-03T19:42:34.129999999Z')).toBe(`${hours}:${minutes}:34.129`);
    expect(localTime('@9999999999999')).toBe('@9999999999999');
    expect(zoneName(date.getTime())).toMatch(/^UTC([+−]\d{1,2}(:\d\d)?)?$/);
  });

  test('have a date if they are not of today', () => {
    const now = new Date(2026, 10, 26, 12, 0).getTime();
    expect(momentOf(new Date(2026, 10, 26, 9, 5).getTime(), now)).toBe('09:05');
    expect(momentOf(new Date(2026, 10, 25, 9, 5).getTime(), now)).toBe('2026-11-25 09:05');
  });
});

test('server-sent events are the same wherever their text is cut', () => {
  const text = 'event: hello\ndata: {"a":1}\n\nevent: batch\nid: r-2\ndata: x\ndata: y: z\n\n: comment\n\n';
  const whole = new SseParser().push(text);
  expect(whole.slice(0, 2)).toEqual([
    { name: 'hello', id: '', data: ['{"a":1}'] },
    { name: 'batch', id: 'r-2', data: ['x', 'y: z'] },
  ]);
  for (let cut = 0; cut <= text.length; cut++) {
    const parser = new SseParser();
    expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(whole);
  }
});
