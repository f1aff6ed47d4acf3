import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { commands } from '../../helpers/processes.js';
import { ScriptedReceiver } from '../../helpers/scripted-receiver.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

let receiver: ScriptedReceiver;

beforeEach(async () => {
  receiver = new ScriptedReceiver(path());
  await receiver.listen();
});
afterEach(() => receiver.close());

/** So many lines of JSON. Each event takes nearly half of a frame. */
const input = (n: number) =>
  `${JSON.stringify({ decision: 'deny', http_url: 'x'.repeat(15_000) })}\n`.repeat(n);

describe('send exits with 1 and says how many events are left', () => {
  test('5 s after the end of its input, if the receiver does not read', async () => {
    receiver.stall();
    const sent = start(['send', '--socket', receiver.path]);
    // A socket holds fewer, and the streams of the command hold the rest.
    sent.child.stdin.end(input(24));
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(
      /^error: ERR_SEND_FAILED: cannot send to \S+ within 5000 ms of its end: the receiver does not read\. Events left: [1-9]\d*\. Does a proxy listen on it\?\n$/,
    );
  });

  test('at once, if the receiver goes away', async () => {
    const sent = start(['send', '--socket', receiver.path]);
    sent.child.stdin.write(input(2));
    await until('the first batch has arrived', async () => {
      sent.child.stdin.write(input(1));
      return receiver.batches.length > 0;
    });
    receiver.close();
    await until('the connection is closed', () => receiver.connections[0]?.socket.destroyed);
    sent.child.stdin.end(input(4));
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(/^error: ERR_SEND_FAILED: cannot send to .* Events left: [1-9]\d*\. Does/);
  });
});

test('send waits for a receiver that reads slowly, and exits with 0', async () => {
  receiver.stall();
  const sent = start(['send', '--socket', receiver.path]);
  sent.child.stdin.end(input(24));
  await until('it has connected', () => receiver.connections.length > 0);
  receiver.resume();
  expect(await sent.ended).toBe(0);
  expect(sent.stderr()).toBe('sent 24 events\n');
  await until('all is read', () => receiver.connections[0]?.isComplete);
  expect(receiver.batches.reduce((sum, { count }) => sum + count, 0)).toBe(24);
});
