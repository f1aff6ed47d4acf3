import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type BoundaryEvent, eventsOf } from '../../../lib/index.js';
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
    const sent = start(['send', '--wait', '0', '--socket', receiver.path]);
    // A socket holds fewer, and the streams of the command hold the rest.
    sent.child.stdin.end(input(24));
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(
      /^sent \d+ events\nerror: ERR_SEND_FAILED: cannot send to \S+ within 5000 ms of its end: the receiver does not read\. Events left: [1-9]\d*\. Does a proxy listen on it\?\n$/,
    );
  });

  test('at once, if the receiver goes away', async () => {
    const sent = start(['send', '--wait', '0', '--socket', receiver.path]);
    sent.child.stdin.write(input(2));
    await until('the first batch has arrived', async () => {
      sent.child.stdin.write(input(1));
      return receiver.batches.length > 0;
    });
    receiver.close();
    await until('the connection is closed', () => receiver.connections[0]?.socket.destroyed);
    sent.child.stdin.end(input(4));
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(
      /^sent \d+ events\nerror: ERR_SEND_FAILED: cannot send to .* Events left: [1-9]\d*\. Does/,
    );
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

/** What arrived, in order. */
const urls = () =>
  receiver.batches.flatMap((batch) => eventsOf(batch).map(({ http_url }: BoundaryEvent) => http_url));

const event = (url: string) => JSON.stringify({ decision: 'deny', http_url: url });

describe('each line of the input is sent or reported', () => {
  test.each<[string, string | Buffer, string[], string[]]>([
    ['a byte order mark', `\ufeff${event('a')}\n`, ['a'], ['sent 1 events']],
    ['CRLF', `${event('a')}\r\n${event('b')}\r\n`, ['a', 'b'], ['sent 2 events']],
    ['blank lines', `\n  \n${event('a')}\n\n`, ['a'], ['sent 1 events']],
    ['no final line end', `${event('a')}\n${event('b')}`, ['a', 'b'], ['sent 2 events']],
    ['nothing', '', [], ['sent 0 events']],
    [
      'a line that is too long',
      `${event('a')}\n${event('x'.repeat(1 << 20))}\n${event('b')}\n`,
      ['a', 'b'],
      ['line 2: it has more than 1048576 characters', 'sent 2 events, skipped 1'],
    ],
    [
      'null, a number, a text and an array',
      `null\n${event('a')}\n7\n"text"\n[]\n`,
      ['a'],
      [
        'line 1: got null, expected an event, which is an object of JSON',
        'line 3: got 7, expected an event, which is an object of JSON',
        'line 4: got "text", expected an event, which is an object of JSON',
        'line 5: got [], expected an event, which is an object of JSON',
        'sent 1 events, skipped 4',
      ],
    ],
    [
      'objects that are not events',
      `{}\n{"decision":"perhaps"}\n${event('a')}\n`,
      ['a'],
      [
        'line 1: decision: got undefined, expected allow or deny',
        'line 2: decision: got "perhaps", expected allow or deny',
        'sent 1 events, skipped 2',
      ],
    ],
    [
      'a last line that is cut off',
      `${event('a')}\n\n${event('b').slice(0, 20)}`,
      ['a'],
      ['line 3: not valid JSON: ', 'sent 1 events, skipped 1'],
    ],
  ])('%s', async (_what, text, arrived, lines) => {
    const sent = start(['send', '--socket', receiver.path]);
    sent.child.stdin.end(text);
    expect(await sent.ended).toBe(lines.length === 1 ? 0 : 1);
    expect(sent.stderr().trimEnd().split('\n')).toEqual(
      lines.map((line) => expect.stringMatching(new RegExp(`^${escaped(line)}`))),
    );
    await until('all has arrived', () => arrived.length === 0 || receiver.connections[0]?.isComplete);
    expect(urls()).toEqual(arrived);
  });
});

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

describe('--wait', () => {
  test('from a pipe, send waits for a proxy that is not there yet', async () => {
    receiver.close();
    const sent = start(['send', '--socket', receiver.path]);
    sent.child.stdin.end(`${event('a')}\n`);
    // It has read the line, and its first attempt cannot be seen from outside.
    await once(sent.child.stdin, 'finish');
    await receiver.listen();
    expect(await sent.ended).toBe(0);
    expect(sent.stderr()).toBe('sent 1 events\n');
    await until('it has arrived', () => receiver.connections[0]?.isComplete);
    expect(urls()).toEqual(['a']);
  });

  test('send waits for a proxy that restarts', async () => {
    const sent = start(['send', '--socket', receiver.path]);
    sent.child.stdin.write(input(3));
    await until('the first batch has arrived', () => receiver.batches.length > 0);
    receiver.close();
    await until('the connection is closed', () => receiver.connections[0]?.socket.destroyed);
    sent.child.stdin.end(`${event('last')}\n`);
    await receiver.listen();
    expect(await sent.ended).toBe(0);
    await until('the last event has arrived', () => urls().at(-1) === 'last');
  });

  test.each([
    ['--wait 1 --sample 1', ['--wait', '1', '--sample', '1'], 900],
    ['--sample 1', ['--sample', '1'], 0],
  ])('%s without a proxy: fails after that time', async (_name, args, leastMs) => {
    const since = performance.now();
    const sent = start(['send', '--socket', path(), ...args]);
    expect(await sent.ended).toBe(1);
    expect(sent.stderr()).toMatch(/^sent 0 events\nerror: ERR_SEND_FAILED: .* Events left: 1\. Does a proxy/);
    // The next attempt would come after the time, by less than the longest delay.
    expect(performance.now() - since).toBeGreaterThan(leastMs - 500);
  });
});
