import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { RECORD_OPTIONS } from '../lib/capture/recording.js';
import { COALESCE_OPTIONS } from '../lib/forwarding/coalesce-options.js';
import { FORWARDER_OPTIONS } from '../lib/forwarding/forwarder-options.js';
import { RETRY_OPTIONS } from '../lib/forwarding/retry-options.js';
import { NATS_OPTIONS, STREAM_OPTIONS } from '../lib/nats/nats-options.js';
import { documentedDefault, type OptionRow } from '../lib/options.js';
import { REDACT_OPTIONS } from '../lib/redaction/redact-options.js';
import { CODER_OPTIONS } from '../lib/reporters/coder/options.js';
import { PUBLISH_OPTIONS } from '../lib/reporters/jetstream/options.js';
import { OTLP_OPTIONS } from '../lib/reporters/otlp/options.js';
import { SOCKET_REPORTER_OPTIONS } from '../lib/reporters/socket.js';
import { TEXT_REPORTER_OPTIONS } from '../lib/reporters/text.js';
import { SENDER_OPTIONS } from '../lib/sender/sender-options.js';
import { CLOSE_OPTIONS, PROXY_OPTIONS, RUN_OPTIONS } from '../lib/server/proxy-options.js';
import { SOURCE_OPTIONS } from '../lib/sources/jetstream/source-options.js';
import { SPOOL_OPTIONS } from '../lib/spool/spool-options.js';
import { DEMUX_OPTIONS } from '../lib/streams/demux.js';
import { FRAME_PARSER_OPTIONS } from '../lib/streams/frame-parser.js';
import { LOG_BUFFER_OPTIONS } from '../lib/streams/log-buffer.js';
import { MESSAGE_DECODER_OPTIONS } from '../lib/streams/message-decoder.js';
import { STATUS_SINK_OPTIONS } from '../lib/streams/status-sink.js';

type Table = Readonly<Record<string, OptionRow>>;

/** Every public options interface, with the file that declares it. */
const TABLES: [name: string, file: string, table: Table][] = [
  ['BoundaryLogProxyOptions', 'server/proxy-options.ts', PROXY_OPTIONS],
  ['RecordOptions', 'capture/recording.ts', RECORD_OPTIONS],
  ['RunForwarderOptions', 'server/proxy-options.ts', RUN_OPTIONS],
  ['CloseOptions', 'server/proxy-options.ts', CLOSE_OPTIONS],
  ['ForwarderOptions', 'forwarding/forwarder-options.ts', FORWARDER_OPTIONS],
  ['CoalesceOptions', 'forwarding/coalesce-options.ts', COALESCE_OPTIONS],
  ['RetryOptions', 'forwarding/retry-options.ts', RETRY_OPTIONS],
  ['SpoolBufferOptions', 'spool/spool-options.ts', SPOOL_OPTIONS],
  ['FrameParserOptions', 'streams/frame-parser.ts', FRAME_PARSER_OPTIONS],
  ['MessageDecoderOptions', 'streams/message-decoder.ts', MESSAGE_DECODER_OPTIONS],
  ['DemuxOptions', 'streams/demux.ts', DEMUX_OPTIONS],
  ['LogBufferOptions', 'streams/log-buffer.ts', LOG_BUFFER_OPTIONS],
  ['StatusSinkOptions', 'streams/status-sink.ts', STATUS_SINK_OPTIONS],
  ['BoundaryLogSenderOptions', 'sender/sender-options.ts', SENDER_OPTIONS],
  ['RedactOptions', 'redaction/redact-options.ts', REDACT_OPTIONS],
  ['TextReporterOptions', 'reporters/text.ts', TEXT_REPORTER_OPTIONS],
  ['SocketReporterOptions', 'reporters/socket.ts', SOCKET_REPORTER_OPTIONS],
  ['CoderReporterOptions', 'reporters/coder/options.ts', CODER_OPTIONS],
  ['NatsOptions', 'nats/nats-options.ts', NATS_OPTIONS],
  ['StreamOptions', 'nats/nats-options.ts', STREAM_OPTIONS],
  ['JetStreamReporterOptions', 'reporters/jetstream/options.ts', PUBLISH_OPTIONS],
  ['OtlpReporterOptions', 'reporters/otlp/options.ts', OTLP_OPTIONS],
  ['JetStreamSourceOptions', 'sources/jetstream/source-options.ts', SOURCE_OPTIONS],
];

/** The doc comments of an interface by property, on one line each and without markup. */
function commentsOf(name: string, file: string): Record<string, string> {
  const source = readFileSync(new URL(`../lib/${file}`, import.meta.url), 'utf8');
  const from = source.indexOf(`export interface ${name}`);
  expect(from).toBeGreaterThan(-1);
  const body = source.slice(from, source.indexOf('\n}\n', from));
  const properties = body.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(\w+)\??:/g);
  return Object.fromEntries(
    [...properties].map(([, comment = '', property]) => [
      property,
      plain(comment.replaceAll(/^\s*\*/gm, '')),
    ]),
  );
}

function plain(text: string): string {
  return text
    .replaceAll(/\{@link (\w+)\}/g, '$1')
    .replaceAll('`', '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe.each(TABLES)('%s', (name, file, table) => {
  const comments = commentsOf(name, file);

  test('documents the options of its table, in their order', () => {
    expect(Object.keys(comments)).toEqual(Object.keys(table));
  });

  test.each(Object.entries(table))('%s: the doc comment agrees with the table', (option, row) => {
    expect(comments[option]).toMatch(new RegExp(`^${escaped(plain(row.doc))}[.;]`));
    const standing = plain(documentedDefault(row));
    if (standing === '') expect(comments[option]).not.toContain('Default:');
    else expect(comments[option]).toContain(`Default: ${standing}`);
  });

  test.each(Object.entries(table))('%s: the default is an acceptable value', (_option, row) => {
    const value = row.makeDefault?.() ?? row.default;
    // Only defaults that the table states can be checked.
    if (value !== undefined && value !== '') expect(row.accepts(value)).toBe(true);
  });
});
