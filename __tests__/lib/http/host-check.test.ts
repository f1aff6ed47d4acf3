import { describe, expect, test } from '@jest/globals';
import { isAllowedHost, isLoopback } from '../../../lib/http/host-check.js';

describe('is a loopback address', () => {
  test.each<[string, boolean]>([
    ['127.0.0.1', true],
    ['127.255.255.254', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
    ['128.0.0.1', false],
    ['::2', false],
    ['::ffff:10.0.0.1', false],
    ['fe80::1', false],
    ['localhost', false],
    ['', false],
  ])('%s: %s', (address, expected) => {
    expect(isLoopback(address)).toBe(expected);
  });
});

describe('Host', () => {
  test.each<[string, boolean]>([
    ['localhost', true],
    ['localhost:9465', true],
    ['LocalHost:1', true],
    ['127.0.0.1', true],
    ['127.0.0.1:65535', true],
    ['127.1.2.3:80', true],
    ['[::1]', true],
    ['[::1]:9465', true],
    ['[0:0:0:0:0:0:0:1]:9465', true],
    ['[::ffff:127.0.0.1]', true],
    ['metrics.example.com', true],
    ['Metrics.Example.com:443', true],
    ['[fd00::1]:443', true],
    ['evil.example', false],
    ['localhost.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['metrics.example.com.evil.example', false],
    ['evil.example:127', false],
    ['localhost.', false],
    ['127.1', false],
    ['2130706433', false],
    ['0x7f.0.0.1', false],
    ['0.0.0.0', false],
    ['169.254.169.254', false],
    ['192.168.0.1:9465', false],
    ['[::]', false],
    ['[::1', false],
    ['::1', false],
    ['[127.0.0.1]', false],
    ['[localhost]', false],
    ['[fe80::1%lo]', false],
    ['', false],
    [':9465', false],
    [' localhost', false],
    ['localhost ', false],
    ['localhost:port', false],
    ['localhost:', false],
    ['user@localhost', false],
    ['localhost@evil.example', false],
    ['localhost/evil.example', false],
    ['localhost, evil.example', false],
    ['localhost evil.example', false],
  ])('%j: %s', (host, expected) => {
    expect(isAllowedHost(host, ['metrics.example.com', 'fd00::1'])).toBe(expected);
  });
});
