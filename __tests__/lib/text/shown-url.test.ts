import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cellsOf } from '../../../lib/text/cells.js';
import { ShownUrl } from '../../../lib/text/shown-url.js';
import { INVISIBLE } from '../../helpers/displayed.js';
import { HOSTILE } from '../../helpers/hostile-strings.js';
import { seed } from '../../helpers/seed.js';

describe('a URL within', () => {
  test.each<[cells: number, url: string, shown: string]>([
    [30, 'https://example.com/a/b/c', 'https://example.com/a/b/c'],
    [25, 'https://example.com/a/b/c', 'https://example.com/a/b/c'],
    [24, 'https://example.com/a/b/c', 'https://example.com/a/b…'],
    [22, 'https://example.com/a/b/c', 'https://example.com/a…'],
    [21, 'https://example.com/a/b/c', 'https://example.com/…'],
    [5, 'https://example.com/a/b/c', 'https://example.com/…'],
    [5, 'https://example.com/', 'https://example.com/'],
    [5, 'https://example.com', 'https://example.com'],
    [5, 'https://example.com/a', 'https://example.com/…'],
    [26, 'https://example.com?a=b&c=d', 'https://example.com?a=b&c…'],
    [5, 'https://example.com#fragment', 'https://example.com#…'],
    [5, 'https://user:pass@example.com/a/b', 'https://user:pass@example.com/…'],
    [5, 'https://[2001:db8::1]:8443/a/b', 'https://[2001:db8::1]:8443/…'],
    [5, 'example.com:443', 'example.com:443'],
    [5, 'https:///example.com/a/b', 'https:///example.com/…'],
    [5, 'https:\\\\example.com\\a/b/c', '"https:\\\\\\\\example.com\\\\a/b/"…'],
    [4, '/a/path/alone', '/a/…'],
    [23, 'https://日本.example/日本/日本', 'https://日本.example/…'],
    [24, 'https://日本.example/日本/日本', 'https://日本.example/日…'],
    [25, 'https://日本.example/日本/日本', 'https://日本.example/日…'],
    [26, 'https://日本.example/日本/日本', 'https://日本.example/日本…'],
    [30, 'https://example.com/a "b" c/d', '"https://example.com/a␣\\"b\\""…'],
    [26, 'https://example.com/a\u001b[31mb', '"https://example.com/a"…'],
    [40, 'https://example.com/a\u001b[31mb', '"https://example.com/a\\u001b[31mb"'],
    [30, 'https://example.com/a b', 'https://example.com/a␣b'],
    [40, 'https://example.com/a…', '"https://example.com/a\\u2026"'],
    [40, 'https://example.com/a␣b', '"https://example.com/a\\u2423b"'],
  ])('%d cells: %s is shown as %s', (cells, url, shown) => {
    expect(new ShownUrl(url).within(cells)).toBe(shown);
  });
});

/** Texts like those with which somebody would try to hide a host. */
const TRICKS = ['https:', 'http:', 'foo:', '/', '//', '\\', '?', '#', '@', ':', '.', '%2f', '\t', '\n', ' '];
const WORDS = ['evil.example', 'good.example', 'user', '443', '日本', '…', '"', '\u001b', '127.1', '[::1]'];
const urls = fc
  .tuple(
    fc.constantFrom('', 'https:', 'https://evil.example', 'http://127.1'),
    fc.array(fc.constantFrom(...TRICKS, ...WORDS), { maxLength: 12 }),
  )
  .map(([start, parts]) => start + parts.join(''));

const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : '');

/** What is left of a URL that was cut, and whether it was. */
function read(shown: string): { kept: string; isCut: boolean } {
  const isCut = shown.endsWith('…');
  const word = isCut ? shown.slice(0, -1) : shown;
  return {
    kept: word.startsWith('"') ? JSON.parse(word.replaceAll('␣', ' ')) : word.replaceAll('␣', ' '),
    isCut,
  };
}

test.each([0, 10, 20, 40])(
  'whatever a URL is, within %d cells it has its whole host, and a mark if it was cut',
  (cells) => {
    let hosts = 0;
    fc.assert(
      fc.property(urls, (url) => {
        const shown = new ShownUrl(url);
        const text = shown.within(cells);
        const { kept, isCut } = read(text);
        expect(isCut ? url.startsWith(kept) && kept !== url : kept === url).toBe(true);
        expect(text).not.toMatch(INVISIBLE);
        expect(cellsOf(text)).toBeLessThanOrEqual(Math.max(cells, shown.fewestCells));
        expect(shown.fewestCells).toBeLessThanOrEqual(shown.cells);
        if (hostOf(url) !== '') hosts += 1;
        if (hostOf(url) !== '') expect(hostOf(kept)).toBe(hostOf(url));
      }),
      { seed, numRuns: 1000 },
    );
    expect(hosts).toBeGreaterThan(100);
  },
);

test('no text that an agent sends looks as if it had been cut', () => {
  for (const [, text] of [...HOSTILE, ['', 'https://a/…'], ['', '…'], ['', 'https://a/\u22ef'], ['', '᠁']]) {
    expect(new ShownUrl(text as string).text).not.toMatch(/[…\u22ef᠁]/);
  }
});
