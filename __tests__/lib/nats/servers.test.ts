import { expect, test } from '@jest/globals';
import { isNatsUrl, parseServers } from '../../../lib/nats/servers.js';

test.each([
  ['nats://a:4222', false, ['a:4222']],
  ['nats://a', false, ['a:4222']],
  ['nats://a/', false, ['a:4222']],
  ['tls://nats.example.com:443', true, ['nats.example.com:443']],
  ['nats://a:80', false, ['a:80']],
  ['NATS://a', false, ['a:4222']],
  ['nats://a:1,b:2, c', false, ['a:1', 'b:2', 'c:4222']],
  ['tls://a,tls://b:1', true, ['a:4222', 'b:1']],
  ['nats://[::1]:4223', false, ['[::1]:4223']],
  [['nats://a', 'nats://b'], false, ['a:4222', 'b:4222']],
])('%j', (value, tls, hosts) => {
  expect(parseServers(value)).toEqual({ tls, hosts });
});

test.each([
  ...[
    '',
    'a:4222',
    'nats://',
    'http://a',
    'ws://a',
    'nats://a:0',
    'nats://a:65536',
    'nats://a:x',
    'nats://a b',
  ],
  ...['nats://user:secret@a', 'nats://token@a', 'nats://a,user:secret@b', 'nats://a/path', 'nats://a?tls=1'],
  ...['nats://a,tls://b', 'nats://a,', 'nats://[::1', 'nats://a#b', 'nats://a,,b'],
  ...[undefined, null, 4222, {}, [], [undefined], ['a']],
])('%j is not acceptable', (value) => {
  expect(parseServers(value)).toBeUndefined();
});

test.each([
  ['nats://a', true],
  ['tls:a', true],
  ['TLS://a', true],
  ['nats', false],
  ['socket:/nats:', false],
])('%s is meant as an address of NATS: %s', (text, isSo) => {
  expect(isNatsUrl(text)).toBe(isSo);
});
