import { once } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import {
  type BoundaryEvent,
  BoundaryLogSender,
  type BoundaryLogSenderOptions,
  eventsOf,
  type SenderDropReason,
} from '../../../lib/index.js';
import { ScriptedReceiver } from '../../helpers/scripted-receiver.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const NEVER_MS = 2 ** 31 - 1;
const nextPath = tempPaths();

let receiver: ScriptedReceiver;
let sender: BoundaryLogSender;
let drops: [BoundaryEvent, string, SenderDropReason][];

beforeEach(() => {
  receiver = new ScriptedReceiver(nextPath());
  drops = [];
});
afterEach(() => {
  sender.destroy();
  receiver.close();
});

function makeSender(options: BoundaryLogSenderOptions = {}): void {
  const socketPath = receiver.path;
  sender = new BoundaryLogSender({
    socketPath,
    overflow: 'drop',
    batchDelayMs: NEVER_MS,
    maxDelayMs: 1,
    ...options,
  });
  sender.on('drop', (event, error, reason) => drops.push([event as BoundaryEvent, error.code, reason]));
}

let written = 0;
beforeEach(() => {
  written = 0;
});

/** Writes so many events, numbered from 0. With overflow: 'drop', write() is always true. */
function write(n: number, length = 0): void {
  for (let i = 0; i < n; i++) {
    const http_url = `https://example.com/${'x'.repeat(length)}`;
    expect(sender.write({ decision: 'allow', sequence_number: written++, http_url })).toBe(true);
  }
}

const dropped = () => sender.accounts().dropped;
const batches = () =>
  receiver.batches.map((batch) => eventsOf(batch).map(({ sequence_number }) => sequence_number));
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

test('while nobody listens: one batch is kept, the rest is dropped as boundary drops it, and reported once', async () => {
  makeSender();
  write(35);
  // The first attempt has not failed yet: 10 events are in the batch, and 20 in the queue.
  expect(dropped()).toMatchObject({ channel_full: 5, batch_full: 0 });
  await until('the attempt has failed', () => dropped().batch_full > 0);
  expect(dropped()).toMatchObject({ channel_full: 5, batch_full: 20 });
  expect(drops.slice(0, 5).map(([event, ...why]) => [event.sequence_number, ...why])).toEqual(
    numbers(30, 35).map((number) => [number, 'ERR_SENDER_FULL', 'channel_full']),
  );
  expect(drops.slice(5).map(([event, ...why]) => [event.sequence_number, ...why])).toEqual(
    numbers(10, 30).map((number) => [number, 'ERR_SENDER_FULL', 'batch_full']),
  );
  await receiver.listen();
  await until('the drops are reported', () => receiver.reports.length > 0);
  expect(batches()).toEqual([numbers(0, 10)]);
  expect(receiver.reports).toMatchObject([{ droppedChannelFull: 5n, droppedBatchFull: 20n }]);
  write(10);
  await until('the next batch has arrived', () => batches().length === 2);
  sender.end();
  await once(sender, 'finish');
  await until('the connection is closed', () => receiver.connections[0]?.isComplete);
  expect(receiver.connections[0]?.outcomes.map(({ kind }) => kind)).toEqual(['logs', 'status', 'logs']);
  expect(sender.accounts()).toMatchObject({ written: 45, sent: 20, left: 0 });
});

test('while the socket accepts everything at once, nothing is dropped, also in one turn', async () => {
  await receiver.listen();
  makeSender();
  write(10);
  await until('it has connected', () => sender.accounts().sent === 10);
  write(200);
  expect(sender.accounts()).toMatchObject({ sent: 210, left: 0 });
  expect(drops).toEqual([]);
});

test('while the receiver does not read: the queue fills, and later events are dropped as channel_full', async () => {
  await receiver.listen();
  receiver.stall();
  makeSender({ batchSize: 1 });
  write(1);
  await until('it has connected', () => sender.accounts().sent === 1);
  write(20, 30_000);
  const { sent, left, dropped } = sender.accounts();
  // A batch of one event is being sent, and two events wait.
  expect(left).toBe(3);
  expect(dropped).toEqual({ channel_full: 21 - sent - 3, batch_full: 0, too_large: 0, invalid: 0 });
  expect(dropped.channel_full).toBeGreaterThan(0);
  receiver.resume();
  sender.end();
  await once(sender, 'finish');
  await until('the drops are reported', () => receiver.reports.length > 0);
  expect(batches().flat()).toHaveLength(sent + 3);
  expect(receiver.reports).toMatchObject([
    { droppedChannelFull: BigInt(dropped.channel_full), droppedBatchFull: 0n },
  ]);
});

test('a batch that could not be sent is filled up before events are dropped', async () => {
  makeSender({ batchDelayMs: 1 });
  // The delay before the next attempt is random.
  const random = jest.spyOn(Math, 'random');
  write(3);
  await until('an attempt has failed', () => random.mock.calls.length > 0);
  random.mockRestore();
  write(4);
  await receiver.listen();
  await until('all have arrived', () => batches().flat().length === 7);
  expect(batches().flat()).toEqual(numbers(0, 7));
  expect(drops).toEqual([]);
});

test('events that are not valid are counted and reported as well', async () => {
  await receiver.listen();
  makeSender({ batchSize: 2 });
  sender.write('nonsense' as never);
  sender.write({ decision: 'allow', session_id: 's'.repeat(40_000) });
  write(2);
  await until('the drops are reported', () => receiver.reports.length > 0);
  expect(receiver.reports).toMatchObject([{ droppedChannelFull: 0n, droppedBatchFull: 2n }]);
  expect(dropped()).toEqual({ channel_full: 0, batch_full: 0, too_large: 1, invalid: 1 });
});

test('a report that could not be written is sent after the next batch', async () => {
  await receiver.listen();
  makeSender({ batchSize: 1, writeTimeoutMs: 30 });
  write(1);
  await until('it has connected', () => receiver.connections.length === 1);
  receiver.stall();
  write(40, 30_000);
  await until('it has connected again', () => receiver.connections.length > 1);
  receiver.resume();
  sender.end();
  await once(sender, 'finish');
  await until('all is read', () => receiver.connections.every(({ isComplete }) => isComplete));
  const reported = receiver.reports.reduce(
    (sum, report) => sum + Number(report.droppedChannelFull + report.droppedBatchFull),
    0,
  );
  const { channel_full, batch_full } = dropped();
  expect(reported).toBe(channel_full + batch_full);
  expect(batches().flat()).toHaveLength(sender.accounts().sent);
});
