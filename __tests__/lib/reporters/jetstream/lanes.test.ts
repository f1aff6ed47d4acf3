import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { onAbort } from '../../../../lib/abort.js';
import { Forwarder, type LogBatch, type ReportOptions } from '../../../../lib/index.js';
import { Lanes } from '../../../../lib/reporters/jetstream/lanes.js';
import { random } from '../../../helpers/cuts.js';
import { eventBatch } from '../../../helpers/event-batch.js';
import { seed } from '../../../helpers/seed.js';
import { until } from '../../../helpers/until.js';

/** A task that ends when the test says so. */
function controlled() {
  const began: string[] = [];
  const over: string[] = [];
  const ends = new Map<string, (error?: unknown) => void>();
  const lanes = new Lanes();
  const start = (lane: string, name: string, signal = new AbortController().signal) =>
    lanes
      .run(
        lane,
        () =>
          new Promise<void>((resolve, reject) => {
            began.push(name);
            ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
          }),
        { signal, onFailure: () => over.push(`${name} failing`) },
      )
      .then(
        () => over.push(`${name} done`),
        (error) => over.push(`${name}: ${error.message}`),
      );
  return { lanes, began, over, start, end: (name: string, error?: unknown) => ends.get(name)?.(error) };
}

const unavailable = new Error('not available');
const permanent = Object.assign(new Error('too large'), { permanent: true });

test('the tasks of a lane run one after the other, those of others at the same time', async () => {
  const { began, over, start, end, lanes } = controlled();
  for (const name of ['a1', 'b1', 'a2', 'b2', 'a3']) void start(name[0] as string, name);
  expect(began).toEqual(['a1', 'b1']);
  end('b1');
  await turn();
  expect(began).toEqual(['a1', 'b1', 'b2']);
  end('a1');
  await turn();
  end('a2');
  await turn();
  expect(began).toEqual(['a1', 'b1', 'b2', 'a2', 'a3']);
  end('a3');
  end('b2');
  await turn();
  expect(over.slice(-2).sort()).toEqual(['a3 done', 'b2 done']);
  expect([lanes.isBusy('a'), lanes.isBusy('b')]).toEqual([false, false]);
});

test('if one fails, all behind it in its lane fail in the same turn and none of them begins', async () => {
  const { began, over, start, end, lanes } = controlled();
  for (const name of ['a1', 'b1', 'a2', 'a3']) void start(name[0] as string, name);
  end('a1', unavailable);
  await turn();
  expect(began).toEqual(['a1', 'b1']);
  expect(over).toEqual([
    ...['a1 failing', 'a2 failing', 'a3 failing'],
    ...['a1: not available', 'a2: not available', 'a3: not available'],
  ]);
  expect(lanes.isBusy('a')).toBe(false);
});

test('one that fails permanently concerns itself alone', async () => {
  const { began, over, start, end } = controlled();
  for (const name of ['a1', 'a2']) void start('a', name);
  end('a1', permanent);
  await turn();
  expect(over).toEqual(['a1: too large']);
  expect(began).toEqual(['a1', 'a2']);
});

test('without retries, a failure costs only the batch that fails', async () => {
  const lanes = new Lanes();
  const fate: string[] = [];
  const reporter = {
    report: ({ sessionId, firstNumber }: LogBatch, options: ReportOptions) =>
      lanes.run(
        sessionId,
        async () => {
          await turn();
          if (firstNumber === 1) throw unavailable;
        },
        options,
      ),
  };
  const forwarder = new Forwarder(reporter, { concurrency: 8 });
  forwarder.on('forward', ({ firstNumber }) => fate.push(`${firstNumber} forwarded`));
  forwarder.on('drop', ({ firstNumber }, reason) => fate.push(`${firstNumber} ${reason}`));
  for (const sequence_number of [0, 1, 2, 3])
    forwarder.write(eventBatch({ session_id: 'a', sequence_number }));
  await until('everything is done', () => fate.length === 4);
  expect(fate).toEqual(['0 forwarded', '1 forward_failed', '2 forwarded', '3 forwarded']);
});

describe('a signal that aborts', () => {
  const late = new Error('no answer within 1 ms');

  test('because the time of an attempt is over fails it and those behind it at once, and the next attempt does not wait', async () => {
    const { began, over, start, end } = controlled();
    const abort = new AbortController();
    void start('a', 'a1', abort.signal);
    void start('a', 'a2');
    abort.abort(late);
    void start('a', 'a1 again');
    await turn();
    expect(over.slice(0, 2)).toEqual(['a1 failing', 'a2 failing']);
    expect(began).toEqual(['a1', 'a1 again']);
    // What it still does has no effect on the lane.
    end('a1', unavailable);
    await turn();
    void start('a', 'a3');
    await turn();
    expect(began).toEqual(['a1', 'a1 again']);
    end('a1 again');
    await turn();
    expect(began).toEqual(['a1', 'a1 again', 'a3']);
  });

  test('while it waits fails it and those behind it, but not those before it', async () => {
    const { over, start, end } = controlled();
    const abort = new AbortController();
    void start('a', 'a1');
    void start('a', 'a2', abort.signal);
    void start('a', 'a3');
    abort.abort(late);
    await turn();
    expect(over).toEqual(['a2 failing', 'a3 failing', `a2: ${late.message}`, `a3: ${late.message}`]);
    end('a1');
    await turn();
    expect(over.at(-1)).toBe('a1 done');
  });

  test('because everything ends lets the one that runs go on, and no other one begin', async () => {
    const { began, over, start, end } = controlled();
    const abort = new AbortController();
    for (const name of ['a1', 'a2', 'a3']) void start('a', name, abort.signal);
    abort.abort();
    await turn();
    expect(began).toEqual(['a1']);
    end('a1');
    await turn();
    expect(over).toContain('a1 done');
    expect(over.filter((line) => /^a[23]:/.test(line))).toHaveLength(2);
  });

  test('before the call fails it without running it', async () => {
    const { began, over, start, lanes } = controlled();
    await start('a', 'a1', AbortSignal.abort(late));
    expect([began, over]).toEqual([[], ['a1 failing', `a1: ${late.message}`]]);
    expect(lanes.isBusy('a')).toBe(false);
  });
});

/** What the simulated stream does with a message. */
type Fate = 'store' | 'store late' | 'lose' | 'store and lose the answer' | 'fail';

/**
 * Forwards batches of some sessions to a stream that behaves badly, with retries, and returns what the stream has stored:
 * the first copy of each.
 */
async function forwarded(seed: number): Promise<{ stored: string[]; sent: string[]; rejected: string[] }> {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  const lanes = new Lanes();
  const stored: string[] = [];
  const sent: string[] = [];
  const rejected: string[] = [];
  /** The sessions with a message whose answer is awaited. */
  const active = new Set<string>();
  const nameOf = ({ sessionId, firstNumber }: LogBatch) => `${sessionId} ${firstNumber}`;

  async function publish(batch: LogBatch): Promise<void> {
    const name = nameOf(batch);
    const store = () => stored.includes(name) || stored.push(name);
    if (batch.firstNumber % 13 === 5) throw Object.assign(new Error('too large'), { permanent: true });
    const fates: Fate[] = ['store', 'store', 'store late', 'lose', 'store and lose the answer', 'fail'];
    const fate = fates[below(fates.length)];
    if (fate === 'fail') throw unavailable;
    if (fate !== 'lose' && fate !== 'store late') store();
    return new Promise((resolve) => {
      if (fate === 'store late') setTimeout(() => { store(); resolve(); }, below(8)); // biome-ignore format: one line
      if (fate === 'store') setTimeout(resolve, below(3));
    });
  }

  const reporter = {
    keepsOrder: ({ sessionId }: LogBatch) => sessionId,
    report: (batch: LogBatch, options: ReportOptions) =>
      lanes.run(
        batch.sessionId,
        async () => {
          const { sessionId } = batch;
          expect(active.has(sessionId)).toBe(false);
          active.add(sessionId);
          // Of a lost answer, nothing is heard. The next attempt may begin then.
          options.signal.addEventListener('abort', () => active.delete(sessionId));
          await Promise.resolve(publish(batch)).finally(() => active.delete(sessionId));
        },
        options,
      ),
  };
  const forwarder = new Forwarder(reporter, {
    concurrency: 1 + below(12),
    retry: { initialDelayMs: 2, maxDelayMs: 4, timeoutMs: 10, maxTimeoutMs: 20 },
  });
  forwarder.on('drop', (batch) => rejected.push(nameOf(batch)));
  let done = 0;
  forwarder.on('forward', () => done++);
  const numbers = new Map<string, number>();
  const total = 60;
  for (let i = 0; i < total; i++) {
    const session = 'abcd'[below(4)] as string;
    const number = numbers.get(session) ?? 0;
    numbers.set(session, number + 1);
    const batch = eventBatch({ session_id: session, sequence_number: number });
    sent.push(nameOf(batch));
    if (!forwarder.write(batch))
      await new Promise<void>((resolve) => forwarder.once('drain', () => resolve()));
  }
  await until('everything is done', () => done + rejected.length === total, 15_000);
  forwarder.end();
  return { stored, sent, rejected };
}

test(`within each session, the stream has the batches in their order, whatever fails (seed ${seed})`, async () => {
  for (let n = 0; n < 4; n++) {
    const { stored, sent, rejected } = await forwarded(seed + n);
    for (const session of 'abcd') {
      const of = (names: string[]) => names.filter((name) => name.startsWith(session));
      expect([seed + n, of(stored)]).toEqual([seed + n, of(sent).filter((name) => !rejected.includes(name))]);
    }
    expect(rejected.every((name) => Number(name.slice(2)) % 13 === 5)).toBe(true);
  }
});

test('an end returns what was not delivered in the order in which it came, whatever was failing', async () => {
  const lanes = new Lanes();
  const began: string[] = [];
  const reporter = {
    keepsOrder: ({ sessionId }: LogBatch) => sessionId,
    report: (batch: LogBatch, options: ReportOptions) =>
      lanes.run(
        batch.sessionId,
        async () => {
          began.push(`${batch.sessionId}${batch.firstNumber}`);
          if (batch.sessionId === 'a') throw unavailable;
          if (batch.sessionId === 'b')
            await new Promise((_, reject) => onAbort(options.signal, () => reject(options.signal.reason)));
        },
        options,
      ),
  };
  const forwarder = new Forwarder(reporter, { concurrency: 8, retry: { initialDelayMs: 60_000 } });
  const forwarded: string[] = [];
  forwarder.on('forward', ({ sessionId, firstNumber }) => forwarded.push(`${sessionId}${firstNumber}`));
  const written: string[] = [];
  for (const [i, session_id] of [...'abcabcabbaab'].entries()) {
    written.push(`${session_id}${i}`);
    forwarder.write(eventBatch({ session_id, sequence_number: i }));
    await turn();
  }
  const left = await forwarder.stop(1000);
  expect(forwarded).toEqual(['c2', 'c5']);
  expect(left.map(({ sessionId, firstNumber }) => `${sessionId}${firstNumber}`)).toEqual(
    written.filter((name) => !forwarded.includes(name)),
  );
  expect(began.filter((name) => name.startsWith('b'))).toEqual(['b1']);
});
