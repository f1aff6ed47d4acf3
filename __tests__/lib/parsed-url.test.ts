import { expect, test } from '@jest/globals';
import { parsedUrl } from '../../lib/parsed-url.js';

test.each<[text: string, base: string | undefined, href: string | undefined]>([
  ['https://example.com', undefined, 'https://example.com/'],
  ['/path', 'https://example.com/a/b', 'https://example.com/path'],
  ['/path', undefined, undefined],
  ['https://', undefined, undefined],
  ['', undefined, undefined],
])('%j relative to %j is %j', (text, base, href) => {
  expect(parsedUrl(text, base)?.href).toBe(href);
});

test('it is right about letters such as ü, however often it is called', () => {
  const wrong = Array.from({ length: 20_000 }, () => parsedUrl('http://ü.example')).filter(
    (url) => url?.host !== 'xn--tda.example',
  );
  expect(wrong).toEqual([]);
});
