import { describe, expect, test } from '@jest/globals';
import { flagOf, keyOf, type Row, variableOf } from '../../../../lib/cli/configuration/row.js';
import {
  type OptionName,
  SERVE_OPTIONS,
  type ServeOptions,
} from '../../../../lib/cli/configuration/serve-options.js';
import { type Given, resolved } from '../../../helpers/configuration.js';

const DEFAULTS = resolved({}).options;

test('without anything, all options have their defaults', () => {
  expect(resolved({}).problems).toEqual([]);
  for (const [option, row] of Object.entries<Row>(SERVE_OPTIONS))
    expect([option, DEFAULTS[option as OptionName]]).toEqual([option, row.default]);
});

describe('an option is the same wherever it is set', () => {
  test.each<[keyof ServeOptions, text: string, value: unknown, more?: Given]>([
    ['socket', '/s', '/s'],
    ['socketMode', '0660', 0o660],
    ['socketGroup', '1000', '1000'],
    ['buffer', '7', 7],
    ['overflow', 'block', 'block'],
    ['maxConnections', '7', 7],
    ['frameTimeout', 'off', Number.POSITIVE_INFINITY],
    ['idleTimeout', '60', 60],
    ['reporter', 'null', ['null']],
    ['coderUrl', 'https://c', 'https://c', { flags: ['--reporter', 'coder'] }],
    ['coderTokenFile', '/t', '/t', { flags: ['--reporter', 'coder'] }],
    ['format', 'logfmt', 'logfmt'],
    ['spool', '/d', '/d'],
    ['spoolMaxBytes', '1GiB', 2 ** 30, { flags: ['--spool', '/d'] }],
    ['record', '/r', '/r'],
    ['recordMaxBytes', '64KiB', 65_536, { flags: ['--record', '/r'] }],
    ['retryInitialDelay', '0.25', 0.25],
    ['retryFactor', '1.5', 1.5],
    ['retryAttempts', 'off', Number.POSITIVE_INFINITY],
    ['linger', '100', 100, { flags: ['--reporter', 'coder'] }],
    ['metrics', 'off', 'off'],
    ['allowHost', 'a', ['a']],
    ['drain', '8', 8],
    ['logLevel', 'debug', 'debug'],
  ])('%s: %s', (option, text, value, { flags = [] } = {}) => {
    const ways: Given[] = [
      { file: `${keyOf(option)}: ${text}`, flags },
      { env: { [variableOf(option)]: text }, flags },
      { flags: [...flags, `--${keyOf(option)}`, text] },
      { flags: [...flags, `--${keyOf(option)}=${text}`] },
    ];
    for (const way of ways) {
      const { options, problems } = resolved(way);
      expect(problems).toEqual([]);
      expect(options[option]).toEqual(value);
    }
  });

  test.each(['replace', 'fairShare', 'spoolSync', 'coderAllowOld', 'retry'] as const)(
    '%s, both ways',
    (option) => {
      const flags = ['--reporter', 'coder', ...(option === 'spoolSync' ? ['--spool', '/d'] : [])];
      for (const value of [true, false]) {
        const ways: Given[] = [
          { file: `${keyOf(option)}: ${value}`, flags },
          { env: { [variableOf(option)]: String(value) }, flags },
          { flags: [...flags, `--${value ? '' : 'no-'}${keyOf(option)}`] },
          // A flag turns back what the file has set.
          {
            file: `${keyOf(option)}: ${!value}`,
            flags: [...flags, `--${value ? '' : 'no-'}${keyOf(option)}`],
          },
        ];
        for (const way of ways)
          expect(resolved(way)).toMatchObject({ problems: [], options: { [option]: value } });
      }
    },
  );

  test('a list', () => {
    for (const way of [
      { file: 'allow-host: [a, b]' },
      { env: { BOUNDARY_LOG_PROXY_ALLOW_HOST: 'a,b' } },
      { flags: ['--allow-host', 'a', '--allow-host', 'b'] },
    ])
      expect(resolved(way)).toMatchObject({ problems: [], options: { allowHost: ['a', 'b'] } });
  });
});

const SHARED = 'CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH';

test.each<[string, Given, Partial<ServeOptions>]>([
  [
    'a flag wins over a variable',
    { env: { BOUNDARY_LOG_PROXY_BUFFER: '2' }, flags: ['--buffer', '3'] },
    { buffer: 3 },
  ],
  ['a flag wins over the file', { file: 'buffer: 1', flags: ['--buffer', '3'] }, { buffer: 3 }],
  [
    'a variable wins over the file',
    { file: 'buffer: 1', env: { BOUNDARY_LOG_PROXY_BUFFER: '2' } },
    { buffer: 2 },
  ],
  [
    'each source sets what the others do not',
    { file: 'buffer: 1', env: { BOUNDARY_LOG_PROXY_DRAIN: '2' }, flags: ['--max-connections', '3'] },
    { buffer: 1, drain: 2, maxConnections: 3 },
  ],
  [
    'a list replaces another one',
    { file: 'allow-host: [a, b]', flags: ['--allow-host', 'c'] },
    { allowHost: ['c'] },
  ],
  ['a shared variable wins over the file', { file: 'socket: /a', env: { [SHARED]: '/b' } }, { socket: '/b' }],
  [
    'the variable with the prefix wins over it',
    { env: { BOUNDARY_LOG_PROXY_SOCKET: '/a', [SHARED]: '/b' } },
    { socket: '/a' },
  ],
  [
    'a flag wins over both',
    { env: { BOUNDARY_LOG_PROXY_SOCKET: '/a', [SHARED]: '/b' }, flags: ['--socket', '/c'] },
    { socket: '/c' },
  ],
  ['an empty shared variable is not set', { file: 'socket: /a', env: { [SHARED]: '' } }, { socket: '/a' }],
  [
    'a token in the environment wins over the token file of the file',
    { file: 'reporter: coder\ncoder-token-file: /a', env: { CODER_AGENT_TOKEN: 'x' } },
    { coderTokenFile: undefined },
  ],
  [
    'so does a token file in the environment',
    { file: 'reporter: coder\ncoder-token-file: /a', env: { CODER_AGENT_TOKEN_FILE: '/x' } },
    { coderTokenFile: undefined },
  ],
  [
    'an empty one does not',
    { file: 'reporter: coder\ncoder-token-file: /a', env: { CODER_AGENT_TOKEN: '' } },
    { coderTokenFile: '/a' },
  ],
  [
    'a token file as a flag wins over all',
    {
      file: 'reporter: coder\ncoder-token-file: /a',
      env: { CODER_AGENT_TOKEN: 'x' },
      flags: ['--coder-token-file', '/b'],
    },
    { coderTokenFile: '/b' },
  ],
  [
    'and as a variable with the prefix',
    {
      env: { CODER_AGENT_TOKEN: 'x', BOUNDARY_LOG_PROXY_CODER_TOKEN_FILE: '/b' },
      flags: ['--reporter', 'coder'],
    },
    { coderTokenFile: '/b' },
  ],
])('%s', (_what, given, expected) => {
  expect(resolved(given)).toMatchObject({ problems: [], options: expected });
});

describe('a value that is not acceptable is named as it was written', () => {
  test.each<[Given, ...string[]]>([
    [{ flags: ['--buffer', 'many'] }, '--buffer: got "many", expected a whole number of at least 1'],
    [
      { env: { BOUNDARY_LOG_PROXY_BUFFER: 'many' } },
      'BOUNDARY_LOG_PROXY_BUFFER: got "many", expected a whole number of at least 1',
    ],
    [{ file: '\n\nbuffer: many' }, '/f:3: buffer: got "many", expected a whole number of at least 1'],
    [
      { env: { BOUNDARY_LOG_PROXY_BUFFER: '' } },
      'BOUNDARY_LOG_PROXY_BUFFER: got "", expected a whole number of at least 1',
    ],
    [
      { env: { BOUNDARY_LOG_PROXY_SPOOL_SYNC: '1' } },
      'BOUNDARY_LOG_PROXY_SPOOL_SYNC: got "1", expected true or false',
    ],
    [
      { env: { BOUNDARY_LOG_PROXY_ALLOW_HOST: 'a,' } },
      'BOUNDARY_LOG_PROXY_ALLOW_HOST: got "", expected a host name',
    ],
    // Also if a stronger one makes it ineffective, because that may end.
    [{ file: 'buffer: many', flags: ['--buffer', '1'] }, '/f:1: buffer: got "many"'],
    // All of them at once, and nothing that follows from them.
    [
      { file: 'drain: x', env: { BOUNDARY_LOG_PROXY_BUFFER: 'y' }, flags: ['--spool', '', '--spool-sync'] },
      '/f:1: drain: got "x"',
      'BOUNDARY_LOG_PROXY_BUFFER: got "y"',
      '--spool: got ""',
    ],
    [{ file: 'spoool: /x\nspool-sync: true' }, '/f:1: unknown option spoool: did you mean spool?'],
    [{ env: { [SHARED]: `/${'x'.repeat(107)}` } }, `${SHARED}: got "/xxx`],
    [
      { env: { CODER_AGENT_URL: 'nonsense' }, flags: ['--reporter', 'coder'] },
      'CODER_AGENT_URL: got a value that is not shown here',
    ],
  ])('%j', (given, ...expected) => {
    expect(resolved(given).problems).toEqual(expected.map((text) => expect.stringContaining(text)));
  });
});

describe('what has no effect is refused', () => {
  test.each<[Given, string]>([
    [{ flags: ['--spool-sync'] }, '--spool-sync has no effect without --spool'],
    [{ flags: ['--no-spool-sync'] }, '--no-spool-sync has no effect without --spool'],
    [
      { env: { BOUNDARY_LOG_PROXY_SPOOL_SYNC: 'true' } },
      'BOUNDARY_LOG_PROXY_SPOOL_SYNC has no effect without BOUNDARY_LOG_PROXY_SPOOL',
    ],
    [{ file: 'spool-sync: true' }, '/f:1: spool-sync has no effect without spool'],
    [{ flags: ['--buffer', '5', '--spool', '/d'] }, '--buffer has no effect with --spool /d'],
    [{ file: 'spool: /d', flags: ['--buffer', '5'] }, '--buffer has no effect with spool: /d in /f:1'],
    [{ file: 'buffer-bytes: 1MiB\nspool: /d' }, '/f:1: buffer-bytes has no effect with spool: /d in /f:2'],
    [{ flags: ['--record-max-bytes', '1GiB'] }, '--record-max-bytes has no effect without --record'],
    [{ flags: ['--fair-share', '--overflow', 'block'] }, '--fair-share has no effect with --overflow block'],
    [
      { flags: ['--coder-url', 'https://c', '--reporter', 'stdout'] },
      '--coder-url has no effect with --reporter stdout',
    ],
    [{ flags: ['--coder-url', 'https://c'] }, '--coder-url has no effect without --reporter coder'],
    [{ file: 'coder-keep-alive: 5' }, '/f:1: coder-keep-alive has no effect without reporter: coder'],
    [
      { env: { BOUNDARY_LOG_PROXY_CODER_URL: 'https://c' } },
      'BOUNDARY_LOG_PROXY_CODER_URL has no effect without BOUNDARY_LOG_PROXY_REPORTER=coder',
    ],
    // A variable for other programs wins over each of these two. They are mistakes nevertheless.
    [
      { file: 'coder-url: https://c', env: { CODER_AGENT_URL: 'https://d' } },
      '/f:1: coder-url has no effect without reporter: coder',
    ],
    [
      { file: 'coder-token-file: /t', env: { CODER_AGENT_TOKEN: 'x' } },
      '/f:1: coder-token-file has no effect without reporter: coder',
    ],
    [{ flags: ['--format', 'json', '--reporter', 'coder'] }, '--format has no effect with --reporter coder'],
    [
      { flags: ['--format', 'json'], env: { BOUNDARY_LOG_PROXY_REPORTER: 'null' } },
      '--format has no effect with BOUNDARY_LOG_PROXY_REPORTER=null',
    ],
    [{ flags: ['--allow-host', 'a', '--metrics', 'off'] }, '--allow-host has no effect with --metrics off'],
    [
      { flags: ['--allow-host', 'a', '--metrics', '0.0.0.0:1'] },
      '--allow-host has no effect with --metrics 0.0.0.0:1',
    ],
    [
      { flags: ['--socket', '/s'], env: { LISTEN_FDS: '1' } },
      '--socket has no effect with a socket that systemd passes, because its unit decides that',
    ],
    [
      { flags: ['--replace'], env: { LISTEN_FDS: '1' } },
      '--replace has no effect with a socket that systemd passes, because its unit decides that',
    ],
    [
      { file: 'socket-mode: 0660', env: { LISTEN_FDS: '1' } },
      '/f:1: socket-mode has no effect with a socket that systemd passes, because its unit decides that',
    ],
  ])('%j', (given, expected) => {
    expect(resolved(given).problems).toEqual([expected]);
  });

  test.each<[Given]>([
    [{ flags: ['--allow-host', 'a', '--metrics', 'localhost:1'] }],
    [{ flags: ['--allow-host', 'a', '--metrics', '[::1]:1'] }],
    [{ flags: ['--spool', '/d', '--overflow', 'block'] }],
    [{ flags: ['--drain', '5'], env: { LISTEN_FDS: '1' } }],
    // A stronger one sets what the weaker one needs.
    [{ file: 'spool-sync: true', flags: ['--spool', '/d'] }],
    // What is overridden does not have to have an effect.
    [{ env: { CODER_AGENT_URL: 'https://c', CODER_AGENT_TOKEN: 'x', CODER_AGENT_TOKEN_FILE: '/x' } }],
    [{ env: { CODER_AGENT_URL: 'nonsense' } }],
    [{ env: { [SHARED]: `/${'x'.repeat(107)}`, LISTEN_FDS: '1' } }],
    [{ env: { [SHARED]: '/x', LISTEN_FDS: '1' } }],
  ])('%j is accepted', (given) => {
    expect(resolved(given).problems).toEqual([]);
  });

  test('a variable of other programs leaves no trace then', () => {
    expect(resolved({ env: { CODER_AGENT_URL: 'https://c' } }).options).toEqual(DEFAULTS);
    expect(resolved({ env: { [SHARED]: '/x', LISTEN_FDS: '1' } }).options).toEqual(DEFAULTS);
  });

  test.each(
    Object.entries<Row>(SERVE_OPTIONS).flatMap(([name, { needs = [] }]) =>
      needs.map((need) => [name, need.option] as const),
    ),
  )('the need of %s names an option: %s', (_name, option) => {
    expect(Object.keys(SERVE_OPTIONS)).toContain(option);
  });
});

test.each([
  ['buffer', '--buffer', 'BOUNDARY_LOG_PROXY_BUFFER', 'buffer'],
  ['spoolMaxBytes', '--spool-max-bytes', 'BOUNDARY_LOG_PROXY_SPOOL_MAX_BYTES', 'spool-max-bytes'],
  ['retry', '--no-retry', 'BOUNDARY_LOG_PROXY_RETRY', 'retry'],
] as const)('the names of %s', (option, flag, variable, key) => {
  expect([flagOf(option, SERVE_OPTIONS[option]), variableOf(option), keyOf(option)]).toEqual([
    flag,
    variable,
    key,
  ]);
});
