import { afterAll, describe, expect, test } from '@jest/globals';
import * as codec from '../codec/index.js';
import { FORWARDER_OPTIONS } from '../lib/forwarding/forwarder-options.js';
import { RETRY_OPTIONS } from '../lib/forwarding/retry-options.js';
import * as root from '../lib/index.js';
import { silent } from '../lib/logger.js';
import type { OptionRow } from '../lib/options.js';
import { REDACT_OPTIONS } from '../lib/redaction/redact-options.js';
import * as coder from '../lib/reporters/coder/index.js';
import { CODER_OPTIONS } from '../lib/reporters/coder/options.js';
import * as jetstream from '../lib/reporters/jetstream/index.js';
import { JETSTREAM_OPTIONS } from '../lib/reporters/jetstream/options.js';
import * as otlp from '../lib/reporters/otlp/index.js';
import { OTLP_OPTIONS } from '../lib/reporters/otlp/options.js';
import { SOCKET_REPORTER_OPTIONS } from '../lib/reporters/socket.js';
import { TEXT_REPORTER_OPTIONS } from '../lib/reporters/text.js';
import * as rules from '../lib/rules/index.js';
import { SENDER_OPTIONS } from '../lib/sender/sender-options.js';
import { CLOSE_OPTIONS, PROXY_OPTIONS, RUN_OPTIONS } from '../lib/server/proxy-options.js';
import { SESSIONS_OPTIONS } from '../lib/server/sessions-options.js';
import { SESSION_AUDIT_OPTIONS } from '../lib/sessions/session-audit.js';
import * as sources from '../lib/sources/jetstream/index.js';
import { JETSTREAM_SOURCE_OPTIONS } from '../lib/sources/jetstream/source-options.js';
import * as spool from '../lib/spool/index.js';
import { SPOOL_OPTIONS } from '../lib/spool/spool-options.js';
import { DEMUX_OPTIONS } from '../lib/streams/demux.js';
import { FRAME_PARSER_OPTIONS } from '../lib/streams/frame-parser.js';
import { LOG_BUFFER_OPTIONS } from '../lib/streams/log-buffer.js';
import { MESSAGE_DECODER_OPTIONS } from '../lib/streams/message-decoder.js';
import { STATUS_SINK_OPTIONS } from '../lib/streams/status-sink.js';
import { logBatch } from './helpers/messages.js';
import { tempPaths } from './helpers/temp.js';

const path = tempPaths();

/** Each kind of value that somebody may pass by mistake. */
const VALUES = {
  undefined: undefined,
  null: null,
  true: true,
  NaN: Number.NaN,
  'a negative number': -1,
  'a fraction': 1.5,
  Infinity: Number.POSITIVE_INFINITY,
  'a number beyond 2^53': 2 ** 53,
  'a bigint': 5n,
  'an empty text': '',
  'a number as a text': '5',
  'a text with NUL': 'a\0b',
  'a symbol': Symbol('s'),
  'an array': [],
  'an empty object': {},
  'an object with an unknown name': { qqq: 1 },
  'a function': () => undefined,
  'a class': class Thing {},
  'a Date': new Date(0),
  'a Map': new Map(),
  'a promise': Promise.resolve(),
  bytes: Uint8Array.of(0x10, 0),
  'a stream': new root.StatusSink(),
};
type Name = keyof typeof VALUES;
const NAMES = Object.keys(VALUES) as Name[];

interface Argument {
  /** Passes a value as this argument. */
  call(value: never): unknown;
  /** Which of the values are right. */
  readonly right?: readonly Name[];
}

const OPTIONAL: Name[] = ['undefined', 'an empty object'];
const TEXTS: Name[] = ['an empty text', 'a number as a text', 'a text with NUL'];
/** Objects without a field that is wrong. */
const OBJECTS: Name[] = ['an empty object', 'an object with an unknown name', 'a stream'];
const TIMES: Name[] = ['a negative number', 'a fraction', 'Infinity', 'a number beyond 2^53'];
/** Streams of Node reject null themselves. */
const NODE: Name[] = ['null'];
/** Streams of bytes reject what is neither bytes nor text. */
const NOT_BYTES = NAMES.filter((name) => name !== 'bytes' && typeof VALUES[name] !== 'string');
const reporter: root.Reporter = { report: () => undefined };
const frame: codec.Frame = { tag: 2, payload: Buffer.alloc(0) };
const batch = new codec.LogBatch(2, 0, Buffer.alloc(0));
const source = new sources.JetStreamSource({ servers: 'nats://127.0.0.1:1' });
const proxy = new root.BoundaryLogProxy({ socketPath: path() });
afterAll(() => proxy.close());

/** Each argument of each public function, constructor and method, by what is exported. */
const ARGUMENTS: Record<string, Record<string, Argument>> = {
  BoundaryLogProxy: {
    options: { call: (value) => new root.BoundaryLogProxy(value), right: OPTIONAL },
    'runForwarder(reporter)': { call: (value) => proxy.runForwarder(value) },
    'runForwarder(, options)': { call: (value) => proxy.runForwarder(reporter, value), right: OPTIONAL },
    'close(options)': { call: (value) => proxy.close(value), right: OPTIONAL },
  },
  BoundaryLogSender: {
    'an event': { call: (value) => errorOf(new root.BoundaryLogSender(), value, 'drop'), right: NODE },
    options: { call: (value) => new root.BoundaryLogSender(value), right: OPTIONAL },
  },
  CaptureDecoder: {
    'decode(chunk)': { call: (value) => new root.CaptureDecoder().decode(value), right: ['bytes'] },
  },
  CoderReporter: { options: { call: (value) => new coder.CoderReporter(value) } },
  JetStreamReporter: { options: { call: (value) => new jetstream.JetStreamReporter(value) } },
  OtlpReporter: { options: { call: (value) => new otlp.OtlpReporter(value) } },
  otlpOptionsOf: { env: { call: (value) => otlp.otlpOptionsOf(value), right: ['undefined', ...OBJECTS] } },
  JetStreamSource: {
    options: { call: (value) => new sources.JetStreamSource(value) },
    'accepted(batch)': { call: (value) => source.accepted(value) },
    'returned(batch)': { call: (value) => source.returned(value) },
    'returned(, delayMs)': {
      call: (value) => source.returned(batch, value),
      right: ['undefined'],
    },
    'rejected(batch)': { call: (value) => source.rejected(value) },
    'rejected(, reason)': { call: (value) => source.rejected(batch, value), right: ['undefined', ...TEXTS] },
    'settleWith(forwarder)': { call: (value) => source.settleWith(value), right: ['a stream'] },
    'deliveries(batch)': { call: (value) => source.deliveries(value) },
  },
  decodeFrame: {
    protocol: { call: (value) => codec.decodeFrame(value, frame) },
    frame: { call: (value) => codec.decodeFrame(codec.boundaryProtocol, value) },
    'frame.tag': { call: (tag) => codec.decodeFrame(codec.boundaryProtocol, { ...frame, tag }) },
    'frame.payload': { call: (payload) => codec.decodeFrame(codec.boundaryProtocol, { ...frame, payload }) },
    'fault.error': { call: (error) => codec.decodeFrame(codec.boundaryProtocol, { error, fatal: true }) },
    'fault.fatal': {
      call: (fatal) => codec.decodeFrame(codec.boundaryProtocol, { error: new Error('x') as never, fatal }),
      right: ['true'],
    },
  },
  decodeFrames: {
    protocol: { call: (value) => codec.decodeFrames(value, [frame]) },
    frames: { call: (value) => codec.decodeFrames(codec.boundaryProtocol, value), right: ['an array'] },
    'one of the frames': { call: (value) => codec.decodeFrames(codec.boundaryProtocol, [frame, value]) },
  },
  decodeMessage: {
    frame: { call: (value) => codec.decodeMessage(value) },
    'frame.tag': { call: (tag) => codec.decodeMessage({ ...frame, tag }) },
    'frame.payload': { call: (payload) => codec.decodeMessage({ ...frame, payload }) },
  },
  Demux: {
    'an outcome': { call: (value) => errorOf(new root.Demux({}), value), right: ['an array', ...NODE] },
    routes: { call: (value) => new root.Demux(value), right: ['an empty object'] },
    'a route': {
      call: (logs) => new root.Demux({ logs }),
      right: ['undefined', 'a function', 'a stream'],
    },
    options: { call: (value) => new root.Demux({}, value), right: OPTIONAL },
    'protocol.tags': {
      call: (tags) => new root.FrameParser({ protocol: { tags } }),
      right: ['an empty object'],
    },
    'protocol.kinds': {
      call: (kinds) => new root.Demux({}, { protocol: { tags: {}, kinds } }),
      right: ['an array'],
    },
    'a tag': { call: (tag) => new root.MessageDecoder({ protocol: { tags: { 5: tag } } }) },
    'maxLength of a tag': {
      call: (maxLength) =>
        new root.MessageDecoder({ protocol: { tags: { 5: { maxLength, decode: () => ({ kind: 'a' }) } } } }),
    },
    'decode of a tag': {
      call: (decode) => new root.MessageDecoder({ protocol: { tags: { 5: { maxLength: 5, decode } } } }),
      right: ['a function'],
    },
  },
  describeOutcome: {
    outcome: { call: (value) => codec.describeOutcome(value) },
    kind: { call: (kind) => codec.describeOutcome({ kind } as never) },
    error: { call: (error) => codec.describeOutcome({ kind: 'skip', error }) },
    count: {
      call: (droppedBatchFull) =>
        codec.describeOutcome({ kind: 'status', droppedChannelFull: 0n, droppedBatchFull }),
      right: ['a bigint'],
    },
  },
  encodeFrame: {
    tag: { call: (value) => codec.encodeFrame(value, Buffer.alloc(0)) },
    payload: { call: (value) => codec.encodeFrame(1, value), right: ['bytes'] },
    maxLength: { call: (value) => codec.encodeFrame(1, Buffer.alloc(0), value), right: ['undefined'] },
  },
  encodeLogs: {
    request: { call: (value) => codec.encodeLogs(value), right: ['an empty object'] },
    tag: { call: (value) => codec.encodeLogs({}, value), right: ['undefined'] },
    sessionId: {
      call: (sessionId) => codec.encodeLogs({ sessionId }),
      right: ['undefined', 'null', ...TEXTS],
    },
    logs: { call: (logs) => codec.encodeLogs({ logs }), right: ['undefined', 'null', 'an array'] },
    'a log': { call: (log) => codec.encodeLogs({ logs: [{}, log] }), right: ['an empty object'] },
    allowed: {
      call: (allowed) => codec.encodeLogs({ logs: [{ allowed }] }),
      right: ['undefined', 'null', 'true'],
    },
    time: {
      call: (time) => codec.encodeLogs({ logs: [{ time }] }),
      right: ['undefined', 'null', 'an empty object'],
    },
    'time.seconds': {
      call: (seconds) => codec.encodeLogs({ logs: [{ time: { seconds } }] }),
      right: ['undefined', 'null', 'a negative number', 'a number beyond 2^53'],
    },
    'time.nanos': {
      call: (nanos) => codec.encodeLogs({ logs: [{ time: { nanos } }] }),
      right: ['undefined', 'null', 'a negative number'],
    },
    httpRequest: {
      call: (httpRequest) => codec.encodeLogs({ logs: [{ httpRequest }] }),
      right: ['undefined', 'null', 'an empty object'],
    },
    'httpRequest.url': {
      call: (url) => codec.encodeLogs({ logs: [{ httpRequest: { url } }] }),
      right: ['undefined', 'null', ...TEXTS],
    },
    sequenceNumber: {
      call: (sequenceNumber) => codec.encodeLogs({ logs: [{ sequenceNumber }] }),
      right: ['undefined', 'null', 'a negative number'],
    },
    $unknowns: {
      call: ($unknowns) => codec.encodeLogs({ $unknowns }),
      right: ['undefined', 'null', 'an array'],
    },
    'one of the $unknowns': { call: (field) => codec.encodeLogs({ $unknowns: [field] }), right: ['bytes'] },
  },
  encodeRawLogs: {
    raw: { call: (value) => codec.encodeRawLogs(value), right: ['bytes'] },
    tag: { call: (value) => codec.encodeRawLogs(Buffer.alloc(0), value), right: ['undefined'] },
  },
  encodeStatus: {
    status: { call: (value) => codec.encodeStatus(value), right: ['an empty object'] },
    kind: { call: (kind) => codec.encodeStatus({ kind } as never), right: ['undefined'] },
    droppedBatchFull: {
      call: (droppedBatchFull) => codec.encodeStatus({ droppedBatchFull }),
      right: ['undefined', 'a negative number', 'a number beyond 2^53', 'a bigint'],
    },
    $unknowns: {
      call: ($unknowns) => codec.encodeStatus({ $unknowns }),
      right: ['undefined', 'null', 'an array'],
    },
  },
  encodeUnknownFields: {
    message: {
      call: (value) => codec.encodeUnknownFields(value),
      right: ['an empty object', 'an object with an unknown name', 'a stream'],
    },
    $unknowns: {
      call: ($unknowns) => codec.encodeUnknownFields({ $unknowns }),
      right: ['undefined', 'an array'],
    },
  },
  eventsOf: { batch: { call: (value) => root.eventsOf(value) } },
  formatBatch: {
    batch: { call: (value) => root.formatBatch(value, 'json') },
    format: { call: (value) => root.formatBatch(logBatch(1), value) },
    options: { call: (value) => root.formatBatch(logBatch(1), 'json', value), right: OPTIONAL },
    'options.color': {
      call: (color) => root.formatBatch(logBatch(1), 'pretty', { color }),
      right: ['undefined', 'true'],
    },
  },
  Forwarder: {
    'a batch': { call: (value) => errorOf(new root.Forwarder(reporter), value), right: NODE },
    reporter: { call: (value) => new root.Forwarder(value) },
    options: { call: (value) => new root.Forwarder(reporter, value), right: OPTIONAL },
    'stop(graceMs)': { call: (value) => new root.Forwarder(reporter).stop(value) },
  },
  FrameDecoder: {
    protocol: { call: (value) => new codec.FrameDecoder(value), right: ['undefined'] },
    'decode(chunk)': { call: (value) => new codec.FrameDecoder().decode(value), right: ['bytes'] },
    'decode(, maxFrames)': {
      call: (value) => new codec.FrameDecoder().decode(Buffer.alloc(4), value),
      right: ['undefined', 'Infinity', 'a number beyond 2^53'],
    },
  },
  FrameParser: {
    'a chunk': {
      call: (value) => errorOf(new root.FrameParser(), value),
      right: ['bytes', ...NOT_BYTES],
    },
    options: { call: (value) => new root.FrameParser(value), right: OPTIONAL },
  },
  LogBatch: {
    tag: { call: (value) => new root.LogBatch(value, 0, Buffer.alloc(0)) },
    count: { call: (value) => new root.LogBatch(1, value, Buffer.alloc(0)), right: ['a number beyond 2^53'] },
    raw: { call: (value) => new root.LogBatch(1, 0, value), right: ['bytes'] },
  },
  LogBuffer: {
    'a batch': { call: (value) => errorOf(new root.LogBuffer(), value), right: NODE },
    'a batch of a sender': { call: (value) => errorOf(new root.LogBuffer().sender(), value), right: NODE },
    options: { call: (value) => new root.LogBuffer(value), right: OPTIONAL },
  },
  redact: { options: { call: (value) => root.redact(value), right: OPTIONAL } },
  logOf: { event: { call: (value) => root.logOf(value) } },
  MessageDecoder: {
    'a frame': { call: (value) => errorOf(new root.MessageDecoder(), value), right: ['an array', ...NODE] },
    options: { call: (value) => new root.MessageDecoder(value), right: OPTIONAL },
  },
  MessageEncoder: {
    options: { call: (value) => new root.MessageEncoder(value), right: OPTIONAL },
    'a message': { call: (value) => errorOf(new root.MessageEncoder(), value), right: NODE },
    'kind of a message': { call: (kind) => errorOf(new root.MessageEncoder(), { kind, request: {} }) },
    'request of a message': {
      call: (request) => errorOf(new root.MessageEncoder(), { kind: 'logs', request }),
      right: ['an empty object'],
    },
    'raw of a message': {
      call: (raw) => errorOf(new root.MessageEncoder(), { kind: 'logs', raw }),
      right: ['bytes'],
    },
  },
  matchesRule: {
    rule: { call: (value) => rules.matchesRule(value, {}) },
    event: { call: (value) => rules.matchesRule(rules.parseRule(''), value), right: OBJECTS },
    'event.http_url': {
      call: (http_url) => rules.matchesRule(rules.parseRule(''), { http_url }),
      right: ['undefined', ...TEXTS],
    },
  },
  parseRule: { text: { call: (value) => rules.parseRule(value), right: ['an empty text'] } },
  ruleFor: {
    event: { call: (value) => rules.ruleFor(value), right: OBJECTS },
    by: { call: (value) => rules.ruleFor({}, value), right: ['undefined'] },
  },
  RuleSuggester: {
    by: { call: (value) => new rules.RuleSuggester(value), right: ['undefined'] },
    'add(event)': { call: (value) => new rules.RuleSuggester().add(value), right: OBJECTS },
  },
  suggestRules: {
    events: { call: (value) => rules.suggestRules(value), right: ['an array', 'a Map'] },
    'one of the events': { call: (value) => rules.suggestRules([value]), right: OBJECTS },
    by: { call: (value) => rules.suggestRules([], value), right: ['undefined'] },
  },
  SocketReporter: { options: { call: (value) => new root.SocketReporter(value) } },
  SessionAudit: {
    options: { call: (value) => new root.SessionAudit(value) },
    ledger: { call: (ledger) => new root.SessionAudit({ ledger }) },
  },
  SessionLedger: {
    options: { call: (value) => new root.SessionLedger(value), right: OPTIONAL },
    maxSessions: {
      call: (maxSessions) => new root.SessionLedger({ maxSessions }),
      right: ['undefined'],
    },
    maxRanges: { call: (maxRanges) => new root.SessionLedger({ maxRanges }), right: ['undefined'] },
    onEnd: {
      call: (onEnd) => new root.SessionLedger({ onEnd }),
      right: ['undefined', 'a function'],
    },
    'receive(batch)': { call: (value) => new root.SessionLedger().receive(value, 0) },
    'receive(, at)': {
      call: (value) => new root.SessionLedger().receive(logBatch(1), value),
      right: TIMES,
    },
    'drop(batch)': { call: (value) => new root.SessionLedger().drop(value, 'shutdown', 0) },
    'drop(, reason)': {
      call: (value) => new root.SessionLedger().drop(logBatch(1), value, 0),
      right: TEXTS,
    },
    'drop(, , at)': {
      call: (value) => new root.SessionLedger().drop(logBatch(1), 'shutdown', value),
      right: TIMES,
    },
    'loseBySender(sessionId)': {
      call: (value) => new root.SessionLedger().loseBySender(value, 1, 0),
      right: TEXTS,
    },
    'loseBySender(, count)': { call: (value) => new root.SessionLedger().loseBySender('a', value, 0) },
    'loseBySender(, , at)': {
      call: (value) => new root.SessionLedger().loseBySender('a', 1, value),
      right: TIMES,
    },
    'closeIdle(now)': { call: (value) => new root.SessionLedger().closeIdle(value, 1), right: TIMES },
    'closeIdle(, idleMs)': {
      call: (value) => new root.SessionLedger().closeIdle(0, value),
      right: ['a fraction', 'Infinity', 'a number beyond 2^53'],
    },
  },
  SpoolBuffer: {
    'a batch': {
      call: (value) => errorOf(new spool.SpoolBuffer({ folder: path() }, 'drop', silent), value),
      right: NODE,
    },
    options: { call: (value) => new spool.SpoolBuffer(value, 'drop', silent) },
    overflow: { call: (value) => new spool.SpoolBuffer({ folder: path() }, value, silent) },
    logger: { call: (value) => new spool.SpoolBuffer({ folder: path() }, 'drop', value) },
    disk: {
      call: (value) => new spool.SpoolBuffer({ folder: path() }, 'drop', silent, value),
      right: ['undefined'],
    },
  },
  StatusReport: {
    droppedChannelFull: { call: (value) => new codec.StatusReport(value, 0n), right: ['a bigint'] },
    droppedBatchFull: { call: (value) => new codec.StatusReport(0n, value), right: ['a bigint'] },
  },
  StatusSink: {
    'a report': { call: (value) => errorOf(new root.StatusSink(), value), right: NODE },
    'a count of a report': {
      call: (count) =>
        errorOf(new root.StatusSink(), { kind: 'status', droppedChannelFull: count, droppedBatchFull: 0n }),
      right: ['a bigint'],
    },
    options: { call: (value) => new root.StatusSink(value), right: OPTIONAL },
  },
  TextReporter: { options: { call: (value) => new root.TextReporter(value), right: OPTIONAL } },
  toEvent: {
    event: { call: (value) => root.toEvent(value) },
    decision: { call: (decision) => root.toEvent({ decision }) },
    http_url: {
      call: (http_url) => root.toEvent({ decision: 'deny', http_url }),
      right: ['undefined', 'null', ...TEXTS],
    },
    sequence_number: {
      call: (sequence_number) => root.toEvent({ decision: 'deny', sequence_number }),
      right: ['undefined', 'null', 'a negative number'],
    },
    event_time: {
      call: (event_time) => root.toEvent({ decision: 'deny', event_time }),
      right: ['undefined', 'null'],
    },
  },
};

/** What is exported and rejects nothing, and why. */
const EXEMPT: Record<string, string> = {
  CaptureReader: 'it has no options, and reports bad bytes as a fault',
  CaptureWriter: 'it has no options, and rejects a bad record with ERR_INVALID_CAPTURE',
  encodeCaptureRecord: 'it rejects a bad record with ERR_INVALID_CAPTURE',
  BoundaryLogError: 'an error must not fail while it is being created',
  defaultSocketPath: 'it has no arguments',
  verdictOf: 'a report comes from a ledger, or from its JSON',
};

/** The error with which a stream fails, or that it emits with a `drop`, after a write. */
function errorOf(stream: NodeJS.WritableStream, value: unknown, event = 'error'): Promise<never> {
  return new Promise((_resolve, reject) => {
    stream.on(event, (...args) => reject(args.find((arg) => arg instanceof Error)));
    stream.write(value as never);
  });
}

/** The error of a call, which throws or rejects. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

const CODE = expect.stringMatching(/^ERR_INVALID_(OPTION|EVENT)$/);
/** What was wrong, and what is right. */
const MESSAGE = expect.stringMatching(/got .+, expected /);

/** Whether an error says what was wrong. */
const isRejection = (error: unknown) =>
  error instanceof codec.BoundaryLogError &&
  /^ERR_INVALID_(OPTION|EVENT)$/.test(error.code) &&
  /got .+, expected /.test(error.message);

describe.each(Object.entries(ARGUMENTS))('%s', (_name, args) => {
  test.each(Object.entries(args))(
    '%s: rejects what it cannot use',
    async (_argument, { call, right = [] }) => {
      const rejected: string[] = [];
      for (const name of NAMES) {
        if (right.includes(name)) continue;
        if (isRejection(await failureOf(() => call(VALUES[name] as never)))) rejected.push(name);
      }
      expect([...rejected, ...right].sort()).toEqual([...NAMES].sort());
    },
  );
});

test.each(NOT_BYTES)('a stream of bytes itself rejects %s', async (name) => {
  const error = await failureOf(() => errorOf(new root.FrameParser(), VALUES[name]));
  expect(error).toBeInstanceOf(TypeError);
});

test('every exported function and class has its rows, or a reason to have none', () => {
  const exported = [root, codec, coder, jetstream, otlp, sources, rules, spool].flatMap((entry) =>
    Object.entries(entry).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
  );
  expect([...Object.keys(ARGUMENTS), ...Object.keys(EXEMPT)].sort()).toEqual([...new Set(exported)].sort());
});

const stream = { write: () => true, on: () => undefined };
const TABLES: [
  name: string,
  table: Readonly<Record<string, OptionRow>>,
  make: (options: never) => unknown,
][] = [
  ['BoundaryLogProxy', PROXY_OPTIONS, (options) => new root.BoundaryLogProxy(options)],
  ['runForwarder', RUN_OPTIONS, (options) => proxy.runForwarder(reporter, options)],
  ['close', CLOSE_OPTIONS, (options) => proxy.close(options)],
  ['BoundaryLogSender', SENDER_OPTIONS, (options) => new root.BoundaryLogSender(options)],
  [
    'CoderReporter',
    CODER_OPTIONS,
    (options) => new coder.CoderReporter({ url: 'http://127.0.0.1:1', token: 't', ...(options as object) }),
  ],
  [
    'JetStreamReporter',
    JETSTREAM_OPTIONS,
    (options) => new jetstream.JetStreamReporter({ servers: 'nats://127.0.0.1:1', ...(options as object) }),
  ],
  [
    'JetStreamSource',
    JETSTREAM_SOURCE_OPTIONS,
    (options) => new sources.JetStreamSource({ servers: 'nats://127.0.0.1:1', ...(options as object) }),
  ],
  ['Demux', DEMUX_OPTIONS, (options) => new root.Demux({}, options)],
  ['Forwarder', FORWARDER_OPTIONS, (options) => new root.Forwarder(reporter, options)],
  ['Forwarder: retry', RETRY_OPTIONS, (retry) => new root.Forwarder(reporter, { retry })],
  ['FrameParser', FRAME_PARSER_OPTIONS, (options) => new root.FrameParser(options)],
  ['LogBuffer', LOG_BUFFER_OPTIONS, (options) => new root.LogBuffer(options)],
  ['MessageDecoder', MESSAGE_DECODER_OPTIONS, (options) => new root.MessageDecoder(options)],
  [
    'OtlpReporter',
    OTLP_OPTIONS,
    (options) => new otlp.OtlpReporter({ url: 'http://127.0.0.1:1', ...(options as object) }),
  ],
  ['redact', REDACT_OPTIONS, (options) => root.redact(options)],
  [
    'SocketReporter',
    SOCKET_REPORTER_OPTIONS,
    (options) => new root.SocketReporter({ path: path(), ...(options as object) }),
  ],
  ['sessions', SESSIONS_OPTIONS, (sessions) => new root.BoundaryLogProxy({ sessions })],
  [
    'SessionAudit',
    SESSION_AUDIT_OPTIONS,
    (options) => new root.SessionAudit({ ledger: new root.SessionLedger(), ...(options as object) }),
  ],
  [
    'SpoolBuffer',
    SPOOL_OPTIONS,
    (options) => new spool.SpoolBuffer({ folder: path(), ...(options as object) }, 'drop', silent),
  ],
  [
    'spool of a BoundaryLogProxy',
    SPOOL_OPTIONS,
    (options) => new root.BoundaryLogProxy({ spool: { folder: path(), ...(options as object) } }),
  ],
  ['StatusSink', STATUS_SINK_OPTIONS, (options) => new root.StatusSink(options)],
  [
    'TextReporter',
    TEXT_REPORTER_OPTIONS,
    (options) => new root.TextReporter({ stream, ...(options as object) }),
  ],
];

/** What the token of Coder accepts; its error must not show the value, so its row accepts everything. */
const RIGHT_TOKENS: Name[] = ['a number as a text', 'a function'];

describe.each(TABLES)('the options of %s', (_name, table, make) => {
  /** The values that an option must reject. */
  const wrongFor = (option: string) => {
    if (option === 'token')
      return NAMES.filter((name) => name !== 'undefined' && !RIGHT_TOKENS.includes(name));
    return NAMES.filter((name) => name !== 'undefined' && !table[option]?.accepts(VALUES[name]));
  };

  test.each(Object.keys(table))('%s: rejects what it cannot use', async (option) => {
    for (const name of wrongFor(option)) {
      const error = await failureOf(() => make({ [option]: VALUES[name] } as never));
      expect([name, error]).toMatchObject([name, { code: 'ERR_INVALID_OPTION', message: MESSAGE }]);
      expect((error as Error).message).toContain(`${option}: got `);
    }
  });

  test('each option rejects most kinds of values', () => {
    for (const option of Object.keys(table)) expect(wrongFor(option).length).toBeGreaterThanOrEqual(12);
  });

  test.each(Object.keys(table))(
    'a wrong name near %s is rejected, and the message names the right one',
    async (option) => {
      const wrong = `${option.slice(0, 2)}_${option.slice(2)}`;
      const error = await failureOf(() => make({ [wrong]: undefined } as never));
      expect(error).toMatchObject({ code: 'ERR_INVALID_OPTION' });
      expect((error as Error).message).toContain(`got the unknown option "${wrong}", expected `);
      expect((error as Error).message).toMatch(new RegExp(`: did you mean ${option}\\?$`));
    },
  );
});

test.each<[what: string, call: () => unknown, message: string]>([
  ['a route with a wrong name', () => new root.Demux({ log: () => 1 } as never), 'did you mean logs?'],
  [
    'socket for socketPath',
    () => new root.BoundaryLogProxy({ socket: '/x' } as never),
    'did you mean socketPath?',
  ],
  ['maxBatch for maxBatches', () => new root.LogBuffer({ maxBatch: 5 } as never), 'did you mean maxBatches?'],
  [
    'timeout for frameTimeout',
    () => new root.BoundaryLogProxy({ timeout: 5 } as never),
    'did you mean frameTimeout?',
  ],
  [
    'an option of Node',
    () => new root.FrameParser({ highWaterMark: 5 } as never),
    'expected protocol, perChunk',
  ],
  ['snake_case', () => codec.encodeLogs({ session_id: 'a' } as never), 'did you mean sessionId?'],
  [
    'snake_case in a log',
    () => codec.encodeLogs({ logs: [{}, { http_request: {} }] } as never),
    'logs[1]: got the unknown field "http_request", expected allowed, time, httpRequest, sequenceNumber: did you mean httpRequest?',
  ],
  [
    'a Date as time',
    () => codec.encodeLogs({ logs: [{ time: new Date() }] } as never),
    'logs[0].time: got a Date, expected an object with seconds, nanos',
  ],
  [
    'nanos beyond int32',
    () => codec.encodeLogs({ logs: [{ time: { nanos: 5e9 } }] }),
    'logs[0].time.nanos: got 5000000000, expected a whole number from -2147483648 to 2147483647',
  ],
  [
    'camelCase in an event',
    () => root.logOf({ decision: 'deny', httpUrl: 'x' } as never),
    'did you mean http_url?',
  ],
  [
    'no reporter',
    () => (proxy.runForwarder as () => unknown)(),
    'reporter: got undefined, expected an object with report',
  ],
  [
    'a class as a reporter',
    () => new root.Forwarder(root.TextReporter as never),
    'reporter: got the class TextReporter, expected an object with report',
  ],
  [
    'a controller for a signal',
    () => proxy.runForwarder(reporter, { signal: new AbortController() as never }),
    'signal: got an AbortController, expected an AbortSignal',
  ],
  [
    'a stream of bytes as a route',
    () => new root.Demux({ logs: new root.FrameParser() as never }),
    'logs: got a FrameParser, expected a function, or a Writable in object mode',
  ],
  [
    'a custom kind without its protocol',
    () => new root.Demux({ reading: () => 1 } as never),
    'got the unknown route "reading", expected logs, status, unknown-variant, skip, close',
  ],
  [
    'a property of a tag with a wrong name',
    () => new root.FrameParser({ protocol: { tags: { 5: { maxlen: 5 } } } as never }),
    'protocol.tags[5]: got the unknown property "maxlen", expected maxLength, decode: did you mean maxLength?',
  ],
  [
    'a value whose name cannot be read',
    () =>
      new root.LogBuffer({
        maxBatches: new Proxy(
          {},
          {
            get: () => {
              throw new Error('no');
            },
          },
        ) as never,
      }),
    'maxBatches: got an object, expected a whole number of at least 1',
  ],
  [
    'a name with control characters',
    () => new root.LogBuffer({ 'a\n\u001b[31m': 5 } as never),
    'got the unknown option "a\\n\\u001b[31m", expected',
  ],
  [
    'a very long name',
    () => new root.LogBuffer({ ['x'.repeat(1e6)]: 5 } as never),
    `"${'x'.repeat(100)}"…, expected`,
  ],
])('%s: the message says what is right', async (_what, call, message) => {
  const error = await failureOf(call);
  expect(error).toMatchObject({ code: CODE, message: expect.stringContaining(message) });
});

describe('what decode returns, encode accepts', () => {
  test('with unknown fields, at each level, unchanged', () => {
    const unknown = Buffer.from('a20602beef', 'hex');
    const first = codec.encodeLogs({
      sessionId: 's',
      $unknowns: [unknown],
      logs: [
        {
          time: { seconds: 1, $unknowns: [unknown] },
          httpRequest: { $unknowns: [unknown] },
          $unknowns: [unknown],
        },
      ],
    });
    const batch = codec.decodeMessage({ tag: 2, payload: first.subarray(4) }) as root.LogBatch;
    expect(batch.request.logs[0]?.time?.$unknowns).toEqual([unknown]);
    expect(codec.encodeLogs(batch.request)).toEqual(first);
  });

  test('a status, as an outcome and with unknown fields', () => {
    const unknown = Buffer.from('a20602beef', 'hex');
    const payload = codec.encodeStatus({ droppedBatchFull: 3, $unknowns: [unknown] }).subarray(4);
    expect(payload.includes(unknown)).toBe(true);
    const status = codec.decodeMessage({ tag: 2, payload }) as root.StatusReport;
    expect(codec.decodeMessage({ tag: 2, payload: codec.encodeStatus(status).subarray(4) })).toEqual(status);
  });
});
