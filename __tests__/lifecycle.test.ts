import { getEventListeners, once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Counter, Registry } from 'prom-client';
import * as codec from '../codec/index.js';
import * as root from '../lib/index.js';
import {
  BoundaryLogProxy,
  type BoundaryLogProxyOptions,
  BoundaryLogSender,
  CaptureReader,
  CaptureWriter,
  Demux,
  encodeCaptureRecord,
  Forwarder,
  FrameParser,
  type LogBatch,
  LogBuffer,
  MessageDecoder,
  MessageEncoder,
  nullReporter,
  redact,
  SessionAudit,
  SessionLedger,
  SocketReporter,
  StatusSink,
  TextReporter,
} from '../lib/index.js';
import { silent } from '../lib/logger.js';
import * as coder from '../lib/reporters/coder/index.js';
import { CoderReporter } from '../lib/reporters/coder/index.js';
import * as jetstream from '../lib/reporters/jetstream/index.js';
import { JetStreamReporter } from '../lib/reporters/jetstream/index.js';
import * as otlp from '../lib/reporters/otlp/index.js';
import { OtlpReporter } from '../lib/reporters/otlp/index.js';
import * as rules from '../lib/rules/index.js';
import { openListener } from '../lib/server/listener/open-listener.js';
import * as sources from '../lib/sources/jetstream/index.js';
import { JetStreamSource } from '../lib/sources/jetstream/index.js';
import * as spool from '../lib/spool/index.js';
import { SpoolBuffer } from '../lib/spool/index.js';
import { logBatch, logsFrame } from './helpers/messages.js';
import { type Call, drive, openResources, ordersOf, type Subject } from './helpers/orders.js';
import { tempPaths } from './helpers/temp.js';
import { until } from './helpers/until.js';

const path = tempPaths();

/** How many calls there are at most in one order. */
const LENGTH = 3;

/** What nobody has handled: promises that reject, and warnings, such as about a leak of listeners. */
const unhandled: unknown[] = [];
const note = (problem: unknown) => unhandled.push(problem);
beforeEach(() => {
  process.on('unhandledRejection', note).on('warning', note);
});
afterEach(() => {
  process.off('unhandledRejection', note).off('warning', note);
  expect(unhandled.splice(0)).toEqual([]);
});

/** Errors of Node's own streams about a write or an end that comes too late. */
const STREAM = ['ERR_STREAM_WRITE_AFTER_END', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_ALREADY_FINISHED'];

/** Writes, and notes the error as the result of the write. */
const write = (stream: NodeJS.WritableStream, value: unknown) => () =>
  new Promise<void>((resolve, reject) => {
    stream.write(value as never, ((error?: Error) => (error ? reject(error) : resolve())) as never);
  });
const closed = (stream: { readonly closed: boolean; destroy(): unknown }) => () => {
  stream.destroy();
  return until('the stream is closed', () => stream.closed);
};
/** The methods that every Writable has. A stream emits its error, which the result of the call contains as well. */
const writing = (stream: Writable, value: unknown) => {
  stream.on('error', () => undefined);
  return {
    write: write(stream, value),
    end: () => void stream.end(),
    destroy: () => void stream.destroy(),
  };
};

interface Row {
  /** What is exported, and tried here. */
  readonly exported: readonly string[];
  make(): Subject | Promise<Subject>;
  /** The codes that calls may fail with, by method. */
  readonly fails: Readonly<Record<string, readonly string[]>>;
}

const registry = new Registry();
new Counter({ name: 'mine_total', help: 'mine', registers: [registry] });
const signal = new AbortController().signal;

/** A proxy with what a program shares with it. */
function proxyOf(options: BoundaryLogProxyOptions = {}): Subject {
  const socketPath = path();
  const proxy = new BoundaryLogProxy({ socketPath, registry, ...options });
  return {
    methods: {
      start: () => proxy.start(),
      run: () => proxy.runForwarder(nullReporter, { signal }),
      close: () => proxy.close(),
      dispose: () => proxy[Symbol.asyncDispose](),
      look: () => [proxy.accounts(), proxy.health()],
    },
    end: () => proxy.close(),
    async check(calls) {
      expect(await registry.metrics()).toMatch(
        /^# HELP mine_total mine\n# TYPE mine_total counter\nmine_total 0\n$/,
      );
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      expect([existsSync(socketPath), existsSync(`${socketPath}.control`)]).toEqual([false, false]);
      const firstClose = calls.findIndex(({ method }) => method === 'close' || method === 'dispose');
      for (const [i, { method, result }] of calls.entries()) {
        if (method === 'start')
          expect(result).toBe(firstClose !== -1 && i > firstClose ? 'ERR_CLOSED' : 'ok');
      }
    },
  };
}
const PROXY = {
  exported: ['BoundaryLogProxy', 'nullReporter'],
  fails: { start: ['ERR_CLOSED'], run: ['ERR_FORWARDER_RUNNING'], close: [], dispose: [], look: [] },
};

/** A stream that a Demux or a reporter shares with others. It is slow, so that others wait for it. */
const slowStream = () =>
  new Writable({
    objectMode: true,
    highWaterMark: 1,
    write: (_value, _encoding, callback) => void setImmediate(callback),
  });

const ROWS: Record<string, Row> = {
  'a proxy': { ...PROXY, make: () => proxyOf() },
  'a proxy with a spool and a control socket': {
    ...PROXY,
    make: () => {
      const folder = path();
      const proxy = proxyOf({ spool: { folder }, onReplace: () => undefined });
      return {
        ...proxy,
        check: async (calls) => {
          await proxy.check?.(calls);
          expect(locksIn(folder)).toEqual([]);
        },
      };
    },
  },
  'a listener': {
    exported: [],
    fails: { close: [], finish: [], look: [] },
    async make() {
      const socketPath = path();
      const listener = await openListener(
        {
          ...{ socketPath, socketMode: 0o600, socketGroup: undefined, socketFd: undefined, spool: undefined },
          ...{ replace: false, onReplace: () => undefined, logger: silent },
        },
        undefined,
        { connection: (socket: Socket) => socket.destroy(), error: () => undefined, fault: () => undefined },
      );
      return {
        methods: {
          close: () => listener.close(),
          finish: () => listener.finish?.(),
          look: () => listener.hasFile,
        },
        end: async () => {
          await listener.close();
          await listener.finish?.();
        },
        check: () =>
          expect([existsSync(socketPath), existsSync(`${socketPath}.control`)]).toEqual([false, false]),
      };
    },
  },
  'a Forwarder': {
    exported: ['Forwarder', 'LogBatch'],
    fails: { write: [...STREAM, 'ERR_CLOSED'], end: STREAM, destroy: [], stop: [], pipe: [] },
    make() {
      const ends = new Map<LogBatch, number>();
      const count = (batch: LogBatch) => ends.set(batch, (ends.get(batch) ?? 0) + 1);
      const accepted: LogBatch[] = [];
      const forwarder = new Forwarder({
        report: (batch) => {
          accepted.push(batch);
          return new Promise((resolve) => setImmediate(resolve));
        },
      });
      forwarder.on('forward', count).on('drop', count);
      const source = new PassThrough({ objectMode: true });
      return {
        methods: {
          ...writing(forwarder, undefined),
          write: () => write(forwarder, logBatch(1))(),
          stop: async () => {
            for (const batch of await forwarder.stop(1000)) count(batch);
          },
          pipe: () => {
            source.pipe(forwarder);
            source.unpipe(forwarder);
          },
        },
        shared: [source],
        end: closed(forwarder),
        check: () => {
          // Each batch is forwarded, dropped or returned, and that once.
          expect(accepted.filter((batch) => !ends.has(batch))).toEqual([]);
          expect([...ends.values()].filter((n) => n !== 1)).toEqual([]);
        },
      };
    },
  },
  'a LogBuffer': {
    exported: ['LogBuffer'],
    fails: {
      write: STREAM,
      end: STREAM,
      destroy: [],
      shutdown: [],
      read: [],
      send: [...STREAM, 'ERR_ROUTE_CLOSED'],
    },
    make() {
      const buffer = new LogBuffer({ maxBatches: 1, overflow: 'block' });
      let dropped = 0;
      let seen = 0;
      buffer.on('drop', () => dropped++).on('error', () => undefined);
      const sender = buffer.sender().on('error', () => undefined);
      return {
        methods: {
          ...writing(buffer, undefined),
          write: () => void buffer.write(logBatch(1)),
          send: () => void sender.write(logBatch(1)),
          shutdown: () => buffer.shutdown(),
          read: () => {
            if (buffer.read() !== null) seen++;
          },
        },
        shared: [],
        end: async () => {
          await closed(sender)();
          expect(buffer.listenerCount('drain')).toBe(0);
          await closed(buffer)();
        },
        check: () => expect(buffer.received.batches).toBe(dropped + seen + buffer.held.batches),
      };
    },
  },
  'a SpoolBuffer': {
    exported: ['SpoolBuffer'],
    fails: {
      ...{ open: ['ERR_CLOSED'], lock: ['ERR_CLOSED'], write: STREAM, end: STREAM },
      ...{ read: [], shutdown: [], close: [], destroy: [] },
    },
    make() {
      const folder = path();
      const buffer = new SpoolBuffer({ folder }, 'drop', silent);
      return {
        methods: {
          ...writing(buffer, undefined),
          open: () => buffer.open(),
          lock: () => buffer.lock(),
          write: () => void buffer.write(logBatch(1)),
          read: () => {
            const batch: LogBatch | null = buffer.read();
            if (batch === null) return;
            buffer.ack(batch);
            buffer.ack(batch);
          },
          shutdown: () => buffer.shutdown(),
          close: () => buffer.close(),
        },
        end: async () => {
          // After destroy() nothing else need be called.
          if (!buffer.destroyed) await buffer.close();
          await until('it is closed', () => buffer.closed);
        },
        check: () => expect(locksIn(folder)).toEqual([]),
      };
    },
  },
  'a FrameParser': {
    exported: ['FrameParser', 'FrameDecoder'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [] },
    make: () => {
      const parser = new FrameParser();
      return {
        methods: { ...writing(parser, logsFrame(1)), resume: () => void parser.resume() },
        end: closed(parser),
      };
    },
  },
  'a MessageDecoder': {
    exported: ['MessageDecoder'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [] },
    make: () => {
      const decoder = new MessageDecoder();
      const [frame] = new codec.FrameDecoder().decode(logsFrame(1));
      return {
        methods: { ...writing(decoder, frame), resume: () => void decoder.resume() },
        end: closed(decoder),
      };
    },
  },
  'a SessionAudit': {
    exported: ['SessionAudit', 'SessionLedger'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [], close: [] },
    make: () => {
      const ledger = new SessionLedger();
      const audit = new SessionAudit({ ledger });
      return {
        methods: {
          ...writing(audit, logBatch(1)),
          resume: () => void audit.resume(),
          close: () => ledger.closeAll(),
        },
        end: closed(audit),
      };
    },
  },
  'a redactor': {
    exported: ['redact'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [] },
    make: () => {
      const redactor = redact();
      return {
        methods: { ...writing(redactor, logBatch(1)), resume: () => void redactor.resume() },
        end: closed(redactor),
      };
    },
  },
  'a MessageEncoder': {
    exported: ['MessageEncoder'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [], drop: STREAM },
    make: () => {
      const encoder = new MessageEncoder().on('drop', () => undefined);
      return {
        methods: {
          ...writing(encoder, { kind: 'status' }),
          drop: write(encoder, { kind: 'nothing' }),
          resume: () => void encoder.resume(),
        },
        end: closed(encoder),
      };
    },
  },
  'a CaptureReader': {
    exported: ['CaptureReader', 'CaptureDecoder'],
    fails: { write: STREAM, end: STREAM, destroy: [], resume: [] },
    make: () => {
      const reader = new CaptureReader();
      const start = encodeCaptureRecord({ kind: 'start', startedAt: 0 });
      return {
        methods: { ...writing(reader, start), resume: () => void reader.resume() },
        end: closed(reader),
      };
    },
  },
  'a CaptureWriter': {
    exported: ['CaptureWriter'],
    // The second one is not the first record of a capture.
    fails: { write: [...STREAM, 'ERR_INVALID_CAPTURE'], end: STREAM, destroy: [], resume: [] },
    make: () => {
      const writer = new CaptureWriter();
      return {
        methods: {
          ...writing(writer, { kind: 'start', startedAt: 0 }),
          resume: () => void writer.resume(),
        },
        end: closed(writer),
      };
    },
  },
  'a Demux with a slow stream': {
    exported: ['Demux'],
    fails: {
      ...{ write: [...STREAM, 'ERR_CLOSED'], many: [...STREAM, 'ERR_CLOSED'] },
      ...{ end: STREAM, destroy: [] },
    },
    make: () => {
      const route = slowStream();
      const demux = new Demux({ logs: route });
      return {
        methods: {
          ...writing(demux, logBatch(1)),
          many: write(demux, [logBatch(1), logBatch(1), logBatch(1)]),
        },
        shared: [route],
        end: closed(demux),
        check: () => expect([route.destroyed, route.writableEnded]).toEqual([false, false]),
      };
    },
  },
  'a Demux with functions that are asynchronous and may reject': {
    exported: [],
    fails: {
      write: [...STREAM, 'EROUTE', 'ERR_CLOSED'],
      reject: [...STREAM, 'EROUTE', 'ERR_CLOSED'],
      end: [...STREAM, 'EROUTE', 'ERR_CLOSED'],
      destroy: [],
    },
    make: () => {
      const failure = Object.assign(new Error('not this one'), { code: 'EROUTE' });
      const demux = new Demux({
        logs: () => new Promise((resolve) => setImmediate(resolve)),
        status: () => new Promise((_resolve, reject) => setImmediate(reject, failure)),
      });
      return {
        methods: {
          ...writing(demux, logBatch(1)),
          reject: write(demux, { kind: 'status', droppedChannelFull: 1n, droppedBatchFull: 0n }),
        },
        end: closed(demux),
      };
    },
  },
  'a RuleSuggester': {
    exported: ['RuleSuggester'],
    fails: { add: [], suggestions: [] },
    make: () => {
      const suggester = new rules.RuleSuggester();
      let added = 0;
      const add = () => {
        suggester.add({ http_method: 'GET', http_url: `https://a.example/${added++}` });
      };
      const suggested = () => suggester.suggestions().rules.reduce((sum, { events }) => sum + events, 0);
      return {
        methods: { add, suggestions: suggested },
        end: () => undefined,
        check: () => expect(suggested()).toBe(added),
      };
    },
  },
  'a StatusSink': {
    exported: ['StatusSink'],
    fails: { write: STREAM, end: STREAM, destroy: [] },
    make: () => {
      const sink = new StatusSink();
      const report = { kind: 'status', droppedChannelFull: 1n, droppedBatchFull: 0n };
      return { methods: writing(sink, report), end: closed(sink) };
    },
  },
  'a TextReporter': {
    exported: ['TextReporter'],
    fails: { report: ['ENOSPC', ...STREAM], fail: ['ENOSPC', ...STREAM], close: [], look: [] },
    make: () => {
      let isFull = false;
      const stream = new Writable({
        write: (_text, _encoding, callback) =>
          void setImmediate(callback, isFull ? Object.assign(new Error('full'), { code: 'ENOSPC' }) : null),
      });
      const reporter = new TextReporter({ stream });
      const report = () => reporter.report(logBatch(1));
      return {
        methods: {
          report,
          fail: () => {
            isFull = true;
            return report();
          },
          close: () => void stream.destroy(),
          look: () => stream.listenerCount('error'),
        },
        shared: [stream],
        end: () => undefined,
      };
    },
  },
  'a CoderReporter': {
    exported: ['CoderReporter'],
    fails: { report: ['ERR_CLOSED', 'ERR_CONNECT_FAILED'], close: [] },
    make: () => {
      // Nobody listens there.
      const reporter = new CoderReporter({ url: 'http://127.0.0.1:1', token: 'token' });
      return {
        methods: {
          report: () => reporter.report(logBatch(1), { signal }),
          close: () => reporter.close(),
        },
        end: () => reporter.close(),
        check: () => expect(getEventListeners(signal, 'abort')).toEqual([]),
      };
    },
  },
  'an OtlpReporter': {
    exported: ['OtlpReporter'],
    fails: { report: ['ERR_CLOSED', 'ERR_CONNECT_FAILED'], load: [], close: [] },
    make: () => {
      // Nobody listens there.
      const reporter = new OtlpReporter({ url: 'http://127.0.0.1:1' });
      return {
        methods: {
          report: () => reporter.report(logBatch(1), { signal }),
          load: () => reporter.load(),
          close: () => reporter.close(),
        },
        end: () => reporter.close(),
        check: () => expect(getEventListeners(signal, 'abort')).toEqual([]),
      };
    },
  },
  'a JetStreamReporter': {
    exported: ['JetStreamReporter'],
    fails: { report: ['ERR_CLOSED', 'ERR_CONNECT_FAILED'], close: [] },
    make: () => {
      // Nobody listens there.
      const reporter = new JetStreamReporter({ servers: 'nats://127.0.0.1:1' });
      return {
        methods: {
          report: () => reporter.report(logBatch(1), { signal }),
          close: () => reporter.close(),
        },
        end: () => reporter.close(),
        check: () => expect(getEventListeners(signal, 'abort')).toEqual([]),
      };
    },
  },
  'a JetStreamSource': {
    exported: ['JetStreamSource'],
    fails: { open: ['ERR_CLOSED'], resume: [], settle: [], stop: [], close: [], destroy: [] },
    make: () => {
      // Nobody listens there.
      const source = new JetStreamSource({ servers: 'nats://127.0.0.1:1' }).on('error', () => undefined);
      return {
        methods: {
          open: () => source.open(),
          resume: () => void source.resume(),
          settle: () => source.returned(logBatch(1)),
          stop: () => source.stop(),
          close: () => source.close(),
          destroy: () => void source.destroy(),
        },
        end: () => source.close(),
        check: () => expect([source.destroyed, source.isUp, source.unsettled]).toEqual([true, false, 0]),
      };
    },
  },
  'a SocketReporter': {
    exported: ['SocketReporter'],
    fails: { report: ['ERR_CLOSED', 'ERR_CONNECTION_LOST'], close: [], look: [] },
    async make() {
      const socketPath = path();
      const server = createServer((socket) => void socket.resume().on('error', () => undefined));
      await once(server.listen(socketPath), 'listening');
      const reporter = new SocketReporter({ path: socketPath });
      return {
        methods: {
          report: async () => reporter.report(logBatch(1), { signal }),
          close: () => reporter.close(),
          look: () => reporter.socketPath,
        },
        end: async () => {
          await reporter.close();
          await new Promise((resolve) => server.close(resolve));
        },
        check: () => expect(getEventListeners(signal, 'abort')).toEqual([]),
      };
    },
  },
  'a BoundaryLogSender': {
    exported: ['BoundaryLogSender'],
    fails: { write: [...STREAM, 'ERR_CLOSED'], end: STREAM, destroy: [], drop: [...STREAM, 'ERR_CLOSED'] },
    async make() {
      const socketPath = path();
      const server = createServer((socket) => void socket.resume().on('error', () => undefined));
      await once(server.listen(socketPath), 'listening');
      const sender = new BoundaryLogSender({ socketPath, batchSize: 1 }).on('drop', () => undefined);
      return {
        methods: {
          ...writing(sender, { decision: 'allow' }),
          drop: write(sender, { decision: 'maybe' }),
        },
        end: async () => {
          await closed(sender)();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    },
  },
};

/** Functions, constants and types need no lifecycle. */
const STATELESS = [
  'otlpOptionsOf',
  ...['BoundaryLogError', 'decodeFrame', 'decodeFrames', 'decodeMessage', 'defaultSocketPath', 'encodeFrame'],
  ...['encodeLogs', 'encodeRawLogs', 'encodeStatus', 'encodeUnknownFields', 'eventsOf', 'formatBatch'],
  ...[
    'logOf',
    'toEvent',
    'boundaryProtocol',
    'encodeCaptureRecord',
    'DROP_REASONS',
    'HEALTH_REASONS',
    'StatusReport',
    'describeOutcome',
    'SENDER_DROP_REASONS',
    'SOCKET_PATH_ENV',
    'LOST_BY',
    'verdictOf',
  ],
  ...['HEADER_LENGTH', 'MAX_PAYLOAD_LENGTH', 'Tag'],
  ...['matchesRule', 'parseRule', 'ruleFor', 'suggestRules'],
];

/** As long as there is a lock, no other process can use the folder. */
function locksIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => /^lock(?!.*\.released$)/.test(name)) : [];
}

describe.each(Object.entries(ROWS))('%s', (_name, { make, fails }) => {
  const isExpected = ({ method, result }: Call) => result === 'ok' || fails[method]?.includes(result ?? '');

  test.each([
    ['one after the other', true],
    ['at once', false],
  ])(
    'survives every order of its methods, called %s, and leaves nothing behind',
    async (_how, isPatient) => {
      // What Node opens once for all, such as the descriptor that it keeps free, is open after this.
      const { methods, ...rest } = await make();
      await drive({ methods, ...rest }, Object.keys(methods), true);
      expect(Object.keys(fails).sort()).toEqual(Object.keys(methods).sort());
      const before = openResources();
      for (const order of ordersOf(Object.keys(methods), LENGTH)) {
        const calls = await drive(await make(), order, isPatient);
        expect([order, calls.filter((call) => !isExpected(call))]).toEqual([order, []]);
      }
      await turn();
      const isMore = () =>
        Object.entries(openResources()).filter(([kind, count]) => count > (before[kind] ?? 0));
      await until('no more is open than before', () => isMore().length === 0).catch(() => undefined);
      expect(isMore()).toEqual([]);
    },
    120_000,
  );
});

test('everything that is exported is tried, or has no state', () => {
  const exported = new Set([root, codec, coder, jetstream, otlp, sources, rules, spool].flatMap(Object.keys));
  const tried = Object.values(ROWS).flatMap(({ exported }) => exported);
  expect([...new Set([...tried, ...STATELESS])].sort()).toEqual([...exported].sort());
});

test.each([
  [2, ['a', 'b', 'aa', 'ab', 'ba', 'bb']],
  [1, ['a', 'b']],
])('the orders of two methods, up to a length of %i', (length, expected) => {
  expect(ordersOf(['a', 'b'], length).map((order) => order.join(''))).toEqual(expected);
});
