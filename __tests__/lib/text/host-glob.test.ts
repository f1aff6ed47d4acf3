import { expect, test } from '@jest/globals';
import { hostMatcher } from '../../../lib/text/host-glob.js';

test.each<[glob: string, url: string, isMatch: boolean]>([
  ['example.com', 'https://example.com/a', true],
  ['example.com', 'https://example.com:8443/a', true],
  ['EXAMPLE.com', 'https://Example.COM/a', true],
  ['example.com', 'https://example.com./a', true],
  ['example.com', 'https://user:pass@example.com/a', true],
  ['example.com', 'https://sub.example.com/a', false],
  ['example.com', 'https://example.com.evil.example/', false],
  ['example.com', 'https://evil.example/?example.com', false],
  ['example.com', 'https://example.com@evil.example/', false],
  ['example.com', 'example.com:443', true],
  ['example.com', 'example.com', true],
  ['example.com:443', 'https://example.com/', true],
  ['example.com:443', 'https://example.com:8443/', false],
  ['example.com:8443', 'https://example.com:8443/', true],
  ['*:8443', 'https://example.com:8443/', true],
  ['*.example.com', 'https://a.b.example.com/', true],
  ['*.example.com', 'https://example.com/', false],
  ['*example.com', 'https://example.com/', true],
  ['api.*.com', 'https://api.example.com/', true],
  ['a*a', 'https://a/', false],
  ['a*a', 'https://aa/', true],
  ['a*b*c', 'https://axxbxxc/', true],
  ['a*b*c', 'https://axxcxxb/', false],
  ['a*bc*c', 'https://abc/', false],
  ['*', 'https://example.com/', true],
  ['*', '', true],
  ['.', 'https://example.com/', false],
  ['ü.example', 'https://ü.example/', true],
  ['ü.example', 'https://xn--tda.example/', true],
  ['xn--tda.example', 'https://ü.example/', true],
  ['u\u0308.example', 'https://ü.example/', true],
  ['127.0.0.1', 'http://127.0.0.1/', true],
  ['::1', 'http://[::1]:80/', true],
  ['[::1]', 'http://[::1]/', true],
  ['[::1]:8080', 'http://[::1]:8080/', true],
  ['bad host', 'https://bad host/a', true],
  ['bad host', 'https://bad host.example/a', false],
  ['*evil*', 'https://exa mple.evil/path', true],
  ['*evil*', 'https://exa mple.com/evil', false],
])('%s and %s: %p', (glob, url, isMatch) => {
  expect(hostMatcher(glob)(url)).toBe(isMatch);
});

test('the time does not explode, whatever the pattern and the host are', () => {
  const matches = hostMatcher(`${'*a'.repeat(50)}*b`);
  expect(matches(`https://x y${'a'.repeat(32_000)}/`)).toBe(false);
}, 5000);
