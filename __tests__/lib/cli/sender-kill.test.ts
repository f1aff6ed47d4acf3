import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { BoundaryLogSender } from '../../../lib/index.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { numbersIn, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const EVENTS = 100_000;
/** A kill follows each of these events. */
const KILLS = [1, 2, 3, 4, 5].map((n) => (n * EVENTS) / 6);
/** No event takes fewer bytes in a frame. */
const EVENT_BYTES = 48;
const BATCH = 10;
/**
 * How many events a dead receiver may take with it. It cannot be fewer: without acknowledgements, a sender only knows that
 * the operating system has accepted a frame. The rest of its way is in the socket's buffer and in the receiver.
 */
const MAX_LOST =
  // The default of net.core.wmem_default, and two chunks: one that is being parsed, and one behind it.
  (212_992 + 2 * 65_536) / EVENT_BYTES +
  // Batches in the buffer, and those that are being written to the file.
  (100 + 16) * BATCH;

test('five kills of the receiver lose only what the dead ones held: their sockets, their buffers and their chunks', async () => {
  const socket = path();
  const lives: { served: Running; file: string }[] = [];
  /** How many events were sent when each life had ended: to that receiver, or to an earlier one. */
  const sentAtEnd: number[] = [];

  const startNext = () => {
    const file = path();
    const through = ['sh', '-c', `exec "$@" >${file}`, 'sh'];
    const args = ['serve', '--socket', socket, '--metrics', 'off', '--overflow', 'block'];
    const served = start(args, { through });
    lives.push({ served, file });
    return served;
  };

  const sender = new BoundaryLogSender({ socketPath: socket, sessionId: 's', maxDelayMs: 100 });
  const killed: Promise<void>[] = [];
  const kill = async () => {
    const { served } = lives.at(-1) as (typeof lives)[number];
    // Every other one is stopped before, so that its socket is as full as possible.
    if (lives.length % 2 === 0) {
      served.child.kill('SIGSTOP');
      let before = -1;
      await until('the sender has to wait', async () => {
        const isWaiting = sender.accounts().sent === before;
        before = sender.accounts().sent;
        await sleep(20);
        return isWaiting;
      });
    }
    served.child.kill('SIGKILL');
    await served.ended;
    sentAtEnd.push(sender.accounts().sent);
    startNext();
  };
  function* events() {
    const kills = new Set(KILLS.map(Math.floor));
    for (let i = 0; i < EVENTS; i++) {
      // The sender continues meanwhile. It has to notice by itself, and to wait for the next receiver.
      if (kills.has(i)) killed.push(kill());
      yield { decision: 'allow', http_method: 'GET', http_url: `https://example.com/${i}` };
    }
  }
  await listening(startNext(), socket);
  await pipeline(Readable.from(events()), sender);
  await Promise.all(killed);
  await stopped(lives.at(-1)?.served as Running);

  expect(sender.accounts()).toMatchObject({ written: EVENTS, sent: EVENTS, left: 0 });
  expect(lives).toHaveLength(KILLS.length + 1);
  const ends = [...sentAtEnd, EVENTS];
  const lost = lives.map(({ file }, life) => {
    const numbers = numbersIn(readFileSync(file, 'utf8'));
    const first = ends[life - 1] ?? 0;
    // Each life has what was sent to it from the first event on, in order, without a gap, and nothing twice.
    expect(numbers).toEqual(upTo(numbers.length).map((i) => first + i));
    return (ends[life] as number) - first - numbers.length;
  });
  // The last one was not killed.
  expect(lost.at(-1)).toBe(0);
  for (const count of lost) expect(count).toBeLessThanOrEqual(MAX_LOST);
}, 120_000);
