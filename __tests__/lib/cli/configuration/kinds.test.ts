import { describe, expect, test } from '@jest/globals';
import {
  address,
  byteSize,
  consoleAddress,
  fileMode,
  hosts,
  type Kind,
  oneOf,
  path,
  seconds,
  text,
  timeLimit,
  toggle,
  url,
  whole,
} from '../../../../lib/cli/configuration/kinds.js';
import { CODER_OPTIONS } from '../../../../lib/reporters/coder/options.js';
import { PROXY_OPTIONS } from '../../../../lib/server/proxy-options.js';
import { accepts, inYaml } from '../../../helpers/json-schema.js';

const WORDS = ['true', 'False', 'yes', 'NO', 'on', 'off', 'null', '~', '~/spool', ''];

describe.each<[string, Kind<unknown>, good: [string, unknown][], bad: string[]]>([
  [
    'toggle',
    toggle,
    [
      ['true', true],
      ['false', false],
    ],
    ['yes', '1', 'on', 'TRUE', ''],
  ],
  [
    'oneOf',
    oneOf('stdout', 'null'),
    [
      ['stdout', 'stdout'],
      ['null', 'null'],
    ],
    ['', 'NULL', '~', 'stderr'],
  ],
  [
    'path',
    path(),
    [
      ['/x', '/x'],
      ['x y', 'x y'],
      ['./true', './true'],
      ['7', '7'],
      ['a~', 'a~'],
    ],
    [...WORDS, 'a\0b'],
  ],
  ['path of a socket', path(PROXY_OPTIONS.socketPath), [['/x', '/x']], [...WORDS, `/${'x'.repeat(107)}`]],
  [
    'text',
    text(PROXY_OPTIONS.socketGroup),
    [
      ['audit', 'audit'],
      ['1000', '1000'],
    ],
    [''],
  ],
  [
    'url',
    url(CODER_OPTIONS.url),
    [
      ['https://coder.example.com', 'https://coder.example.com'],
      ['HTTP://h:1/p', 'HTTP://h:1/p'],
    ],
    ['', 'coder.example.com', 'ftp://h', 'http://user:secret@h', 'http://h?token=secret'],
  ],
  [
    'whole',
    whole({ min: 1, max: 9 }),
    [
      ['1', 1],
      ['9', 9],
    ],
    ['0', '10', '1.5', '-1', '1e0', '0x5', '1_0', '+1', ''],
  ],
  [
    'seconds',
    seconds({ min: 10, max: 30_000 }),
    [
      ['0.01', 0.01],
      ['1', 1],
      ['30', 30],
      ['2.125', 2.125],
    ],
    ['0', '0.009', '30.001', '1.0001', '1s', '-1', '.5', ''],
  ],
  [
    'timeLimit',
    timeLimit,
    [
      ['1', 1],
      ['86400', 86_400],
      ['off', Number.POSITIVE_INFINITY],
    ],
    ['0', '86401', '1.5', '-1', 'Infinity', 'OFF', 'false', ''],
  ],
  [
    'byteSize',
    byteSize,
    [
      ['1', 1],
      ['64KiB', 65_536],
      ['1GiB', 2 ** 30],
    ],
    ['0', '1MB', '1 KiB', '1.5MiB', ''],
  ],
  [
    'fileMode',
    fileMode,
    [
      ['0660', 0o660],
      ['660', 0o660],
    ],
    ['432', '0o660', '1777', '888', ''].slice(1),
  ],
  [
    'address',
    address,
    [
      ['127.0.0.1:9465', { host: '127.0.0.1', port: 9465 }],
      ['[::1]:80', { host: '::1', port: 80 }],
      ['off', 'off'],
    ],
    ['9465', ':9465', '127.0.0.1', 'false', ''],
  ],
  [
    'console address',
    consoleAddress,
    [
      ['on', { host: '127.0.0.1', port: 9466 }],
      ['off', 'off'],
      ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
      ['127.8.8.8:80', { host: '127.8.8.8', port: 80 }],
      ['[::1]:9466', { host: '::1', port: 9466 }],
    ],
    [
      '',
      'true',
      '9466',
      'localhost:9466',
      '0.0.0.0:9466',
      '[::]:9466',
      '192.168.1.5:80',
      '127.0.0.1',
      '127.0.0.1:99999',
    ],
  ],
  ['hosts', hosts, [['Metrics.example.com', ['metrics.example.com']]], ['host:1', 'a b', 'http://a', '']],
])('%s', (_name, kind, good, bad) => {
  test.each(good)('%s', (written, value) => {
    expect(kind.parse('x', [written])).toEqual(value);
    // An editor sees what YAML 1.2 makes of it. It must not complain.
    expect({ written, isAccepted: accepts(kind.schema, inYaml(written)) }).toEqual({
      written,
      isAccepted: true,
    });
  });

  test.each(bad)('"%s" is rejected', (written) => {
    expect(() => kind.parse('/x.yaml:1: key', [written])).toThrow(
      expect.objectContaining({
        code: 'ERR_INVALID_OPTION',
        message: expect.stringMatching(/^\/x\.yaml:1: key: got .*, expected ./),
      }),
    );
  });
});

test('of a flag that is repeated, the last one counts, except for a list', () => {
  expect(whole({ min: 1, max: 9 }).parse('--buffer', ['1', '2'])).toBe(2);
  expect(hosts.parse('--allow-host', ['a', 'B', '[::1]'])).toEqual(['a', 'b', '::1']);
});

test('a URL that is not acceptable is not shown, because it may contain a password', () => {
  for (const value of ['http://user:secret@h', 'https://h/?token=secret', 'secret'])
    expect(() => url(CODER_OPTIONS.url).parse('--coder-url', [value])).toThrow(
      /^(?!.*secret)--coder-url: got a value/,
    );
});
