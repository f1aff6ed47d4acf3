import { EventEmitter } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Command } from 'commander';
import { defaultOf, keyOf, type Row } from '../lib/cli/configuration/row.js';
import { SERVE_OPTIONS } from '../lib/cli/configuration/serve-options.js';
import { LOG_LINES_LOST } from '../lib/cli/log-output.js';
import { HTTP_CONNECTIONS_CLOSED } from '../lib/cli/metrics-server.js';
import { build } from '../lib/cli/program.js';
import { FORWARDER_OPTIONS } from '../lib/forwarding/forwarder-options.js';
import { RETRY_OPTIONS } from '../lib/forwarding/retry-options.js';
import * as main from '../lib/index.js';
import type { OptionRow } from '../lib/options.js';
import { REDACT_OPTIONS } from '../lib/redaction/redact-options.js';
import { CODER_OPTIONS } from '../lib/reporters/coder/options.js';
import { JETSTREAM_OPTIONS } from '../lib/reporters/jetstream/options.js';
import { OTLP_OPTIONS } from '../lib/reporters/otlp/options.js';
import { SOCKET_REPORTER_OPTIONS } from '../lib/reporters/socket.js';
import { TEXT_REPORTER_OPTIONS } from '../lib/reporters/text.js';
import { SENDER_DROP_REASONS } from '../lib/sender/sender-accounts.js';
import { SENDER_OPTIONS } from '../lib/sender/sender-options.js';
import { REFUSAL_REASONS } from '../lib/server/connections.js';
import { CLOSE_OPTIONS, PROXY_OPTIONS, RUN_OPTIONS } from '../lib/server/proxy-options.js';
import { SESSIONS_OPTIONS } from '../lib/server/sessions-options.js';
import { SESSION_AUDIT_OPTIONS } from '../lib/sessions/session-audit.js';
import { JETSTREAM_SOURCE_OPTIONS } from '../lib/sources/jetstream/source-options.js';
import * as spool from '../lib/spool/index.js';
import { DEMUX_OPTIONS } from '../lib/streams/demux.js';
import { FRAME_PARSER_OPTIONS } from '../lib/streams/frame-parser.js';
import { LOG_BUFFER_OPTIONS } from '../lib/streams/log-buffer.js';
import { MESSAGE_DECODER_OPTIONS } from '../lib/streams/message-decoder.js';
import { STATUS_SINK_OPTIONS } from '../lib/streams/status-sink.js';
import { DROP_REASONS } from '../lib/telemetry/accounts.js';
import { BUILD_INFO } from '../lib/telemetry/build-info.js';
import { FORWARD_DURATION, METRICS } from '../lib/telemetry/metrics.js';
import { REJECT_REASONS } from '../lib/telemetry/reject-reasons.js';
import { REPORTER_METRICS } from '../lib/telemetry/reporter-metrics.js';
import { filesIn, PAGES, ROOT } from './helpers/code-blocks.js';
import { documentedOptions, tableAfter } from './helpers/markdown.js';

/** The options that `--help` shows. */
const visible = ({ options }: Command) => options.filter(({ hidden }) => !hidden);
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('README.md', () => {
  const readme = read('README.md');

  test('has at most 150 lines', () => {
    expect(readme.split('\n').length - 1).toBeLessThanOrEqual(150);
  });

  test('names the two commands, and the oldest version of Node that works', () => {
    const { engines } = JSON.parse(read('package.json'));
    const [, version] = /^>=(\d+\.\d+)\.0$/.exec(engines.node) ?? [];
    expect(readme).toContain('`npm ci && npm start`');
    expect(readme).toContain('`npm cit`');
    expect(readme).toContain(`Node ${version} or newer`);
  });
});

describe('the options of the command', () => {
  const page = read('docs/operating.md');
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  const io = { ...streams, env: {}, onSignal: () => () => undefined, exit: () => undefined };
  const program = build(io, () => undefined);

  test.each(program.commands.map((command) => [command.name(), command] as const))('%s', (name, command) => {
    expect(tableAfter(page, `## ${name}\n`)).toEqual(
      visible(command).map(({ long, description, defaultValueDescription, defaultValue }) => {
        const value = typeof defaultValue === 'boolean' ? undefined : defaultValue;
        // This default depends on the environment.
        const documented =
          long === '--socket' ? '$TMPDIR/boundary-audit.sock' : (defaultValueDescription ?? value);
        return [long, String(documented ?? ''), description];
      }),
    );
  });

  test('each key that only the file has', () => {
    const keys = Object.entries<Row>(SERVE_OPTIONS).filter(([, { isFileOnly }]) => isFileOnly);
    expect(tableAfter(page, '| key of the file')).toEqual(
      keys.map(([option, row]) => [keyOf(option), defaultOf(row), row.doc]),
    );
  });

  test('the forms of an option, in the three places', () => {
    for (const [flag = '', variable = '', key = ''] of tableAfter(page, '| flag')) {
      const option = flag.split(' ')[0]?.replace(/^--(no-)?/, '') ?? '';
      expect(variable).toContain(`BOUNDARY_LOG_PROXY_${option.toUpperCase().replaceAll('-', '_')}=`);
      if (key !== '') expect(key).toContain(`${option}: `);
    }
  });

  test('each environment variable', () => {
    const variables = [
      ...program.commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? [])),
      ...Object.values<Row>(SERVE_OPTIONS).flatMap(({ sharedVariable, overriddenBy = [] }) => [
        ...(sharedVariable === undefined ? [] : [sharedVariable]),
        ...overriddenBy,
      ]),
    ];
    expect(variables).not.toEqual([]);
    const documented = tableAfter(page, '| environment variable').map(([name]) => name);
    expect(documented).toEqual(expect.arrayContaining(variables));
  });
});

test.each<[string, string, Readonly<Record<string, OptionRow>>]>([
  ['docs/embedding.md', 'BoundaryLogProxy', PROXY_OPTIONS],
  ['docs/embedding.md', 'runForwarder', RUN_OPTIONS],
  ['docs/sessions.md', 'SessionAudit', SESSION_AUDIT_OPTIONS],
  ['docs/sessions.md', 'sessions', SESSIONS_OPTIONS],
  ['docs/embedding.md', 'close', CLOSE_OPTIONS],
  ['docs/embedding.md', 'retry', RETRY_OPTIONS],
  ['docs/embedding.md', 'TextReporter', TEXT_REPORTER_OPTIONS],
  ['docs/embedding.md', 'SocketReporter', SOCKET_REPORTER_OPTIONS],
  ['docs/streams.md', 'FrameParser', FRAME_PARSER_OPTIONS],
  ['docs/streams.md', 'MessageDecoder', MESSAGE_DECODER_OPTIONS],
  ['docs/streams.md', 'Demux', DEMUX_OPTIONS],
  ['docs/redaction.md', 'redact', REDACT_OPTIONS],
  ['docs/streams.md', 'LogBuffer', LOG_BUFFER_OPTIONS],
  ['docs/streams.md', 'StatusSink', STATUS_SINK_OPTIONS],
  ['docs/streams.md', 'Forwarder', FORWARDER_OPTIONS],
  ['docs/streams.md', 'BoundaryLogSender', SENDER_OPTIONS],
  ['docs/coder.md', 'CoderReporter', CODER_OPTIONS],
  ['docs/nats.md', 'JetStreamReporter', JETSTREAM_OPTIONS],
  ['docs/opentelemetry.md', 'OtlpReporter', OTLP_OPTIONS],
  ['docs/forwarders.md', 'JetStreamSource', JETSTREAM_SOURCE_OPTIONS],
])('%s: the options of %s', (file, name, options) => {
  expect(tableAfter(read(file), `| option of \`${name}\``)).toEqual(documentedOptions(options));
});

test('docs/streams.md lists every public stream', () => {
  const streams = Object.entries({ ...main, ...spool } as Record<string, unknown>).filter(
    ([, value]) => typeof value === 'function' && value.prototype instanceof EventEmitter,
  );
  const documented = tableAfter(read('docs/streams.md'), '| stream').map(([name]) => name);
  expect(documented.sort()).toEqual(streams.map(([name]) => name).sort());
});

test('docs/streams.md lists the reasons for which a sender drops an event, as the doc comment does', () => {
  const documented = tableAfter(read('docs/streams.md'), '| reason         | why');
  expect(documented.map(([reason]) => reason)).toEqual([...SENDER_DROP_REASONS]);
  const comment = read('lib/sender/sender-accounts.ts').matchAll(/^ \* (\| `\w+` \|.*)$/gm);
  expect(documented).toEqual(tableAfter(`|\n|\n${[...comment].map(([, row]) => row).join('\n')}`, '|'));
});

test('docs/streams.md lists the accounts of a sender', () => {
  const documented = tableAfter(read('docs/streams.md'), '| field       | counts');
  expect(documented.map(([field]) => field)).toEqual(Object.keys(new main.BoundaryLogSender().accounts()));
});

describe('docs/operating.md', () => {
  const page = read('docs/operating.md');

  test('lists the metrics', () => {
    const prefix = /^agent_boundary_log_proxy_/;
    expect(tableAfter(page, '## Metrics\n')).toEqual(
      [
        ...METRICS,
        { ...BUILD_INFO, label: BUILD_INFO.labels.map((label) => `\`${label}\``).join(', ') },
        { ...FORWARD_DURATION, label: undefined },
        HTTP_CONNECTIONS_CLOSED,
        { ...LOG_LINES_LOST, label: undefined },
      ].map(({ name, type, label, help }) => [name.replace(prefix, ''), type, label ?? '', help]),
    );
  });

  test('lists the metrics of further reporters', () => {
    expect(tableAfter(page, '| metric of further reporters')).toEqual(
      REPORTER_METRICS.map(({ name, type, labels, help }) => [
        name.replace(/^agent_boundary_log_proxy_/, ''),
        type,
        labels.length === 1 ? labels[0] : labels.map((label) => `\`${label}\``).join(', '),
        help,
      ]),
    );
  });

  test('lists the reasons of the health, as the doc comment does', () => {
    const documented = tableAfter(page, '## Health\n');
    expect(documented.map(([reason]) => reason)).toEqual([...main.HEALTH_REASONS]);
    const comment = [...read('lib/telemetry/health.ts').matchAll(/^ \* (\| `\w+` \|.*)$/gm)].map(
      ([, row]) => row,
    );
    expect(documented.map((row) => row.slice(0, 3))).toEqual(tableAfter(`|\n|\n${comment.join('\n')}`, '|'));
  });

  test('lists the reasons for a drop', () => {
    expect(tableAfter(page, 'Why a batch was dropped:\n').map(([reason]) => reason)).toEqual([
      ...DROP_REASONS,
    ]);
  });

  test('lists the reasons for closing a connection at once', () => {
    const reasons = tableAfter(page, 'Why a connection was closed at once:\n').map(([reason]) => reason);
    expect(reasons).toEqual([...REFUSAL_REASONS]);
  });

  test.each([...REJECT_REASONS, 'boundary_channel_full', 'boundary_batch_full'])('names %s', (reason) => {
    expect(page).toContain(`\`${reason}\``);
  });
});

test('docs/data-loss.md uses only reasons and metrics that exist', () => {
  const page = read('docs/data-loss.md');
  const known = new Set<string>([
    ...DROP_REASONS,
    ...['boundary_channel_full', 'boundary_batch_full', 'session_id', 'sequence_number'],
    ...[...METRICS, ...REPORTER_METRICS].map(({ name }) => name.replace('agent_boundary_log_proxy_', '')),
  ]);
  const used = [...page.matchAll(/`([a-z]+_[a-z_]+)`/g)].map(([, name]) => name as string);
  expect(used.filter((name) => !known.has(name))).toEqual([]);
  for (const reason of DROP_REASONS) expect(page).toContain(`\`${reason}\``);
});

describe('docs/errors.md', () => {
  const page = read('docs/errors.md');

  test.each([
    ['codec/errors.ts', '## Bytes, messages and options\n'],
    ['lib/errors.ts', '## The proxy, the sender, the spool and Coder\n'],
  ])('explains each code of %s', (file, heading) => {
    const source = read(file);
    const codes = [...source.matchAll(/^ {2}\| '(ERR_\w+)'/gm)].map(([, code]) => code);
    const comment = [...source.matchAll(/^ \* (\| `ERR_\w+` \|.*)$/gm)].map(([, row]) => row);
    const commented = tableAfter(`|\n|\n${comment.join('\n')}`, '|');
    expect(commented.map(([code]) => code)).toEqual(codes);
    const documented = tableAfter(page, heading);
    expect(documented.map((row) => row.slice(0, 3))).toEqual(commented);
    // The last column says what to do, in a sentence.
    for (const [, , , action] of documented) expect(action).toMatch(/^[A-Z].{10,}\.$/);
  });

  test('no page names a code that it does not explain', () => {
    const explained = new Set(page.match(/ERR_\w+/g));
    for (const file of PAGES) {
      // This pattern excludes codes of Node.
      const named = read(file).match(/\bERR_(?!TLS_)\w+/g) ?? [];
      expect(named.filter((code) => !explained.has(code))).toEqual([]);
    }
  });
});

describe('CONTRIBUTING.md', () => {
  const page = read('CONTRIBUTING.md');
  const layout = tableAfter(page, '## Layout\n').map(([folder]) => folder);
  const readingOrder = tableAfter(page, '## Reading order\n').map(([file = '']) => file);
  const foldersOf = (folder: string) =>
    readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? `${join(folder, entry.name)}/` : [],
    );

  test('the layout has a row for each folder of lib/, and only rows for what exists', () => {
    expect(layout).toEqual(expect.arrayContaining(foldersOf('lib')));
    const missing = layout.filter(
      (folder = '') => folder !== 'generated/' && !existsSync(join(ROOT, folder)),
    );
    expect(missing).toEqual([]);
  });

  test('the reading order has ten files', () => {
    expect(readingOrder).toHaveLength(10);
    expect(readingOrder.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  test('every file that it names exists', () => {
    const files = [...page.matchAll(/`((?:lib|codec|docs|scripts|bench|__tests__)\/[^\s`]+)`/g)];
    const missing = files.map(([, file]) => file as string).filter((file) => !existsSync(join(ROOT, file)));
    expect(missing).toEqual(['docs/api/'].filter((file) => !existsSync(join(ROOT, file))));
  });
});

describe('links', () => {
  const pages = [
    ...PAGES,
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    'SECURITY.md',
    'examples/README.md',
    'bench/README.md',
  ];
  const anchorsOf = (file: string) =>
    [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    );

  test.each(pages)('every relative link of %s leads somewhere', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(([, link]) => link as string);
    const dead = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(dirname(file), path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  test.each(['README.md', 'docs/README.md'])('%s links to each page of docs/', (file) => {
    const index = read(file);
    const missing = filesIn('docs', /\.md$/)
      .map((page) => page.replace(file === 'README.md' ? '' : 'docs/', ''))
      .filter((page) => !page.endsWith('README.md') && !index.includes(`](${page})`));
    expect(missing).toEqual([]);
  });
});
