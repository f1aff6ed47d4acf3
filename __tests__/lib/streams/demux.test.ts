import { once } from 'node:events';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BoundaryLogError, encodeFrame } from '../../../codec/index.js';
import {
  Demux,
  Forwarder,
  FrameParser,
  LogBuffer,
  MessageDecoder,
  type Outcome,
  type Protocol,
} from '../../../lib/index.js';
import { logBatch, logsFrame } from '../../helpers/messages.js';
import { MISBEHAVIOURS } from '../../helpers/misbehaviour.js';
import { seed } from '../../helpers/seed.js';

const error = new BoundaryLogError('ERR_UNSUPPORTED_TAG', 'tag 9 is not supported');
const logs = logBatch(1);
const status: Outcome = { kind: 'status', droppedChannelFull: 1n, droppedBatchFull: 0n };
const unknown: Outcome = { kind: 'unknown-variant', tag: 2 };
const skip: Outcome = { kind: 'skip', error };
const close: Outcome = { kind: 'close', error };

/** A route that records its items. A slow one asks writers to wait after each item, until pass() is called. */
class Sink extends Writable {
  #pass: (() => void) | undefined;

  constructor(
    readonly isSlow = false,
    readonly received: unknown[] = [],
  ) {
    super({ objectMode: true, highWaterMark: isSlow ? 1 : 16 });
  }

  override _write(item: unknown, _encoding: BufferEncoding, callback: () => void): void {
    this.received.push(item);
    if (this.isSlow) this.#pass = callback;
    else callback();
  }

  pass(): void {
    this.#pass?.();
  }
}

const feed = (demux: Writable, outcomes: Outcome[]) => pipeline(Readable.from(outcomes), demux);
/** The number of listeners of a route, which must not grow with each Demux that writes to it. */
const listeners = (route: Writable) => route.eventNames().map((name) => [name, route.listenerCount(name)]);

describe('routes', () => {
  test('each outcome goes to the stream or the function of its kind, in order', async () => {
    const sink = new Sink();
    const others: Outcome[] = [];
    const take = (outcome: Outcome) => void others.push(outcome);
    await feed(new Demux({ logs: sink, status: sink, skip: take, close: take, 'unknown-variant': take }), [
      logs,
      skip,
      status,
      unknown,
      logs,
      close,
    ]);
    expect(sink.received).toEqual([logs, status, logs]);
    expect(others).toEqual([skip, unknown, close]);
  });

  test('an outcome without a route is ignored', async () => {
    const sink = new Sink();
    await feed(new Demux({ logs: sink }), [status, unknown, logs, skip]);
    expect(sink.received).toEqual([logs]);
  });

  test('an undefined route counts as no route', async () => {
    const rest = new Sink();
    const routes = { logs: undefined } as unknown as Record<string, never>;
    await feed(new Demux(routes, { otherwise: rest }), [logs]);
    expect(rest.received).toEqual([logs]);
  });

  test.each<[name: string, make: (received: unknown[]) => Writable | ((outcome: Outcome) => void)]>([
    ['function', (received) => (outcome) => void received.push(outcome)],
    ['stream', (received) => new Sink(false, received)],
  ])(
    'an outcome without a route, even a close, goes to `otherwise`, which may be a %s',
    async (_name, make) => {
      const sink = new Sink();
      const rest: unknown[] = [];
      await feed(new Demux({ logs: sink }, { otherwise: make(rest) }), [status, logs, close]);
      expect(sink.received).toEqual([logs]);
      expect(rest).toEqual([status, close]);
    },
  );

  test('outcomes of a custom protocol have routes by their own kinds', async () => {
    type Note = { kind: 'note'; text: string };
    const protocol: Protocol<Note> = {
      tags: { 9: { maxLength: 9, decode: ({ payload }) => ({ kind: 'note', text: payload.toString() }) } },
      kinds: ['note'],
    };
    const notes: string[] = [];
    await pipeline(
      Readable.from([encodeFrame(9, Buffer.from('a')), encodeFrame(9, Buffer.from('b'))], {
        objectMode: false,
      }),
      new FrameParser({ protocol }),
      new MessageDecoder({ protocol }),
      new Demux<Note>({ note: ({ text }) => void notes.push(text) }, { protocol }),
    );
    expect(notes).toEqual(['a', 'b']);
  });
});

describe('backpressure', () => {
  test('the Demux waits for a full route, each time', async () => {
    const route = new Sink(true);
    const before = listeners(route);
    const done = feed(new Demux({ logs: route }), [logs, status, logs, logs]);
    for (const count of [1, 2, 3]) {
      await turn();
      expect(route.received).toHaveLength(count);
      const drained = once(route, 'drain');
      route.pass();
      await drained;
    }
    await done;
    expect(listeners(route)).toEqual(before);
  });

  test('while one Demux waits, another one may end', async () => {
    const route = new Sink(true);
    const waiting = feed(new Demux({ logs: route }), [logs]);
    await turn();
    await feed(new Demux({ logs: route }), [status]);
    route.pass();
    await waiting;
    expect(route.received).toEqual([logs]);
  });

  test('any number of Demuxes may wait for a route without a warning about a leak', async () => {
    const route = new Sink(true);
    const max = route.getMaxListeners();
    const demuxes = Array.from({ length: max + 5 }, () => new Demux({ logs: route }));
    for (const demux of demuxes) demux.write(logs);
    expect(route.listenerCount('drain')).toBe(demuxes.length);
    expect(route.getMaxListeners()).toBeGreaterThanOrEqual(route.listenerCount('drain'));
    for (const demux of demuxes) demux.destroy();
    await Promise.all(demuxes.map((demux) => once(demux, 'close')));
    expect(route.getMaxListeners()).toBe(max);
  });

  test('a route without a limit of listeners still has none afterwards', () => {
    const route = new Sink(true).setMaxListeners(0);
    const demux = new Demux({ logs: route });
    demux.write(logs);
    expect([route.listenerCount('drain'), route.getMaxListeners()]).toEqual([1, 0]);
    demux.destroy();
    expect(route.getMaxListeners()).toBe(0);
  });

  test('a Demux that is destroyed while it waits removes its listeners, and leaves the route open', async () => {
    const route = new Sink(true);
    const before = listeners(route);
    const demux = new Demux({ logs: route });
    demux.write(logs);
    expect(listeners(route)).not.toEqual(before);
    demux.destroy();
    await once(demux, 'close');
    expect(listeners(route)).toEqual(before);
    expect([route.destroyed, route.writableEnded]).toEqual([false, false]);
    route.pass();
  });
});

describe('a shared route', () => {
  test.each<[name: string, last: Outcome[], code: string | undefined]>([
    ['ends', [], undefined],
    ['fails', [close], 'ERR_UNSUPPORTED_TAG'],
  ])('is neither ended nor destroyed when a Demux %s', async (_name, last, code) => {
    const route = new Sink();
    const result = await feed(new Demux({ logs: route }), [logs, ...last]).catch((error) => error.code);
    expect(result).toBe(code);
    expect([route.writableEnded, route.destroyed]).toEqual([false, false]);
    await feed(new Demux({ logs: route }), [logs]);
    expect(route.received).toEqual([logs, logs]);
  });
});

describe('a closed route is the error ERR_ROUTE_CLOSED', () => {
  test.each<[name: string, close: (route: Writable) => void]>([
    ['if it was destroyed before', (route) => route.destroy()],
    ['if it was ended before', (route) => route.end()],
  ])('%s', async (_name, close) => {
    const route = new Sink();
    close(route);
    await expect(feed(new Demux({ logs: route }), [logs])).rejects.toMatchObject({
      code: 'ERR_ROUTE_CLOSED',
      message: expect.stringContaining("'logs'"),
    });
    expect(route.received).toEqual([]);
  });

  test('if it is destroyed while the Demux waits for it', async () => {
    const route = new Sink(true);
    const demux = new Demux({ logs: route });
    demux.write(logs);
    route.destroy();
    const [error] = await once(demux, 'error');
    expect(error.code).toBe('ERR_ROUTE_CLOSED');
    expect(route.listenerCount('drain') + route.listenerCount('close')).toBe(0);
  });

  test('ended while it is waited for, also if its readable side keeps it open', async () => {
    let pass: () => void = () => undefined;
    const route = new Duplex({
      objectMode: true,
      writableHighWaterMark: 1,
      read: () => undefined,
      write: (_batch, _encoding, callback) => {
        pass = callback;
      },
    });
    const demux = new Demux({ logs: route });
    demux.write([logs, logs]);
    route.end();
    pass();
    const [error] = await once(demux, 'error');
    expect(error.code).toBe('ERR_ROUTE_CLOSED');
  });

  test('but not if no outcome goes to it', async () => {
    const route = new Sink();
    route.destroy();
    await expect(feed(new Demux({ logs: route }), [status])).resolves.toBeUndefined();
  });
});

test.each(MISBEHAVIOURS)('a function that %s: the Demux fails with an error', async (_what, misbehave) => {
  const demux = new Demux({ logs: misbehave });
  const failed = once(demux, 'error');
  demux.write(logs);
  demux.end();
  const [error] = await failed;
  expect(error).toBeInstanceOf(Error);
  expect(demux.destroyed).toBe(true);
});

test('if a function throws, that is the error, and no further outcome is sent', async () => {
  const seen: Outcome[] = [];
  const thrown = new RangeError('not today');
  const demux = new Demux({
    logs: (outcome) => {
      seen.push(outcome);
      throw thrown;
    },
    status: (outcome) => void seen.push(outcome),
  });
  await expect(feed(demux, [status, logs, status])).rejects.toBe(thrown);
  expect(seen).toEqual([status, logs]);
});

describe('a function that is asynchronous', () => {
  /** A route whose promises are settled by hand. */
  function deferred() {
    const calls: {
      outcome: unknown;
      resolve: (value?: unknown) => void;
      reject: (error: unknown) => void;
    }[] = [];
    const route = (outcome: unknown) => {
      return new Promise((resolve, reject) => calls.push({ outcome, resolve, reject }));
    };
    return { calls, route };
  }

  test('is waited for: write() returns false, and the next outcome follows when its promise resolves', async () => {
    const { calls, route } = deferred();
    const sink = new Sink();
    const demux = new Demux({ logs: route, status: sink });
    expect(demux.write([logs, status, logs])).toBe(false);
    for (const count of [1, 2]) {
      await turn();
      expect([calls.length, sink.received.length]).toEqual([count, count - 1]);
      if (count === 2) expect(demux.writableNeedDrain).toBe(true);
      calls[count - 1]?.resolve();
    }
    await once(demux, 'drain');
    expect(demux.write(status)).toBe(true);
    demux.end();
    await once(demux, 'finish');
    expect(sink.received).toEqual([status, status]);
  });

  test('that rejects: that is the error of the Demux, and nothing more is sent', async () => {
    const { calls, route } = deferred();
    const failed = feed(new Demux({ logs: route, status: route }), [logs, status]);
    await turn();
    const error = new RangeError('not today');
    calls[0]?.reject(error);
    await expect(failed).rejects.toBe(error);
    expect(calls).toHaveLength(1);
  });

  test('and settles after the Demux was destroyed, changes nothing', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const { calls, route } = deferred();
      const demux = new Demux({ logs: route });
      demux.write([logs, logs]);
      demux.destroy();
      calls[0]?.[end](new Error('too late'));
      await turn();
      expect([calls.length, demux.errored]).toEqual([1, null]);
    }
  });

  test('as `otherwise` is waited for as well', async () => {
    const { calls, route } = deferred();
    const done = feed(new Demux({}, { otherwise: route }), [logs, status]);
    for (const count of [1, 2]) {
      await turn();
      expect(calls).toHaveLength(count);
      calls[count - 1]?.resolve();
    }
    await done;
  });
});

describe('an outcome of a kind that the protocol does not have', () => {
  test.each<[name: string, outcome: object, message: string]>([
    ['unknown', { kind: 'reading' }, 'got the unknown kind "reading", expected logs, status'],
    ['near a known one', { kind: 'log' }, 'did you mean logs?'],
    ['not a text', { kind: 5 }, 'kind: got 5, expected logs, status'],
    ['missing', {}, 'kind: got undefined, expected logs, status'],
  ])('%s: ERR_INVALID_EVENT', async (_name, outcome, message) => {
    const sink = new Sink();
    const demux = new Demux({ logs: sink }, { otherwise: sink });
    demux.write([logs, outcome as Outcome, logs]);
    const [error] = await once(demux, 'error');
    expect(error).toMatchObject({ code: 'ERR_INVALID_EVENT', message: expect.stringContaining(message) });
    expect(sink.received).toEqual([logs]);
  });
});

test.each([
  ['an outcome that is null', null],
  ['an outcome that is undefined', undefined],
])('%s in an array is the error', async (_name, outcome) => {
  const demux = new Demux({ logs: () => undefined });
  demux.write([logs, outcome as never]);
  const [error] = await once(demux, 'error');
  expect(error).toMatchObject({
    code: 'ERR_INVALID_EVENT',
    message: expect.stringContaining('got undefined'),
  });
});

describe('what a route does to its own Demux', () => {
  type Numbered = { kind: 'first' | 'slow'; n: number };
  const note = (kind: Numbered['kind'], n: number): Numbered => ({ kind, n });
  const protocol: Protocol<Numbered> = { tags: {}, kinds: ['first', 'slow'] };

  test('what it writes comes after the rest of the array, which waits for another route', async () => {
    const seen: number[] = [];
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write: ({ n }, _encoding, callback) => {
        seen.push(n);
        setImmediate(callback);
      },
    });
    const demux: Demux<Numbered> = new Demux<Numbered>(
      {
        first: ({ n }) => {
          seen.push(n);
          demux.write([note('slow', 3), note('slow', 4)]);
          demux.end();
        },
        slow,
      },
      { protocol },
    );
    demux.write([note('first', 0), note('slow', 1), note('slow', 2)]);
    await once(demux, 'finish');
    expect(seen).toEqual([0, 1, 2, 3, 4]);
  });

  test('after it has destroyed the Demux, no route receives the rest of the array', () => {
    const seen: number[] = [];
    const demux: Demux<Numbered> = new Demux<Numbered>(
      {
        first: ({ n }) => {
          seen.push(n);
          demux.destroy();
        },
      },
      { protocol },
    );
    demux.write([note('first', 0), note('first', 1)]);
    expect(seen).toEqual([0]);
  });
});

describe('several Demuxes with the same routes', () => {
  /** When a route says that it has written something. */
  const delays: Record<string, (done: () => void) => void> = {
    'at once': (done) => done(),
    'in a tick': (done) => process.nextTick(done),
    'in a microtask': (done) => queueMicrotask(done),
    'in a turn': (done) => void setImmediate(done),
  };
  type Note = { kind: 'a' | 'b' | 'function'; n: number; demux: number; count: 1; raw: Buffer };
  const raw = Buffer.alloc(10);

  test(`each keeps its order, and none waits for ever or leaves a listener (seed ${seed})`, async () => {
    const route = fc.record({
      type: fc.constantFrom('Writable', 'LogBuffer', 'Forwarder'),
      room: fc.constantFrom(1, 2, 16),
      maxBytes: fc.constantFrom(35, 1e6),
      delay: fc.constantFrom(...Object.keys(delays)),
    });
    const step = fc.record({
      demux: fc.nat(2),
      kinds: fc.array(fc.constantFrom<Note['kind']>('a', 'b', 'function'), { minLength: 1, maxLength: 5 }),
      pause: fc.constantFrom('turn', 'tick', 'none'),
      nested: fc.option(fc.nat(2)),
      isCorked: fc.boolean(),
    });
    const functions = fc.record({ isAsync: fc.boolean(), delay: fc.constantFrom(...Object.keys(delays)) });
    const property = fc.asyncProperty(
      route,
      route,
      functions,
      fc.array(step, { maxLength: 15 }),
      async (a, b, { isAsync, delay }, steps) => {
        const later = delays[delay] as (done: () => void) => void;
        const seen: Note[] = [];
        const written: Note[] = [];
        const nested: number[] = [];
        const makeRoute = ({ type, room, maxBytes, delay }: typeof a): Writable => {
          const later = delays[delay] as (done: () => void) => void;
          const receive = (note: Note, done: () => void) => {
            seen.push(note);
            later(done);
          };
          const write = (note: Note, _encoding: string, done: () => void) => receive(note, done);
          if (type === 'Writable') return new Writable({ objectMode: true, highWaterMark: room, write });
          const report = (note: Note) => new Promise<void>((resolve) => receive(note, resolve));
          if (type === 'Forwarder') return new Forwarder<Note>({ report }, { concurrency: room });
          const buffer = new LogBuffer<Note>({ maxBatches: room, maxBytes, overflow: 'block' });
          buffer.pipe(new Writable({ objectMode: true, highWaterMark: 1, write }));
          return buffer;
        };
        const streams = { a: makeRoute(a), b: makeRoute(b) };
        const attached = () =>
          Object.values(streams).map((route) => [
            route.getMaxListeners(),
            ...['drain', 'finish', 'close'].map((name) => route.listenerCount(name)),
          ]);
        const write = (demux: number, kinds: Note['kind'][]) => {
          const notes = kinds.map((kind) => ({ kind, demux, n: written.length, count: 1 as const, raw }));
          written.push(...notes);
          demuxes[demux]?.write(notes);
        };
        const demuxes = [0, 1, 2].map(
          () =>
            new Demux<Note>(
              {
                ...streams,
                function: (note) => {
                  seen.push(note);
                  const demux = nested.shift();
                  if (demux !== undefined && demuxes[demux]?.writable) write(demux, ['a', 'function', 'b']);
                  return isAsync ? new Promise((resolve) => later(() => resolve(undefined))) : undefined;
                },
              },
              { protocol: { tags: {}, kinds: ['a', 'b', 'function'] } },
            ),
        );
        const before = attached();
        for (const { demux, kinds, pause, nested: into, isCorked } of steps) {
          if (into !== null) nested.push(into);
          if (isCorked) demuxes[demux]?.cork();
          write(demux, kinds);
          if (isCorked) demuxes[demux]?.uncork();
          if (pause === 'turn') await turn();
          else if (pause === 'tick') await new Promise<void>((resolve) => process.nextTick(resolve));
        }
        await turn();
        const finished = demuxes.map((demux) => once(demux, 'finish'));
        for (const demux of demuxes) demux.end();
        await Promise.all(finished);
        for (let i = 0; i < 500 && seen.length < written.length; i++) await turn();
        for (const demux of [0, 1, 2]) {
          for (const kind of ['a', 'b', 'function']) {
            const of = (notes: Note[]) => notes.filter((note) => note.demux === demux && note.kind === kind);
            expect(of(seen)).toEqual(of(written));
          }
        }
        expect(attached()).toEqual(before);
      },
    );
    await fc.assert(property, { seed, numRuns: 150 });
  });
});

describe('a hand-made pipeline', () => {
  const bytes = Buffer.concat([
    ...Array.from({ length: 100 }, (_, i) => logsFrame(1, i)),
    Buffer.from([9, 0, 0, 0]),
    logsFrame(1, 100),
  ]);
  const run = (demux: Writable) =>
    pipeline(Readable.from([bytes], { objectMode: false }), new FrameParser(), new MessageDecoder(), demux);

  test('rejects with the code of a close without a route, after everything before it was delivered', async () => {
    const slow = new PassThrough({ objectMode: true, highWaterMark: 1 });
    const batches: unknown[] = [];
    slow.on('data', (batch) => batches.push(batch));
    await expect(run(new Demux({ logs: slow }))).rejects.toMatchObject({
      name: 'BoundaryLogError',
      code: 'ERR_UNSUPPORTED_TAG',
    });
    expect(batches).toHaveLength(100);
    expect(slow.destroyed).toBe(false);
  });
});
