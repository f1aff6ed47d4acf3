import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { encodeLogs } from '../../../codec/index.js';
import { random } from '../../helpers/cuts.js';
import { request } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { seed } from '../../helpers/seed.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const KILLS = 50;
/** Logs in a batch. */
const LOGS = 3;
/** The load: so many batches at once at most, then a pause. */
const BURST = 12;
const PAUSE_MS = 10;
/** What was written so long before a kill was accepted: it must be reported. */
const ACCEPTED_MS = 350;
/**
 * How many batches one kill may take with it: what can be written in ACCEPTED_MS, about 2 MB. They were in the
 * socket's buffer (208 KiB), in the parser, or in memory: 1 MiB at most that waits for the write to disk that is
 * under way, and what is being written. A disk and a processor that keep up hold far fewer back.
 */
const MAX_LOST = (ACCEPTED_MS / PAUSE_MS + 1) * BURST;
/** So many batches the server reads from its spool at once. */
const GROUP = 64;
/**
 * How many batches may be reported again after one kill: the 16 that `serve` writes to a pipe at once, written but not
 * acknowledged yet; and one for each of the two groups that may be on their way to the disk.
 */
const MAX_AGAIN = 18;

/** Writes numbered batches of one session to whichever server listens, each once, and knows when it did. */
class Load {
  /** Of each batch, by its number: which life of the server it was written to, and when. */
  readonly written: { life: number; at: number }[] = [];
  readonly #socketPath: string;
  readonly #life: () => number;
  readonly #next: () => number;
  #ended: Promise<void> | undefined;
  #isOver = false;

  constructor(socketPath: string, life: () => number, next: () => number) {
    this.#socketPath = socketPath;
    this.#life = life;
    this.#next = next;
  }

  begin(): void {
    this.#ended = this.#run();
  }

  /** What was written gets through. */
  async end(): Promise<void> {
    this.#isOver = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      const socket = connect(this.#socketPath);
      const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
      socket.on('error', () => undefined);
      await Promise.race([once(socket, 'connect').catch(() => undefined), closed]);
      const life = this.#life();
      while (!this.#isOver && !socket.destroyed) {
        await this.#burst(socket, life);
        await Promise.race([sleep(PAUSE_MS), closed]);
      }
      socket.end();
      if (!this.#isOver) await sleep(PAUSE_MS);
    }
  }

  async #burst(socket: Socket, life: number): Promise<void> {
    const from = this.written.length;
    const batches = 4 + Math.floor(this.#next() * (BURST - 3));
    let done: Promise<unknown> = Promise.resolve();
    for (let n = from; n < from + batches; n++) {
      // As long as nothing says otherwise, a batch was not even taken by the socket.
      this.written.push({ life, at: Number.POSITIVE_INFINITY });
      done = new Promise((resolve) => socket.write(frame(n), resolve));
    }
    await done;
    for (const batch of this.written.slice(from)) batch.at = performance.now();
  }
}

const LONG = 'x'.repeat(1500);

/** Batch number `n`, of logs that are numbered on. Long, so that a reader that pauses is felt soon. */
function frame(n: number): Buffer {
  const batch = request(LOGS, n * LOGS);
  for (const log of batch.logs ?? []) if (log.httpRequest) log.httpRequest.url += `?${LONG}`;
  return encodeLogs(batch);
}

const whole = (text: string) => text.slice(0, text.lastIndexOf('\n') + 1);
const numbersIn = (text: string) =>
  whole(text)
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line).sequence_number as number);
const batchOf = (number: number) => Math.floor(number / LOGS);
const batchesOf = (numbers: number[]) => new Set(numbers.map(batchOf)).size;

test(`${KILLS} kills under load take only what was not on disk (seed ${seed})`, async () => {
  const next = random(seed);
  const [socket, spool] = [path(), path()];
  const serve = () =>
    start(
      [
        'serve',
        '--socket',
        socket,
        '--spool',
        spool,
        '--reporter',
        'stdout',
        '--format',
        'json',
        '--metrics',
        'off',
      ],
      { keepStdout: false },
    );
  /** What each life of the server reported, and when it was killed. */
  const lives: { text: string; killedAt: number }[] = [];
  const begin = () => {
    const life = { text: '', killedAt: Number.POSITIVE_INFINITY };
    lives.push(life);
    const served = serve();
    served.child.stdout.setEncoding('utf8').on('data', (chunk) => {
      life.text += chunk;
    });
    return { served, life };
  };
  const errors: string[] = [];
  const load = new Load(socket, () => lives.length - 1, next);
  load.begin();

  for (let kill = 0; kill < KILLS; kill++) {
    const { served, life } = begin();
    const { stdout } = served.child;
    if (kill % 5 === 1) {
      // While it starts, and opens what the last one left.
      await sleep(next() * 350);
    } else if (kill % 5 === 3) {
      // Nobody reads: the spool fills.
      stdout.pause();
      await listening(served, socket);
      await sleep(400 + next() * 100);
    } else {
      await listening(served, socket);
      for (let left = 10 + next() ** 2 * 450; left > 0; ) {
        const turn = Math.min(left, 20 + next() * 120);
        left -= turn;
        if (stdout.isPaused()) stdout.resume();
        else stdout.pause();
        await sleep(turn);
      }
    }
    life.killedAt = performance.now();
    served.child.kill('SIGKILL');
    // What it had written is still there to be read.
    stdout.resume();
    expect(await served.ended).toBe('SIGKILL');
    errors.push(
      ...served
        .stderr()
        .split('\n')
        .filter((line) => /"level":[456]0/.test(line)),
    );
  }

  const { served, life } = begin();
  await listening(served, socket);
  const before = load.written.length;
  await until('the last one gets something, too', () => load.written.length > before + BURST);
  await load.end();
  const last = load.written.length * LOGS - 1;
  await until('all is reported', () => life.text.includes(`"sequence_number":${last},`), 15_000);
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  expect(errors).toEqual([]);
  const closing = JSON.parse(served.stderr().trim().split('\n').at(-1) ?? '');
  expect(closing).toMatchObject({ msg: 'closed', kept: { batches: 0, logs: 0 } });

  const reports = lives.map(({ text }) => numbersIn(text));
  const reported = new Set(reports.flat());

  // Each batch is reported whole or not at all.
  const isLost = load.written.map((_, batch) => {
    const logs = Array.from({ length: LOGS }, (_, i) => reported.has(batch * LOGS + i));
    expect(new Set(logs).size).toBe(1);
    return !logs[0];
  });
  // What was accepted a moment before the kill is reported.
  const accepted = (batch: number) => {
    const { life: of, at } = load.written[batch] as { life: number; at: number };
    return at < (lives[of]?.killedAt as number) - ACCEPTED_MS;
  };
  expect(isLost.filter((_, batch) => accepted(batch)).length).toBeGreaterThan(100);
  expect(isLost.flatMap((lost, batch) => (lost && accepted(batch) ? [batch] : []))).toEqual([]);
  // There is a gap at a kill only, and none that is larger than what came in that moment.
  const gaps = lives.map((_, of) => {
    const lost = isLost.filter((_, batch) => load.written[batch]?.life === of);
    const kept = lost.lastIndexOf(false) + 1;
    expect(lost.slice(0, kept)).not.toContain(true);
    return lost.length - kept;
  });
  expect(Math.max(...gaps)).toBeLessThanOrEqual(MAX_LOST);
  expect(gaps.at(-1)).toBe(0);

  // Each life goes on in order, where the one before it ended or a little before that.
  const kept = [...reported].sort((a, b) => a - b);
  const place = new Map(kept.map((number, i) => [number, i]));
  const again: number[] = [];
  const backlog: number[] = [];
  let end = 0;
  for (const [of, numbers] of reports.entries()) {
    const from = numbers.length === 0 ? end : (place.get(numbers[0] as number) as number);
    expect(from).toBeLessThanOrEqual(end);
    expect(numbers).toEqual(kept.slice(from, from + numbers.length));
    again.push(batchesOf(kept.slice(from, end)));
    end = Math.max(end, from + numbers.length);
    backlog.push(
      batchesOf(kept.slice(end).filter((number) => (load.written[batchOf(number)]?.life ?? 0) <= of)),
    );
  }
  expect(end).toBe(kept.length);
  expect(Math.max(...again)).toBeLessThanOrEqual(MAX_AGAIN);
  // The kills did find batches that only the disk had.
  expect(Math.max(...backlog)).toBeGreaterThan(2 * GROUP);
}, 90_000);
