import { once } from 'node:events';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type LogBatch, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import {
  type BoundaryEvent,
  BoundaryLogSender,
  type BoundaryLogSenderOptions,
  eventsOf,
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
  for (const sender of senders) sender.destroy();
  await receiver.stop();
});

/** Sends by number alone unless told otherwise, so that no test depends on the clock. */
function makeSender(options: BoundaryLogSenderOptions = {}): BoundaryLogSender {
  const sender = new BoundaryLogSender({ socketPath, batchDelayMs: NEVER_MS, retryDelayMs: 1, ...options });
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
  test('with 10 events, what is left over at the end, all on one connection', async () => {
    await pipeline(Readable.from(events(25)), makeSender());
    const batches = await receiver.batches(3);
    expect(counts(batches)).toEqual([10, 10, 5]);
    expect(urls(batches)).toEqual(events(25).map(({ http_url }) => http_url));
    expect(batches.map(({ tag }) => tag)).toEqual([2, 2, 2]);
    expect(receiver.connections).toBe(1);
  });

  test('with as many events as an own batchSize says', async () => {
    await pipeline(Readable.from(events(5)), makeSender({ batchSize: 2 }));
    expect(counts(await receiver.batches(3))).toEqual([2, 2, 1]);
  });

  test('some time after its first event, each time anew', async () => {
    const sender = makeSender({ batchDelayMs: 1 });
    for (const event of events(3)) sender.write(event);
    expect(counts(await receiver.batches(1))).toEqual([3]);
    sender.write(event(3));
    sender.write(event(4));
    expect(counts(await receiver.batches(1))).toEqual([2]);
  });

  test('before it is too large for a frame', async () => {
    const url = 'x'.repeat(10_000);
    const large = Array.from({ length: 7 }, (_, i) => event(0, { http_url: `${url}${i}` }));
    await pipeline(Readable.from(large), makeSender());
    const batches = await receiver.batches(3);
    expect(counts(batches)).toEqual([3, 3, 1]);
    expect(urls(batches)).toEqual(large.map(({ http_url }) => http_url));
  });

  test('when the session or the process of its events changes', async () => {
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
  test('that names nothing of its own gets the session and process of the sender, a number and the time', async () => {
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

  test('keeps what it names', async () => {
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

  test('is of a session that is new for each sender', async () => {
    await pipeline(Readable.from(events(1)), makeSender());
    await pipeline(Readable.from(events(1)), makeSender());
    const [one, two] = (await receiver.batches(2)).map(({ request }) => request.sessionId);
    expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(two).not.toBe(one);
  });
});

describe('a receiver that is away', () => {
  test('at the start is waited for: the batch is kept, and write() says "enough"', async () => {
    await receiver.stop();
    const sender = makeSender({ batchSize: 1 });
    const accepted = events(40).map((event) => sender.write(event));
    expect(accepted.at(-1)).toBe(false);
    const drained = once(sender, 'drain');
    receiver = await Receiver.start(socketPath);
    expect(urls(await receiver.batches(40))).toEqual(events(40).map(({ http_url }) => http_url));
    await drained;
  });

  test('later is connected to again', async () => {
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

  test('gets all in order, on one connection, also what was to be sent by time', async () => {
    await receiver.stop();
    const sender = makeSender({ batchDelayMs: 0 });
    for (const event of events(5)) {
      sender.write(event);
      // Long enough for a batch to be due, mostly. Whether it is one batch or five, it is the same to the test.
      await sleep(3);
    }
    receiver = await Receiver.start(socketPath);
    sender.end();
    const received: unknown[] = [];
    while (received.length < 5) received.push(...urls(await receiver.batches(1)));
    expect(received).toEqual(events(5).map(({ http_url }) => http_url));
    expect(receiver.connections).toBe(1);
  });

  test('for as many attempts as are allowed is the error ERR_SEND_FAILED, with its cause', async () => {
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
  ])('is that error for a batch that is sent %s, too', async (_when, options, end) => {
    await receiver.stop();
    const sender = makeSender({ attempts: 1, ...options });
    sender.write(event());
    if (end) sender.end();
    const [error] = await once(sender, 'error');
    expect(error.code).toBe('ERR_SEND_FAILED');
    receiver = await Receiver.start(socketPath);
  });

  test('is not waited for by a sender that is destroyed', async () => {
    await receiver.stop();
    const sender = makeSender({ batchSize: 1, retryDelayMs: NEVER_MS });
    let error: unknown;
    sender.on('error', (e) => {
      error = e;
    });
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const called = new Promise((resolve) => sender.write(event(), resolve));
    await until('it waits for its next attempt', () => timers() > before);
    sender.destroy();
    await once(sender, 'close');
    expect(await called).toBeTruthy();
    expect(error).toBeUndefined();
    await until('nothing keeps the program alive', () => timers() <= before);
    receiver = await Receiver.start(socketPath);
  });

  test('is not missed where nothing is to be sent', async () => {
    await receiver.stop();
    await expect(pipeline(Readable.from([]), makeSender({ attempts: 1 }))).resolves.toBeUndefined();
    receiver = await Receiver.start(socketPath);
  });
});

describe('what is dropped', () => {
  const tooLarge = event(0, { http_url: 'x'.repeat(MAX_PAYLOAD_LENGTH) });
  test.each<[name: string, value: unknown, code: string]>([
    ['a text', 'allow', 'ERR_INVALID_EVENT'],
    ['an object without a decision', {}, 'ERR_INVALID_EVENT'],
    ['an event with a time that is none', event(0, { event_time: 'now' }), 'ERR_INVALID_EVENT'],
    ['an event that is alone too large for a frame', tooLarge, 'ERR_MESSAGE_TOO_LARGE'],
  ])('%s is a drop event, and the next event is sent', async (_name, value, code) => {
    const sender = makeSender();
    const drops: unknown[] = [];
    sender.on('drop', (dropped, error) => drops.push([dropped, error.code]));
    await pipeline(Readable.from([event(0), value, event(1)]), sender);
    expect(drops).toEqual([[value, code]]);
    expect(urls(await receiver.batches(1))).toEqual([event(0).http_url, event(1).http_url]);
  });

  test('is told to the receiver after the next batch, once', async () => {
    const sender = makeSender({ batchSize: 2 });
    for (const value of [{}, event(0), tooLarge, 5, event(1), event(2), event(3)]) sender.write(value);
    const outcomes = [await receiver.next(), await receiver.next(), await receiver.next()];
    expect(outcomes).toMatchObject([
      { kind: 'logs', count: 2 },
      { kind: 'status', droppedChannelFull: 0n, droppedBatchFull: 3n },
      { kind: 'logs', count: 2 },
    ]);
    sender.write({});
    sender.end(event(4));
    expect([await receiver.next(), await receiver.next()]).toMatchObject([
      { kind: 'logs', count: 1 },
      { kind: 'status', droppedBatchFull: 1n },
    ]);
  });

  test('around the largest size is all that is larger, and nothing that is smaller', async () => {
    const sender = makeSender({
      sessionId: 's'.repeat(36),
      confinedProcessName: 'claude-code',
      batchSize: 1,
    });
    const drops: unknown[] = [];
    sender.on('drop', (dropped) => drops.push(dropped));
    const large = Array.from({ length: 120 }, (_, i) =>
      event(0, { http_url: 'x'.repeat(MAX_PAYLOAD_LENGTH - 150 + i) }),
    );
    await pipeline(Readable.from(large), sender);
    expect(drops.length).toBeGreaterThan(0);
    expect(drops).toEqual(large.slice(-drops.length));
    const batches = await receiver.batches(large.length - drops.length);
    expect(urls(batches)).toEqual(large.slice(0, -drops.length).map(({ http_url }) => http_url));
  });
});

test('end() waits until all is written, and closes the connection', async () => {
  const sender = makeSender();
  for (const event of events(12)) sender.write(event);
  sender.end();
  await once(sender, 'finish');
  expect(counts(await receiver.batches(2))).toEqual([10, 2]);
  await until('the connection is closed', () => receiver.open === 0);
});

test('destroy() closes the connection, and what is pending is not sent', async () => {
  const sender = makeSender({ batchSize: 2 });
  for (const event of events(3)) sender.write(event);
  await receiver.batches(1);
  sender.destroy();
  await until('the connection is closed', () => receiver.open === 0);
  const next = makeSender();
  next.end(event(9));
  expect(urls(await receiver.batches(1))).toEqual([event(9).http_url]);
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
  ['retryDelayMs', '5'],
  ['attempts', 0],
])('the option %s: %j is refused', (option, value) => {
  expect(thrown(() => new BoundaryLogSender({ [option]: value }))).toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringMatching(new RegExp(`^BoundaryLogSender: ${option}: got `)),
  });
});

test.each([0, 1, 2, 3, 4])(
  'destroyed %d turns after a write, it leaves no connection open',
  async (turns) => {
    const sender = makeSender({ batchSize: 1 });
    sender.write(event());
    for (let i = 0; i < turns; i++) await null;
    sender.destroy();
    await once(sender, 'close');
    // Whoever connects now comes after all that the sender may still do.
    const after = connect(socketPath);
    await once(after, 'connect');
    after.destroy();
    await until('no connection is open', () => receiver.connections > 0 && receiver.open === 0);
  },
);

test('batches that are sent by time hold the writer back, too, while they cannot be sent', async () => {
  await receiver.stop();
  const sender = makeSender({ batchDelayMs: 1 });
  let n = 0;
  await until('write() says "enough"', () => !sender.write(event(n++)));
  expect(n).toBeLessThan(100);
  receiver = await Receiver.start(socketPath);
  const [batch] = await receiver.batches(1);
  expect(batch?.count).toBeGreaterThan(0);
});

test('drops after the last batch are told at the end', async () => {
  const sender = makeSender();
  sender.on('drop', () => undefined);
  sender.write(event());
  await receiver.stop();
  receiver = await Receiver.start(socketPath);
  sender.write('nonsense');
  sender.end();
  expect((await receiver.batches(1))[0]?.count).toBe(1);
  expect(await receiver.next()).toMatchObject({ kind: 'status', droppedBatchFull: 1n });
});

test.each(['sessionId', 'confinedProcessName', 'socketPath'])(
  '%s with half a character is refused',
  (option) => {
    expect(thrown(() => new BoundaryLogSender({ [option]: '\ud800' }))).toMatchObject({
      code: 'ERR_INVALID_OPTION',
    });
  },
);
