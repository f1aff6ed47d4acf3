import { expect, test } from '@jest/globals';
import type { NatsConnection } from '@nats-io/transport-node';
import type { BoundaryLogError } from '../../../../lib/errors.js';
import { Header } from '../../../../lib/nats/message.js';
import { Custody } from '../../../../lib/sources/jetstream/custody.js';
import { logBatch } from '../../../helpers/messages.js';

function made() {
  const published: string[] = [];
  const rejected: BoundaryLogError[] = [];
  const custody = new Custody(
    (error) => rejected.push(error),
    () => undefined,
  );
  custody.answers.connected({
    ...{ info: { version: '2.11.0' }, isClosed: () => false, flush: () => new Promise(() => undefined) },
    publish: (subject: string, payload: string) =>
      published.push(`${subject.split('.').slice(-5)} ${payload}`),
  } as unknown as NatsConnection);
  return { custody, published, rejected };
}

/** A message of a stream. @param stored When it was stored. */
const message = (
  sequence: number,
  deliveries = 1,
  { stored = 1000, data = logBatch(1, sequence).raw } = {},
) => ({
  reply: `$JS.ACK.s.c.${deliveries}.${sequence}.9.${stored}.0`,
  data,
  headers: { get: (name: string) => (name === Header.TAG ? '2' : '') } as never,
});

test('a batch is here until it is settled, and is settled once', () => {
  const { custody, published } = made();
  const batch = custody.receive(message(5), true);
  expect(batch).toEqual(logBatch(1, 5));
  expect([custody.held.size, custody.held.bytes]).toEqual([1, batch?.byteLength]);
  custody.rejected(batch as never, 'line\nbreak\u00e9'.padEnd(500, 'x'));
  custody.accepted(batch as never);
  expect([custody.held.size, custody.held.bytes, published.length]).toEqual([0, 0, 1]);
  expect(published[0]).toMatch(/^1,5,9,1000,0 \+TERM line break x{189}$/);
});

test('a message that is here is not accepted twice, and is answered where the server expects it now', () => {
  const { custody, published } = made();
  const batch = custody.receive(message(5), true);
  expect(custody.receive(message(5, 2), true)).toBeUndefined();
  // Not even when nothing more is wanted: somebody is still working on it.
  expect(custody.receive(message(5, 3), false)).toBeUndefined();
  custody.accepted(batch as never);
  expect(published).toEqual(['3,5,9,1000,0 +ACK']);
});

test('a message that was accepted, but whose answer may be lost, is answered again', () => {
  const { custody, published } = made();
  custody.accepted(custody.receive(message(5), true) as never);
  expect(custody.receive(message(5, 2), true)).toBeUndefined();
  expect(published).toEqual(['1,5,9,1000,0 +ACK', '2,5,9,1000,0 +ACK']);
});

test('a message with the same number in another stream of the name is another message', () => {
  const { custody } = made();
  custody.receive(message(5), true);
  expect(custody.receive(message(5, 1, { stored: 2000 }), true)).toBeDefined();
  expect(custody.held.size).toBe(2);
});

test('what is not wanted is given back at once', () => {
  const { custody, published } = made();
  expect(custody.receive(message(5), false)).toBeUndefined();
  expect([custody.held.size, published]).toEqual([0, ['1,5,9,1000,0 -NAK']]);
});

test('what was given back is accepted when it is delivered again', () => {
  const { custody } = made();
  custody.returned(custody.receive(message(5), true) as never, 0);
  const again = custody.receive(message(5, 2), true);
  expect(custody.held.ofBatch(again as never)?.deliveries).toBe(2);
});

test('what nobody waits for an answer to is ignored', () => {
  const { custody, published, rejected } = made();
  for (const reply of [undefined, '', '_INBOX.a'])
    expect(custody.receive({ ...message(5), reply } as never, true)).toBeUndefined();
  expect([published, rejected]).toEqual([[], []]);
});

test('the end gives back everything', () => {
  const { custody, published } = made();
  for (const n of [1, 2, 3]) custody.receive(message(n), true);
  custody.returnAll();
  expect([custody.held.size, published.map((one) => one.slice(-4))]).toEqual([0, ['-NAK', '-NAK', '-NAK']]);
});
