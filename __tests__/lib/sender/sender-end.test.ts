import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  type BoundaryEvent,
  BoundaryLogSender,
  type BoundaryLogSenderOptions,
  eventsOf,
} from '../../../lib/index.js';
import { ScriptedReceiver } from '../../helpers/scripted-receiver.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const nextPath = tempPaths();

let receiver: ScriptedReceiver;
let sender: BoundaryLogSender;

beforeEach(() => {
  receiver = new ScriptedReceiver(nextPath());
});
afterEach(() => {
  sender.destroy();
  receiver.close();
  jest.useRealTimers();
});

function makeSender(options: BoundaryLogSenderOptions = {}): BoundaryLogSender {
  sender = new BoundaryLogSender({ socketPath: receiver.path, maxDelayMs: 1, ...options });
  return sender;
}

/** Only timers are fake: sockets work, and time passes when a test says so. */
function useFakeTimers(): void {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
}

const event = (i: number, length = 0): BoundaryEvent => ({
  decision: 'allow',
  sequence_number: i,
  http_url: `https://example.com/${'x'.repeat(length)}`,
});
/** More than the buffer of a socket holds. */
const LARGE = 30_000;
const events = (n: number, length = 0) => Array.from({ length: n }, (_, i) => event(i, length));

const numbers = () =>
  receiver.batches.flatMap((batch) => eventsOf(batch).map(({ sequence_number }) => sequence_number));

describe('end() fails with ERR_SEND_FAILED and the number of events left', () => {
  test('if no receiver appears within closeTimeoutMs, also if events wait in the buffer of the stream', async () => {
    makeSender({ batchSize: 2, closeTimeoutMs: 300 });
    for (const event of events(40)) sender.write(event);
    sender.end();
    const [error] = await once(sender, 'error');
    expect(error).toMatchObject({ code: 'ERR_SEND_FAILED', cause: { code: 'ENOENT' } });
    expect(error.message).toMatch(
      /^cannot send to \S+ within 300 ms of its end: .*connect ENOENT .* Events left: 40\. Does a proxy listen/,
    );
    expect(sender.accounts()).toMatchObject({ written: 40, sent: 0, left: 40 });
  });

  test('if connections are refused', async () => {
    await receiver.listen();
    receiver.refuse();
    makeSender({ closeTimeoutMs: 300 }).end(event(0));
    const [error] = await once(sender, 'error');
    expect(error).toMatchObject({ code: 'ERR_SEND_FAILED', cause: { code: 'ECONNREFUSED' } });
    expect(error.message).toContain('Events left: 1.');
  });

  test('if the receiver does not read', async () => {
    await receiver.listen();
    receiver.stall();
    makeSender({ batchSize: 1, closeTimeoutMs: 30 });
    for (const large of events(20, LARGE)) sender.write(large);
    await until('some are sent', () => sender.accounts().sent > 0);
    sender.end();
    const [error] = await once(sender, 'error');
    const { written, sent, left } = sender.accounts();
    expect(error.code).toBe('ERR_SEND_FAILED');
    expect(error.message).toContain(`the receiver does not read. Events left: ${left}.`);
    expect([written, sent + left]).toEqual([20, 20]);
    expect(left).toBeGreaterThan(0);
    // Exactly what counts as sent can be read. What was given up is not complete.
    receiver.resume();
    await until('all is read', () => receiver.connections[0]?.isComplete);
    expect(numbers()).toEqual(Array.from({ length: sent }, (_, i) => i));
  });

  test('if the receiver goes away for good', async () => {
    await receiver.listen();
    makeSender({ batchSize: 1, closeTimeoutMs: 30 });
    sender.write(event(0));
    await until('it has arrived', () => numbers().length === 1);
    receiver.close();
    await until('the connection is closed', () => receiver.connections[0]?.socket.destroyed);
    sender.write(event(1));
    sender.end(event(2));
    await once(sender, 'error');
    const { sent, left } = sender.accounts();
    expect(sent + left).toBe(3);
    expect(left).toBeGreaterThan(0);
  });

  test.each(['block', 'drop'] as const)('for a pipeline as well, with overflow: %s', async (overflow) => {
    makeSender({ overflow, closeTimeoutMs: 30 });
    await expect(pipeline(Readable.from(events(15)), sender)).rejects.toMatchObject({
      code: 'ERR_SEND_FAILED',
    });
    const { written, dropped, left } = sender.accounts();
    expect(written).toBe(15);
    expect(dropped.channel_full + dropped.batch_full + left).toBe(15);
  });

  test('to the callback of end(), and to those of the writes', async () => {
    makeSender({ batchSize: 1, closeTimeoutMs: 30 }).on('error', () => undefined);
    const results = [
      new Promise((resolve) => sender.write(event(0), resolve)),
      new Promise((resolve) => sender.write(event(1), resolve)),
      new Promise((resolve) => sender.end(resolve)),
    ];
    for (const error of await Promise.all(results)) expect(error).toMatchObject({ code: 'ERR_SEND_FAILED' });
  });
});

describe('the time of end()', () => {
  test('is counted from the first connection, if that is later', async () => {
    useFakeTimers();
    const writeTimeoutMs = Number.POSITIVE_INFINITY;
    makeSender({ batchSize: 1, maxDelayMs: 500, closeTimeoutMs: 60_000, writeTimeoutMs });
    const onError = jest.fn<(error: Error) => void>();
    sender.on('error', onError);
    for (const large of events(20, LARGE)) sender.write(large);
    sender.end();
    await jest.advanceTimersByTimeAsync(50_000);
    receiver.stall();
    await receiver.listen();
    await until('it has connected', async () => {
      await jest.advanceTimersByTimeAsync(20);
      return sender.accounts().sent > 0;
    });
    await jest.advanceTimersByTimeAsync(59_000);
    expect(onError).not.toHaveBeenCalled();
    await jest.advanceTimersByTimeAsync(1000);
    expect(onError.mock.lastCall?.[0]).toMatchObject({ code: 'ERR_SEND_FAILED' });
  });

  test('is not extended by further connections', async () => {
    useFakeTimers();
    await receiver.listen();
    makeSender({ batchSize: 1, closeTimeoutMs: 5000, writeTimeoutMs: 1000 });
    const onError = jest.fn<(error: Error) => void>();
    sender.on('error', onError);
    receiver.stall();
    for (const large of events(60, LARGE)) sender.write(large);
    sender.end();
    await until('it has connected several times', async () => {
      await jest.advanceTimersByTimeAsync(100);
      return sender.destroyed;
    });
    expect(receiver.connections.length).toBeGreaterThan(2);
    expect(onError.mock.lastCall?.[0]).toMatchObject({ code: 'ERR_SEND_FAILED' });
  });

  test('ends with the stream: no timer is left', async () => {
    useFakeTimers();
    await receiver.listen();
    makeSender().end(event(0));
    await once(sender, 'close');
    expect(jest.getTimerCount()).toBe(0);
    expect(sender.accounts()).toMatchObject({ written: 1, sent: 1, left: 0 });
  });

  test('may be unlimited', async () => {
    useFakeTimers();
    const closeTimeoutMs = Number.POSITIVE_INFINITY;
    makeSender({ closeTimeoutMs, maxDelayMs: 5000 }).end(event(0));
    await jest.advanceTimersByTimeAsync(60_000);
    await receiver.listen();
    await until('it has finished', async () => {
      await jest.advanceTimersByTimeAsync(100);
      return sender.writableFinished;
    });
  });

  test('is the same when end() is called twice', async () => {
    makeSender({ closeTimeoutMs: 30 });
    sender.end(event(0));
    sender.end();
    expect(await once(sender, 'error')).toMatchObject([{ code: 'ERR_SEND_FAILED' }]);
  });
});

test('a sender whose receiver appears late sends everything', async () => {
  makeSender({ batchSize: 3 });
  const written = pipeline(Readable.from(events(100)), sender);
  await until('an attempt has failed', () => sender.writableNeedDrain);
  await receiver.listen();
  await written;
  await until('all have arrived', () => numbers().length === 100);
  expect(numbers()).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

describe('destroy()', () => {
  test('reports no error; the accounts tell how many events are left, and callbacks of writes fail', async () => {
    makeSender({ batchSize: 1, initialDelayMs: 60_000, maxDelayMs: 60_000 });
    const onError = jest.fn();
    sender.on('error', onError);
    const written = events(30).map((event) => new Promise((resolve) => sender.write(event, resolve)));
    expect(sender.accounts()).toMatchObject({ written: 30, sent: 0, left: 30 });
    sender.destroy();
    await once(sender, 'close');
    for (const error of await Promise.all(written)) expect(error).toBeInstanceOf(Error);
    expect(onError).not.toHaveBeenCalled();
    expect(sender.accounts()).toMatchObject({ written: 30, sent: 0, left: 30 });
  });

  test('in a listener of `drop`, the accounts count its event once', async () => {
    makeSender();
    sender.on('drop', () => sender.destroy());
    sender.write(event(0));
    sender.write('nonsense' as never);
    sender.write(event(1));
    await once(sender, 'close');
    const { written, dropped, left } = sender.accounts();
    expect([written, dropped.invalid, left]).toEqual([2, 1, 1]);
  });

  test('an error given to it is the error of the stream', async () => {
    const error = new Error('mine');
    makeSender().write(event(0));
    sender.destroy(error);
    expect(await once(sender, 'error')).toEqual([error]);
  });
});

describe('a stalled write is given up after writeTimeoutMs', () => {
  test('its connection is closed, and its batch is sent again on the next one: each event arrives once', async () => {
    await receiver.listen();
    receiver.stall();
    makeSender({ batchSize: 1, writeTimeoutMs: 30 });
    const written = pipeline(Readable.from(events(20, LARGE)), sender);
    await until('it has connected again', () => receiver.connections.length > 1);
    receiver.resume();
    await written;
    await until('all is read', () => receiver.connections.every(({ isComplete }) => isComplete));
    expect(numbers()).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(sender.accounts()).toMatchObject({ written: 20, sent: 20, left: 0 });
  });

  test('that is an attempt: the stream fails when the attempts are used up', async () => {
    await receiver.listen();
    receiver.stall();
    makeSender({ batchSize: 1, writeTimeoutMs: 10, attempts: 1 });
    for (const large of events(20, LARGE)) sender.write(large);
    const [error] = await once(sender, 'error');
    expect(error).toMatchObject({ code: 'ERR_SEND_FAILED', cause: { code: 'ERR_WRITE_TIMEOUT' } });
    expect(error.message).toContain('the receiver has not read a frame within 10 ms');
  });
});
