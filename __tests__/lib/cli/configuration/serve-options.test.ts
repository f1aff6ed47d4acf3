import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { flagOf, keyOf, type Row, variableOf } from '../../../../lib/cli/configuration/row.js';
import { schemaOf } from '../../../../lib/cli/configuration/schema.js';
import { SERVE_OPTIONS } from '../../../../lib/cli/configuration/serve-options.js';
import { NATS_ENV } from '../../../../lib/cli/nats.js';
import { RETRY_OPTIONS } from '../../../../lib/forwarding/retry-options.js';
import { NATS_OPTIONS, STREAM_OPTIONS } from '../../../../lib/nats/nats-options.js';
import { CODER_OPTIONS } from '../../../../lib/reporters/coder/options.js';
import { PUBLISH_OPTIONS } from '../../../../lib/reporters/jetstream/options.js';
import { PROXY_OPTIONS, RUN_OPTIONS } from '../../../../lib/server/proxy-options.js';
import { SOURCE_OPTIONS } from '../../../../lib/sources/jetstream/source-options.js';
import { accepts } from '../../../helpers/json-schema.js';

const ROWS = Object.entries<Row>(SERVE_OPTIONS);

test('no two options share a name', () => {
  for (const names of [
    ROWS.map(([option]) => variableOf(option)),
    ROWS.flatMap(([option, row]) =>
      [flagOf(option, row), `--${keyOf(option)}`].filter((flag, i, all) => all.indexOf(flag) === i),
    ),
  ])
    expect(new Set(names).size).toBe(names.length);
});

test.each(ROWS)(
  '%s: its text is one line of lower case, and its placeholder fits its kind',
  (option, row) => {
    for (const doc of [row.doc, row.keyDoc ?? ''])
      expect(doc).toMatch(/^(?![A-Z][a-z]+ing\b)[^\n`]*[^.\n`]$|^$/);
    const isSwitch = typeof row.default === 'boolean';
    if (!row.isFileOnly) expect([option, row.takes === undefined]).toEqual([option, isSwitch]);
  },
);

/** The default of this one depends on the environment. */
const isFixed = ([option, row]: [string, Row]) => option !== 'socket' && row.default !== undefined;

test.each(ROWS.filter(isFixed))('%s: the default can be written', (_option, row) => {
  const written = row.shownDefault ?? String(row.default);
  expect(row.kind.parse('x', [written])).toEqual(row.default);
});

describe('every option of the library can be set', () => {
  /** Options that a program decides, not its user. */
  const OF_PROGRAMS = [
    'socketFd',
    'onReplace',
    'registry',
    'logger',
    'token',
    'signal',
    'concurrency',
    'name',
  ];
  /** What an option is called here, if not the same. */
  const NAMES: Record<string, string> = {
    socketPath: 'socket',
    sessions: 'audit',
    reporters: 'reporter',
    bufferSize: 'buffer',
    url: 'coderUrl',
    allowOldServer: 'coderAllowOld',
    connectTimeoutMs: 'coderConnectTimeout',
    reconnectInitialDelayMs: 'coderReconnectDelay',
    reconnectMaxDelayMs: 'coderReconnectMaxDelay',
    keepAliveMs: 'coderKeepAlive',
    callTimeoutMs: 'reportTimeout',
    maxCallTimeoutMs: 'reportMaxTimeout',
    maxRetryAfterMs: 'maxRetryAfter',
    initialDelayMs: 'retryInitialDelay',
    factor: 'retryFactor',
    maxDelayMs: 'retryMaxDelay',
    maxAttempts: 'retryAttempts',
    maxElapsedMs: 'retryElapsed',
    timeoutMs: 'reportTimeout',
    maxTimeoutMs: 'reportMaxTimeout',
    graceMs: 'grace',
    lingerMs: 'linger',
    folder: 'spool',
    maxBytes: 'spoolMaxBytes',
    sync: 'spoolSync',
  };

  const TABLES = [PROXY_OPTIONS, RUN_OPTIONS, RETRY_OPTIONS, CODER_OPTIONS];
  const names = new Set([...TABLES.flatMap((table) => Object.keys(table)), 'folder', 'maxBytes', 'sync']);

  test.each(Object.keys({ ...STREAM_OPTIONS, ...NATS_OPTIONS, ...PUBLISH_OPTIONS, ...SOURCE_OPTIONS }))(
    '%s of NATS',
    (name) => {
      /** The variables of the environment say these, because they are secrets. */
      const secrets = Object.keys(NATS_ENV);
      const others: Record<string, string> = {
        servers: 'reporter',
        maxBatches: 'buffer',
        credentialsFile: 'natsCredentials',
        caFile: 'natsCa',
        certFile: 'natsCert',
        keyFile: 'natsKey',
        callTimeoutMs: 'reportTimeout',
        maxCallTimeoutMs: 'reportMaxTimeout',
        reconnectInitialDelayMs: 'natsReconnectDelay',
      };
      if (name === 'logger' || secrets.includes(name)) return;
      const option = others[name] ?? `nats${name[0]?.toUpperCase()}${name.slice(1).replace(/Ms$/, '')}`;
      expect(Object.keys(SERVE_OPTIONS)).toContain(option);
    },
  );

  test.each([...names].filter((name) => !OF_PROGRAMS.includes(name)))('%s', (name) => {
    expect(Object.keys(SERVE_OPTIONS)).toContain(NAMES[name] ?? name);
  });
});

describe('the schema of the file', () => {
  const schema = schemaOf(SERVE_OPTIONS);

  test('describes each option, and nothing else', () => {
    const { properties } = schema as { properties: Record<string, { description: string }> };
    expect(Object.keys(properties)).toEqual(ROWS.map(([option]) => keyOf(option)));
    for (const { description } of Object.values(properties)) expect(description).toMatch(/\.$/);
    expect(properties.retry?.description).toBe(
      'whether to retry a batch when the reporter fails, instead of dropping it. Default: true.',
    );
  });

  test.each([
    ['# nothing', true],
    ['buffer: 5\nspool-sync: true\nsocket-mode: 0660\nreporter: null\nspool-max-bytes: 1GiB', true],
    ['allow-host: a', true],
    ['allow-host: [a, b]', true],
    ['allow-host: []', false],
    ['spoool: /x', false],
    ['buffer: many', false],
    ['buffer: 0', false],
    ['spool-sync: 1', false],
    ['reporter: stderr', false],
    ['spool: { folder: /x }', false],
    ['- buffer: 1', false],
  ])('%j: %s', (text, isAccepted) => {
    expect(accepts(schema, parse(text))).toBe(isAccepted);
  });
});
