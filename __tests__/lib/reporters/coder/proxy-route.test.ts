import { expect, test } from '@jest/globals';
import { proxyFor, routeTo } from '../../../../lib/reporters/coder/proxy-route.js';
import { CHOICES, EXCEPTIONS } from '../../../helpers/proxy-cases.js';
import { thrown } from '../../../helpers/thrown.js';

const HTTP = new URL('http://example.com');
const HTTPS = new URL('https://example.com');
const chosen = (url: string | URL, env: Record<string, string>) => proxyFor(new URL(url), env)?.url.href;

// The interop tests compare these tables with Go itself.
test.each(CHOICES)('the proxy for $url with $env is $proxy', ({ env, url, proxy }) => {
  expect(chosen(url, env)).toBe(proxy === null ? undefined : new URL(proxy).href);
});

test.each(EXCEPTIONS)('NO_PROXY=$env.NO_PROXY, $url: $proxy', ({ env, url, proxy }) => {
  expect(chosen(url, env)).toBe(proxy === null ? undefined : new URL(proxy).href);
});

test.each([
  [HTTP, { ALL_PROXY: 'http://all', HTTP_PROXY: 'http://one' }, 'http://one/'],
  [HTTPS, { ALL_PROXY: 'http://all', HTTP_PROXY: 'http://one' }, 'http://all/'],
  [HTTPS, { all_proxy: 'all:3128' }, 'http://all:3128/'],
  [HTTPS, { ALL_PROXY: 'http://all', NO_PROXY: 'example.com' }, undefined],
])('%s: ALL_PROXY is used if there is nothing better in %j', (url, env, proxy) => {
  expect(chosen(url, env as Record<string, string>)).toBe(proxy);
});

test('localhost in capitals is localhost, because URLs are in lower case here, unlike in Go', () => {
  expect(chosen('http://LOCALHOST:8080', { HTTP_PROXY: 'proxy' })).toBeUndefined();
});

test.each(['HTTP_PROXY', 'http_proxy'])('%s is not used in a CGI program', (name) => {
  const env = { [name]: 'http://user:secret@proxy', REQUEST_METHOD: 'GET' };
  for (const url of [HTTP, new URL('http://127.0.0.1')]) {
    const error = thrown(() => proxyFor(url, env));
    expect(error).toMatchObject({
      code: 'ERR_CODER_REFUSED',
      message: expect.stringMatching(`^${name} is not used, because REQUEST_METHOD is set`),
    });
    expect(String(error)).not.toContain('secret');
  }
  expect(proxyFor(HTTPS, env)).toBeUndefined();
  expect(proxyFor(HTTP, { ...env, REQUEST_METHOD: '' })).toBeDefined();
});

test.each([
  ['socks5://user:secret@host', true],
  ['http://user:secret@:1', false],
  ['http://secret host', false],
  ['http://user:secret%zz@host', false],
  ['http://[secret]', false],
])('the address %s is an error that names the variable, not the address', (value, isValidUrl) => {
  const env = { https_proxy: value };
  if (!isValidUrl) expect(() => proxyFor(HTTPS, env)).toThrow('https_proxy: expected');
  const error = thrown(() => routeTo(HTTPS, new AbortController().signal, env));
  expect(error).toMatchObject({
    code: 'ERR_CODER_REFUSED',
    message: expect.stringMatching(/^https_proxy: expected.*NO_PROXY/),
  });
  expect(String(error)).not.toContain('secret');
});
