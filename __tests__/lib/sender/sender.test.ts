import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type LogBatch, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import {
  type BoundaryEvent,
  BoundaryLogSender,
  type BoundaryLogSenderOptions,
  eventsOf,
  type SenderDropReason,
} from '../../../lib/index.js';
import { Receiver } from '../../helpers/receiver.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const NEVER_MS = 2 ** 31 - 1;
const nextPath = tempPaths();

let socketPath: string;
let receiver: Receiver;
let senders: BoundaryLogSender[];

beforeEach(async () => {
  socketPath = nextPath();
  receiver = await Receiver.start(socketPath);
  senders = [];
});
afterEach(async () => {
  jest.restoreAllMocks();
  jest.useRealTimers();
  for (const sender of senders) sender.destroy();
  await receiver.stop();
});

/** Unless a test says otherwise, batches are sent by number alone, so that no test depends on the clock. */
function makeSender(options: BoundaryLogSenderOptions = {}): BoundaryLogSender {
  const sender = new BoundaryLogSender({ socketPath, batchDelayMs: NEVER_MS, maxDelayMs: 1, ...options });
  senders.push(sender);
  return sender;
}

const event = (i = 0, fields: Partial<BoundaryEvent> = {}): BoundaryEvent => ({
  decision: 'allow',
  http_url: `https://example.com/${i}`,
  ...fields,
});
const events = (n: number) => Array.from({ length: n }, (_, i) => event(i));
const counts = (batches: LogBatch[]) => batches.map(({ count }) => count);
const urls = (batches: LogBatch[]) =>
  batches.flatMap((batch) => eventsOf(batch).map(({ http_url }) => http_url));
const numbers = (batch: LogBatch) => eventsOf(batch).map(({ sequence_number }) => sequence_number);

describe('a batch is sent', () => {
  test('when it has 10 events; the rest at the end; all of them on one connection', async () => {
    await pipeline(Readable.from(events(25)), makeSender());
    const batches = await receiver.batches(3);
    expect(counts(batches)).toEqual([10, 10, 5]);
    expect(urls(batches)).toEqual(events(25).map(({ http_url }) => http_url));
    expect(batches.map(({ tag }) => tag)).toEqual([2, 2, 2]);
    expect(receiver.connections).toBe(1);
  });

  test('when it has as many events as `batchSize` says', async () => {
    await pipeline(Readable.from(events(5)), makeSender({ batchSize: 2 }));
    expect(counts(await receiver.batches(3))).toEqual([2, 2, 1]);
  });

  test('`batchDelayMs` after its first event, and so is the next batch', async () => {
    const sender = makeSender({ batchDelayMs: 1 });
    for (const event of events(3)) sender.write(event);
    expect(counts(await receiver.batches(1))).toEqual([3]);
    sender.write(event(3));
    sender.write(event(4));
    expect(counts(await receiver.batches(1))).toEqual([2]);
  });

  test('before it becomes too large for a frame', async () => {
    const url = 'x'.repeat(10_000);
    const large = Array.from({ length: 7 }, (_, i) => event(0, { http_url: `${url}${i}` }));
    await pipeline(Readable.from(large), makeSender());
    const batches = await receiver.batches(3);
    expect(counts(batches)).toEqual([3, 3, 1]);
    expect(urls(batches)).toEqual(large.map(({ http_url }) => http_url));
  });

  test('when the next event has another session or process', async () => {
    const sessions = ['a', 'a', 'b', 'a'].map((session_id) => event(0, { session_id }));
    const processes = ['p', 'q', 'q'].map((confined_process_name) =>
      event(0, { session_id: 'a', confined_process_name }),
    );
    await pipeline(Readable.from([...sessions, ...processes]), makeSender());
    const batches = await receiver.batches(5);
    expect(
      batches.map((batch) => [batch.request.sessionId, batch.request.confinedProcessName, numbers(batch)]),
    ).toEqual([
      ['a', '', [0, 1]],
      ['b', '', [0]],
      ['a', '', [2]],
      ['a', 'p', [3]],
      ['a', 'q', [4, 5]],
    ]);
  });
});

describe('an event', () => {
  test('without these fields gets the session and process of the sender, a number and the time', async () => {
    const before = Date.now();
    await pipeline(Readable.from(events(3)), makeSender({ sessionId: 's', confinedProcessName: 'p' }));
    const [batch] = await receiver.batches(1);
    expect([batch?.request.sessionId, batch?.request.confinedProcessName]).toEqual(['s', 'p']);
    const sent = eventsOf(batch as LogBatch);
    expect(sent.map(({ sequence_number }) => sequence_number)).toEqual([0, 1, 2]);
    for (const { event_time } of sent) {
      expect(Date.parse(event_time ?? '')).toBeGreaterThanOrEqual(before);
      expect(Date.parse(event_time ?? '')).toBeLessThanOrEqual(Date.now());
    }
  });

  test('keeps the fields that it has', async () => {
    const full: BoundaryEvent = {
      decision: 'deny',
      session_id: 'mine',
      sequence_number: 77,
      confined_process_name: 'mine too',
      http_method: 'POST',
      http_url: 'https://example.com/ü',
      event_time: '2026-03-03T19:42:34.123456789Z',
      matched_rule: 'r',
    };
    await pipeline(
      Readable.from([full, event(0, { session_id: 'mine', confined_process_name: 'mine too' })]),
      makeSender(),
    );
    const [batch] = await receiver.batches(1);
    const [first, second] = eventsOf(batch as LogBatch);
    expect(first).toEqual(full);
    expect(second?.sequence_number).toBe(0);
  });

  test('belongs to a session that is new for each sender, by default', async () => {
    await pipeline(Readable.from(events(1)), makeSender());
    await pipeline(Readable.from(events(1)), makeSender());
    const [one, two] = (await receiver.batches(2)).map(({ request }) => request.sessionId);
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(two).not.toBe(one);
  });
});

describe('while nobody listens on the socket', () => {
  test('the sender waits from the start: it keeps the batch, and write() returns false', async () => {
    await receiver.stop();
    const sender = makeSender({ batchSize: 1 });
    const accepted = events(40).map((event) => sender.write(event));
    expect(accepted.at(-1)).toBe(false);
    const drained = once(sender, 'drain');
    receiver = await Receiver.start(socketPath);
    expect(urls(await receiver.batches(40))).toEqual(events(40).map(({ http_url }) => http_url));
    await drained;
  });

  test('the sender reconnects later', async () => {
    const sender = makeSender({ batchSize: 1 });
    sender.write(event(0));
    await receiver.batches(1);
    await receiver.stop();
    sender.write(event(1));
    sender.write(event(2));
    receiver = await Receiver.start(socketPath);
    const end = pipeline(Readable.from([event(3)]), sender);
    expect(urls(await receiver.batches(3))).toEqual([1, 2, 3].map((i) => event(i).http_url));
    await end;
    expect(receiver.connections).toBe(1);
  });

  test('a batch that was due stays the first, and all arrive in order on one connection', async () => {
    await receiver.stop();
    const sender = makeSender({ batchDelayMs: 1 });
    const [first, ...others] = events(5);
    await new Promise((resolve) => sender.write(first as BoundaryEvent, resolve));
    // Timers of the same delay fire in the order in which they were started. The sender's was started before this one.
    await sleep(1);
    for (const event of others) sender.write(event);
    receiver = await Receiver.start(socketPath);
    sender.end();
    const received = urls(await receiver.batches(1));
    expect(received).toEqual([event(0).http_url]);
    while (received.length < 5) received.push(...urls(await receiver.batches(1)));
    expect(received).toEqual(events(5).map(({ http_url }) => http_url));
    expect(receiver.connections).toBe(1);
  });

  test('the sender fails after the allowed number of attempts, with ERR_SEND_FAILED and its cause', async () => {
    await receiver.stop();
    const sender = makeSender({ batchSize: 1, attempts: 3 });
    sender.write(event());
    const [error] = await once(sender, 'error');
    expect(error).toMatchObject({ code: 'ERR_SEND_FAILED', cause: { code: 'ENOENT' } });
    expect(error.message).toContain(socketPath);
    expect(sender.destroyed).toBe(true);
    receiver = await Receiver.start(socketPath);
  });

  test.each<[when: string, options: BoundaryLogSenderOptions, end: boolean]>([
    ['by time', { batchDelayMs: 1 }, false],
    ['at the end', {}, true],
  ])('the sender fails in the same way if the batch is sent %s', async (_when, options, end) => {
    await receiver.stop();
    const sender = makeSender({ attempts: 1, ...options });
    sender.write(event());
    if (end) sender.end();
    const [error] = await once(sender, 'error');
    expect(error.code).toBe('ERR_SEND_FAILED');
    receiver = await Receiver.start(socketPath);
  });

  test('the delays are random, up to a limit that grows from 100 ms to 5 s, and that is 100 ms again for the next outage', async () => {
    await receiver.stop();
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
    const random = jest.spyOn(Math, 'random').mockReturnValue(1);
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    const delays = () => setTimeout.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== NEVER_MS);
    const writeTimeoutMs = Number.POSITIVE_INFINITY;
    const sender = makeSender({
      batchSize: 1,
      writeTimeoutMs,
      initialDelayMs: undefined,
      maxDelayMs: undefined,
    });
    const retries = async (n: number) => {
      await until('it has tried often enough', async () => {
        await jest.advanceTimersByTimeAsync(5000);
        return delays().length >= n;
      });
      return delays().slice(0, n);
    };
    sender.write(event());
    expect(await retries(8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    receiver = await Receiver.start(socketPath);
    await until('it has sent', async () => {
      await jest.advanceTimersByTimeAsync(5000);
      return sender.accounts().left === 0;
    });
    await receiver.stop();
    setTimeout.mockClear();
    random.mockReturnValue(0.5);
    sender.write(event());
    sender.write(event());
    expect(await retries(3)).toEqual([50, 100, 200]);
    receiver = await Receiver.start(socketPath);
  });

  test('a destroyed sender does not wait any more', async () => {
    await receiver.stop();
    const sender = makeSender({ batchSize: 1, initialDelayMs: NEVER_MS, maxDelayMs: NEVER_MS });
    const onError = jest.fn();
    sender.on('error', onError);
    jest.spyOn(Math, 'random').mockReturnValue(1);
    const setTimeout = jest.spyOn(globalThis, 'setTimeout');
    const clearTimeout = jest.spyOn(globalThis, 'clearTimeout');
    const written = new Promise((resolve) => sender.write(event(), resolve));
    const delay = () => setTimeout.mock.calls.findIndex(([, ms]) => ms === NEVER_MS);
    await until('it waits for its next attempt', () => delay() !== -1);
    sender.destroy();
    await once(sender, 'close');
    expect(await written).toMatchObject({ code: 'ENOENT' });
    expect(onError).not.toHaveBeenCalled();
    // Otherwise this timer would keep the process alive.
    expect(clearTimeout.mock.calls).toContainEqual([setTimeout.mock.results[delay()]?.value]);
    jest.restoreAllMocks();
    receiver = await Receiver.start(socketPath);
  });

  test('a sender without events does not connect, and succeeds', async () => {
    await receiver.stop();
    await expect(pipeline(Readable.from([]), makeSender({ attempts: 1 }))).resolves.toBeUndefined();
    receiver = await Receiver.start(socketPath);
  });
});

describe('dropped events', () => {
  const tooLarge = event(0, { session_id: 'x'.repeat(MAX_PAYLOAD_LENGTH) });
  test.each<[name: string, value: unknown, code: string, reason: SenderDropReason]>([
    ['a text', 'allow', 'ERR_INVALID_EVENT', 'invalid'],
    ['an object without a decision', {}, 'ERR_INVALID_EVENT', 'invalid'],
    ['an event with an invalid time', event(0, { event_time: 'now' }), 'ERR_INVALID_EVENT', 'invalid'],
    [
      'an event that is too large for a frame, however it is cut',
      tooLarge,
      'ERR_MESSAGE_TOO_LARGE',
      'too_large',
    ],
  ])('%s: emitted as `drop`, and the next event is sent', async (_name, value, code, reason) => {
    const sender = makeSender();
    const drops: unknown[] = [];
    sender.on('drop', (dropped, error, why) => drops.push([dropped, error.code, why]));
    await pipeline(Readable.from([event(0), value, event(1)]), sender);
    expect(drops).toEqual([[value, code, reason]]);
    expect(sender.accounts()).toMatchObject({ written: 3, sent: 2, dropped: { [reason]: 1 }, left: 0 });
    expect(urls(await receiver.batches(1))).toEqual([event(0).http_url, event(1).http_url]);
  });

  test('are reported to the receiver once, after the next batch', async () => {
    const sender = makeSender({ batchSize: 2 });
    for (const value of [{}, event(0), tooLarge, 5, event(1), event(2), event(3)])
      sender.write(value as BoundaryEvent);
    const outcomes = [await receiver.next(), await receiver.next(), await receiver.next()];
    expect(outcomes).toMatchObject([
      { kind: 'logs', count: 2 },
      { kind: 'status', droppedChannelFull: 0n, droppedBatchFull: 3n },
      { kind: 'logs', count: 2 },
    ]);
    sender.write({} as never);
    sender.end(event(4));
    expect([await receiver.next(), await receiver.next()]).toMatchObject([
      { kind: 'logs', count: 1 },
      { kind: 'status', droppedBatchFull: 1n },
    ]);
  });
});

test('events that are too large are cut, those with lone surrogates are repaired, and none blocks the next', async () => {
  const sender = makeSender({ batchSize: 1 });
  const large = 'x'.repeat(100_000);
  const values = [
    event(0, { http_url: large }),
    event(1, { http_url: 'https://example.com/\ud800' }),
    event(2, { http_method: large, matched_rule: '\udc00' }),
    event(3),
  ];
  await pipeline(Readable.from(values), sender);
  const [first, second, third, fourth] = (await receiver.batches(4)).flatMap((batch) => eventsOf(batch));
  expect(first?.http_url).toMatch(/^x{32000,}\[truncated\]$/);
  expect(second?.http_url).toBe('https://example.com/\ufffd');
  expect(third).toMatchObject({ http_url: event(2).http_url, matched_rule: '\ufffd' });
  expect(third?.http_method).toMatch(/^x{32000,}\[truncated\]$/);
  expect(fourth?.http_url).toBe(event(3).http_url);
  expect(sender.accounts()).toMatchObject({ written: 4, sent: 4, left: 0, truncated: 2, repaired: 2 });
});

test('end() waits until everything is written, and closes the connection', async () => {
  const sender = makeSender();
  for (const event of events(12)) sender.write(event);
  sender.end();
  await once(sender, 'finish');
  expect(counts(await receiver.batches(2))).toEqual([10, 2]);
  await until('the connection is closed', () => receiver.open === 0);
});

test('destroy() closes the connection, and the pending batch is not sent', async () => {
  const sender = makeSender({ batchSize: 2 });
  for (const event of events(3)) sender.write(event);
  await receiver.batches(1);
  sender.destroy();
  await until('the connection is closed', () => receiver.open === 0);
  const next = makeSender();
  next.end(event(9));
  expect(urls(await receiver.batches(1))).toEqual([event(9).http_url]);
});

test('destroyed in the turn of a write, the sender leaves no timer', async () => {
  const setTimeout = jest.spyOn(globalThis, 'setTimeout');
  const clearTimeout = jest.spyOn(globalThis, 'clearTimeout');
  const sender = makeSender();
  sender.write(event());
  sender.destroy();
  await once(sender, 'close');
  await new Promise(setImmediate);
  const started = setTimeout.mock.calls.flatMap(([, ms], i) =>
    ms === NEVER_MS ? [setTimeout.mock.results[i]?.value] : [],
  );
  const cleared = clearTimeout.mock.calls.map(([timer]) => timer);
  jest.restoreAllMocks();
  for (const timer of started) expect(cleared).toContain(timer);
});

test.each<[option: keyof BoundaryLogSenderOptions, value: unknown]>([
  ['socketPath', ''],
  ['socketPath', 'a\0b'],
  ['sessionId', ''],
  ['confinedProcessName', 5],
  ['batchSize', 0],
  ['batchSize', 1.5],
  ['batchDelayMs', -1],
  ['batchDelayMs', 2 ** 31],
  ['initialDelayMs', '5'],
  ['maxDelayMs', -1],
  ['overflow', 'wait'],
  ['writeTimeoutMs', 0],
  ['closeTimeoutMs', Number.NaN],
  ['attempts', 0],
])('the option %s rejects %j', (option, value) => {
  expect(thrown(() => new BoundaryLogSender({ [option]: value }))).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringMatching(new RegExp(`^BoundaryLogSender: ${option}: got `)),
  });
});

test.each([0, 1, 2, 3, 4])(
  'destroyed %d turns after a write, the sender leaves no connection open',
  async (turns) => {
    const sender = makeSender({ batchSize: 1 });
    sender.write(event());
    for (let i = 0; i < turns; i++) await null;
    sender.destroy();
    await once(sender, 'close');
    // This connection is accepted after any that the sender may still have opened.
    const after = connect(socketPath);
    await once(after, 'connect');
    after.destroy();
    await until('no connection is open', () => receiver.connections > 0 && receiver.open === 0);
  },
);

test('write() returns false, too, while batches that are due cannot be sent', async () => {
  await receiver.stop();
  const sender = makeSender({ batchDelayMs: 1 });
  let n = 0;
  await until('write() returns false', () => !sender.write(event(n++)));
  expect(n).toBeLessThan(100);
  receiver = await Receiver.start(socketPath);
  const [batch] = await receiver.batches(1);
  expect(batch?.count).toBeGreaterThan(0);
});

test('drops after the last batch are reported at the end', async () => {
  const sender = makeSender();
  sender.on('drop', () => undefined);
  sender.write(event());
  await receiver.stop();
  receiver = await Receiver.start(socketPath);
  sender.write('nonsense' as never);
  sender.end();
  expect((await receiver.batches(1))[0]?.count).toBe(1);
  expect(await receiver.next()).toMatchObject({ kind: 'status', droppedBatchFull: 1n });
});

test.each(['sessionId', 'confinedProcessName', 'socketPath'])('%s rejects a lone surrogate', (option) => {
  expect(thrown(() => new BoundaryLogSender({ [option]: '\ud800' }))).toMatchObject({
    code: 'ERR_INVALID_OPTION',
  });
});

test('a frame that a broken connection did not accept is written again, whole, on the next one', async () => {
  const sender = makeSender({ batchSize: 1 });
  sender.write(event(0));
  await receiver.batches(1);
  const large = events(200).map((event) => ({ ...event, matched_rule: 'x'.repeat(30_000) }));
  // The receiver does not read, so that the connection breaks in the middle of a frame.
  receiver.pause();
  const written = pipeline(Readable.from(large), sender);
  await until('the socket is full', () => sender.writableNeedDrain);
  await receiver.stop();
  receiver = await Receiver.start(socketPath);
  await written;
  const received = urls(await receiver.batches(1));
  const first = events(200).findIndex(({ http_url }) => http_url === received[0]);
  received.push(...urls(await receiver.batches(199 - first)));
  expect(received).toEqual(
    events(200)
      .slice(first)
      .map(({ http_url }) => http_url),
  );
});
