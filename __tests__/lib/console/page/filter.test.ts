import { describe, expect, test } from '@jest/globals';
import {
  EVERYTHING,
  fromFragment,
  testOf,
  toFragment,
  withNamed,
} from '../../../../lib/console/page/filter.js';
import { pageEvent } from '../../../../lib/console/page/page-event.js';

const event = pageEvent(0, {
  decision: 'deny',
  http_method: 'POST',
  http_url: 'https://API.example.com/v1/Upload?a=1',
  session_id: 'a3f9-1',
  confined_process_name: 'claude code',
});

describe('the filter', () => {
  test.each([
    ['', true],
    ['upload', true],
    ['UPLOAD post', true],
    ['upload missing', false],
    ['host:api.example.com', true],
    ['host:API.EXAMPLE.COM', true],
    ['host:example.com', false],
    ['host:*.example.com', true],
    ['host:*', true],
    ['method:post', true],
    ['method:GET,POST', true],
    ['method:PO', false],
    ['session:a3f9', true],
    ['session:3f9', false],
    ['process:"claude code"', true],
    ['process:claude', false],
    ['"claude code"', true],
    ['"code claude"', false],
    ['https://api', true],
    ['toString:x', false],
    ['host:', false],
    ['"', false],
  ])('%j: %s', (text, isListed) => {
    expect(testOf({ ...EVERYTHING, text })(event)).toBe(isListed);
  });

  test.each([
    ['all', true],
    ['denied', true],
    ['allowed', false],
  ] as const)('of the decision %s: %s', (decision, isListed) => {
    expect(testOf({ ...EVERYTHING, decision })(event)).toBe(isListed);
    expect(testOf({ ...EVERYTHING, decision, text: 'upload host:api.example.com method:POST' })(event)).toBe(
      isListed,
    );
  });

  test.each([
    ['', 'host', 'a.example', 'host:a.example'],
    ['x', 'host', 'a.example', 'x host:a.example'],
    ['host:b.example x', 'host', 'a.example', 'x host:a.example'],
    ['', 'process', 'claude code', 'process:"claude code"'],
  ])('%j with the %s %j is %j', (text, name, value, expected) => {
    expect(withNamed({ ...EVERYTHING, text }, name, value).text).toBe(expected);
  });
});

describe('the address', () => {
  test.each([
    [EVERYTHING, ''],
    [
      { text: ' host:a x ', decision: 'denied', order: 'denied' },
      'filter=host%3Aa+x&decision=denied&order=denied',
    ],
    [{ text: 'a&b=c#d%', decision: 'all', order: 'newest' }, 'filter=a%26b%3Dc%23d%25'],
  ] as const)('keeps %j as %j', (filter, fragment) => {
    expect(toFragment(filter)).toBe(fragment);
    expect(fromFragment(`#${fragment}`)).toEqual({ ...filter, text: filter.text.trim() });
  });

  test.each(['#decision=x&order=y&token=abc', '#%', '#', ''])('%j is no filter', (fragment) => {
    expect(fromFragment(fragment)).toEqual(EVERYTHING);
  });
});
