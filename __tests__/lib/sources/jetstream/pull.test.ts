import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { Pull, type PullOptions, type Room } from '../../../../lib/sources/jetstream/pull.js';

const INBOX = '_INBOX.x';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** A pull whose server is a test. */
function made(options: Partial<PullOptions> = {}) {
  const requests: { batch: number; max_bytes: number; expires: number; idle_heartbeat: number }[] = [];
  let callback: (error: Error | null, message: Msg) => void = () => undefined;
  let drained = false;
  const connection = {
    publish: (subject: string, payload: string, { reply }: { reply: string }) => {
      expect([subject, reply]).toEqual(['$JS.API.CONSUMER.MSG.NEXT.s.c', INBOX]);
      requests.push(JSON.parse(payload));
    },
    subscribe: (_inbox: string, given: { callback: typeof callback }) => {
      callback = given.callback;
      return {
        drain: async () => {
          drained = true;
        },
      };
    },
    isClosed: () => false,
  };
  const room: { -readonly [K in keyof Room]: Room[K] } = { messages: 8, bytes: 1000 };
  const received: Msg[] = [];
  const failures: string[] = [];
  let idle = 0;
  const pull = new Pull(connection as unknown as NatsConnection, INBOX, {
    ...{ stream: 's', consumer: 'c', minMessages: 2, minBytes: 100 },
    ...{ maxMessages: Number.POSITIVE_INFINITY, maxExpiresMs: Number.POSITIVE_INFINITY },
    room: () => room,
    message: (message) => received.push(message),
    idle: () => (idle += 1),
    failed: ({ message }) => failures.push(message),
    ...options,
  });
  return {
    ...{ pull, requests, room, received, failures },
    idle: () => idle,
    drained: () => drained,
    deliver: (n = 1) => {
      for (let i = 0; i < n; i++) {
        room.messages -= 1;
        callback(null, { subject: 'boundary.logs.a' } as Msg);
      }
    },
    say: (code: number, description = '') =>
      callback(null, { subject: INBOX, headers: { code, description } } as unknown as Msg),
    fail: (error: Error) => callback(error, {} as Msg),
  };
}

test('it asks for as much as there is room for, and again when that has arrived and there is room', () => {
  const { pull, requests, room, received, deliver } = made();
  expect(requests).toEqual([{ batch: 8, max_bytes: 1000, expires: 30e9, idle_heartbeat: 5e9 }]);
  deliver(7);
  pull.more();
  expect([requests.length, received.length]).toEqual([1, 7]);
  deliver();
  expect(requests).toHaveLength(1);
  // One place is not worth a request.
  room.messages = 1;
  pull.more();
  expect(requests).toHaveLength(1);
  room.messages = 2;
  room.bytes = 99;
  pull.more();
  expect(requests).toHaveLength(1);
  room.bytes = 100;
  pull.more();
  expect(requests[1]).toMatchObject({ batch: 2, max_bytes: 100 });
});

test('it keeps to the limits of the consumer', () => {
  const { requests } = made({ maxMessages: 3, maxExpiresMs: 1500 });
  expect(requests).toEqual([{ batch: 3, max_bytes: 1000, expires: 1.5e9, idle_heartbeat: 0.75e9 }]);
});

describe('what the server says about a request', () => {
  test.each<[number, string, number, number, string | undefined]>([
    // requests, whether the consumer answered, failure
    [100, 'Idle Heartbeat', 1, 1, undefined],
    [404, 'No Messages', 2, 1, undefined],
    [408, 'Request Timeout', 2, 1, undefined],
    [409, 'Message Size Exceeds MaxBytes', 2, 0, undefined],
    [409, 'Batch Completed', 2, 0, undefined],
    [409, 'Consumer Deleted', 1, 0, 'refuses to deliver: 409 Consumer Deleted'],
    [409, 'Exceeded MaxWaiting', 1, 0, 'refuses to deliver: 409 Exceeded MaxWaiting'],
    [409, 'Server Shutdown', 1, 0, 'refuses to deliver: 409 Server Shutdown'],
    [400, 'Bad Request', 1, 0, 'refuses to deliver: 400 Bad Request'],
    [503, '', 1, 0, 'does not answer: JetStream is not enabled, or the stream is not available'],
  ])('%i %s', (code, description, asked, answers, failure) => {
    const { requests, idle, failures, say, pull } = made();
    say(code, description);
    expect([requests.length, idle()]).toEqual([asked, answers]);
    expect(failures).toEqual(failure === undefined ? [] : [`the consumer c of the stream s ${failure}`]);
    expect(pull.heard).toBe(1);
    // It fails once, and asks for nothing after that.
    if (failure === undefined) return;
    say(code, description);
    pull.more();
    expect([failures.length, requests.length]).toEqual([1, 1]);
  });

  test('an error of the subscription', () => {
    const { failures, fail } = made();
    fail(new Error('Permissions Violation'));
    expect(failures).toEqual([
      'the consumer c of the stream s may not receive messages: Permissions Violation',
    ]);
  });

  test('nothing for two heartbeats and a half is a failure, but only while a request is open', () => {
    const { failures, say, deliver, room } = made();
    jest.advanceTimersByTime(10_000);
    say(100);
    jest.advanceTimersByTime(12_400);
    expect(failures).toEqual([]);
    deliver(8);
    jest.advanceTimersByTime(100_000);
    expect(failures).toEqual([]);
    room.messages = 8;
    say(404);
    jest.advanceTimersByTime(15_100);
    expect(failures).toEqual(['the consumer c of the stream s has been silent for 12.5 s']);
  });
});

test('after stop() it asks for nothing, and waits for what is under way', async () => {
  const { pull, requests, room, received, failures, deliver, say, drained } = made();
  const stopped = Promise.all([pull.stop(), pull.stop()]);
  deliver(2);
  say(409, 'Consumer Deleted');
  room.messages = 8;
  pull.more();
  await stopped;
  jest.advanceTimersByTime(100_000);
  expect([requests.length, received.length, failures, drained()]).toEqual([1, 2, [], true]);
});
