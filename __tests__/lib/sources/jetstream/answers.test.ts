import { describe, expect, test } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import { Answers } from '../../../../lib/sources/jetstream/answers.js';
import { until } from '../../../helpers/until.js';

/** A connection whose pings a test answers. */
class ScriptedConnection {
  readonly published: string[] = [];
  readonly pings: { resolve: () => void; reject: (error: Error) => void }[] = [];
  closed = false;
  readonly info: { version: string };

  constructor(version = '2.11.0') {
    this.info = { version };
  }

  publish(subject: string, payload: string): void {
    if (this.closed) throw new Error('closed');
    this.published.push(`${subject} ${payload}`);
  }

  flush(): Promise<void> {
    return new Promise((resolve, reject) => this.pings.push({ resolve, reject }));
  }

  isClosed(): boolean {
    return this.closed;
  }
}

function made(version?: string) {
  let works = 0;
  const answers = new Answers(() => (works += 1));
  const connection = new ScriptedConnection(version);
  answers.connected(connection as unknown as NatsConnection);
  return { answers, connection, works: () => works };
}

const connect = (answers: Answers) => {
  const connection = new ScriptedConnection();
  answers.connected(connection as unknown as NatsConnection);
  return connection;
};
const disconnect = (answers: Answers, connection: ScriptedConnection) => {
  connection.closed = true;
  answers.disconnected(connection as unknown as NatsConnection);
};
const pinged = (connection: ScriptedConnection, n = 1) =>
  until(`there are ${n} pings`, () => connection.pings.length === n);

describe('an answer', () => {
  test.each<[string, (answers: Answers) => void, string]>([
    ['acknowledges', (answers) => answers.acknowledge('k', 'r'), '+ACK'],
    ['gives back', (answers) => answers.giveBack('k', 'r', 0), '-NAK'],
    ['gives back later', (answers) => answers.giveBack('k', 'r', 1500), '-NAK {"delay":1500000000}'],
    ['terminates', (answers) => answers.terminate('k', 'r', 'no'), '+TERM no'],
    ['extends', (answers) => answers.extend('r'), '+WPI'],
  ])('%s', (_name, answer, payload) => {
    const { answers, connection } = made();
    answer(answers);
    expect(connection.published).toEqual([`r ${payload}`]);
  });

  test.each([
    ['2.9.10', '+TERM'],
    ['2.10.3', '+TERM'],
    ['2.10.4', '+TERM no'],
    ['2.10.20-RC.1', '+TERM no'],
    ['2.12.0', '+TERM no'],
    ['3.0.0', '+TERM no'],
    ['', '+TERM'],
    ['next', '+TERM'],
  ])('to a server %s terminates with %s', (version, payload) => {
    const { answers, connection } = made(version);
    answers.terminate('k', 'r', 'no');
    expect(connection.published).toEqual([`r ${payload}`]);
  });
});

test('one ping at a time confirms everything before it', async () => {
  const { answers, connection, works } = made();
  for (let i = 0; i < 100; i++) answers.acknowledge(`${i}`, 'r');
  await pinged(connection);
  answers.acknowledge('later', 'r');
  expect([answers.unconfirmed, works()]).toEqual([101, 0]);
  connection.pings[0]?.resolve();
  await pinged(connection, 2);
  expect([answers.unconfirmed, works()]).toEqual([1, 1]);
  const confirmed = answers.confirmed();
  connection.pings[1]?.resolve();
  await confirmed;
  expect([answers.unconfirmed, works(), connection.published.length]).toEqual([0, 2, 101]);
});

test('what was not confirmed is sent again on the next connection, and what was not sent at all', async () => {
  const { answers, connection, works } = made();
  answers.acknowledge('a', 'ra');
  await pinged(connection);
  disconnect(answers, connection);
  answers.giveBack('b', 'rb', 0);
  answers.extend('rc');
  const next = connect(answers);
  expect(next.published).toEqual(['ra +ACK', 'rb -NAK']);
  await pinged(next);
  // The answer to a ping of the connection that has ended says nothing.
  connection.pings[0]?.resolve();
  const confirmed = answers.confirmed();
  next.pings[0]?.resolve();
  await confirmed;
  expect([answers.unconfirmed, works()]).toEqual([0, 1]);
});

test('a connection that has ended unnoticed is not written to, and a ping that fails is not repeated on it', async () => {
  const { answers, connection } = made();
  connection.closed = true;
  answers.acknowledge('a', 'ra');
  expect([connection.published, connection.pings]).toEqual([[], []]);
  const next = connect(answers);
  await pinged(next);
  next.pings[0]?.reject(new Error('no'));
  await until('it is unconfirmed', () => answers.unconfirmed === 1);
  expect(next.pings).toHaveLength(1);
  answers.acknowledge('b', 'rb');
  await pinged(next, 2);
});

test('a refusal that is noticed after the answer to the ping counts', async () => {
  const { answers, connection, works } = made();
  answers.acknowledge('a', 'ra');
  await pinged(connection);
  connection.pings[0]?.resolve();
  await Promise.resolve();
  disconnect(answers, connection);
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect([answers.unconfirmed, works()]).toEqual([1, 0]);
});

describe('a message that is delivered again', () => {
  test('before its answer is confirmed is answered again, at its new address', () => {
    const { answers, connection } = made();
    answers.acknowledge('a', 'r1');
    answers.terminate('b', 'r2', 'no');
    expect([answers.repeat('a', 'r3'), answers.repeat('b', 'r4')]).toEqual([true, true]);
    expect(connection.published.slice(2)).toEqual(['r3 +ACK', 'r4 +TERM no']);
  });

  test('because it was given back is a new delivery', () => {
    const { answers, connection } = made();
    answers.giveBack('a', 'r1', 0);
    expect([answers.repeat('a', 'r2'), answers.unconfirmed]).toEqual([false, 0]);
    expect(connection.published).toEqual(['r1 -NAK']);
  });

  test('and is not known is a new delivery', () => {
    expect(made().answers.repeat('a', 'r')).toBe(false);
  });
});
