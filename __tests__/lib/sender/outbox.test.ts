import { describe, expect, test } from '@jest/globals';
import { decodeMessage, type LogBatch, MAX_PAYLOAD_LENGTH } from '../../../codec/index.js';
import { eventsOf } from '../../../lib/index.js';
import { EventEncoder } from '../../../lib/sender/event-encoder.js';
import { Outbox, type OutboxOptions } from '../../../lib/sender/outbox.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';

const NOW = new Date('2026-03-03T19:42:34.120Z');

const batchOf = (frame: Buffer) => decodeMessage({ tag: 2, payload: frame.subarray(4) }) as LogBatch;

/** A batch as `session/process: sequence numbers`. */
function shown(frame: Buffer): string {
  const { sessionId, confinedProcessName, logs } = batchOf(frame).request;
  return `${sessionId}/${confinedProcessName}: ${logs.map(({ sequenceNumber }) => sequenceNumber)}`;
}

const event = (fields: object = {}) => ({ decision: 'allow', ...fields });
const sized = (length: number) => event({ http_url: 'x'.repeat(length) });

/** An outbox of which all batches are sent at once. */
class Sent {
  readonly frames: Buffer[] = [];
  readonly outbox: Outbox;
  readonly #encoder: EventEncoder;

  constructor(options: Partial<OutboxOptions> = {}, sessionId = 's') {
    this.outbox = new Outbox({ batchSize: 3, overflow: 'block', ...options });
    this.#encoder = new EventEncoder({ sessionId, confinedProcessName: 'p' });
  }

  /** Adds an event. @returns the batches that are sent because of it. */
  add(value: unknown): string[] {
    expect(this.outbox.add(this.#encoder.encode(value, NOW))).toBeUndefined();
    return this.send();
  }

  send(): string[] {
    const before = this.frames.length;
    while (this.outbox.next()) {
      this.frames.push(this.outbox.attempt());
      this.outbox.sent();
    }
    return this.frames.slice(before).map(shown);
  }

  end(): string[] {
    this.outbox.end();
    return this.send();
  }
}

test.each<[what: string, events: object[], batches: string[][], rest: string[]]>([
  ['fewer events than a batch has', [event(), event()], [[], []], ['s/p: 0,1']],
  ['enough events', [event(), event(), event()], [[], [], ['s/p: 0,1,2']], []],
  [
    'another session',
    [event(), event({ session_id: 't' }), event()],
    [[], ['s/p: 0'], ['t/p: 0']],
    ['s/p: 1'],
  ],
  ['another process', [event(), event({ confined_process_name: 'q' })], [[], ['s/p: 0']], ['s/q: 1']],
  [
    'an event with a number, which does not count',
    [event({ sequence_number: 77 }), event()],
    [[], []],
    ['s/p: 77,0'],
  ],
  ['events that do not fit into one frame', [sized(20_000), sized(20_000)], [[], ['s/p: 0']], ['s/p: 1']],
])('%s', (_what, events, batches, rest) => {
  const it = new Sent();
  expect(events.map((event) => it.add(event))).toEqual(batches);
  expect(it.outbox.isCollecting).toBe(rest.length > 0);
  expect(it.end()).toEqual(rest);
  expect([it.outbox.isCollecting, it.outbox.count, it.send()]).toEqual([false, 0, []]);
});

test('a batch of one event is complete at once', () => {
  expect(new Sent({ batchSize: 1 }).add(event())).toEqual(['s/p: 0']);
});

test('a batch is complete when it is due, and the next one is not', () => {
  const it = new Sent();
  it.add(event());
  it.outbox.due();
  expect(it.send()).toEqual(['s/p: 0']);
  expect(it.add(event())).toEqual([]);
});

test(`every batch fits into a frame, whatever its events are, and no event is missing (seed ${seed})`, () => {
  const next = random(seed);
  const upTo = (n: number) => Math.floor(next() * n);
  for (let run = 0; run < 30; run++) {
    const it = new Sent({ batchSize: 1 + upTo(50) }, 'ü'.repeat(1 + upTo(200)));
    const urls: string[] = [];
    for (let i = 0; i < 100; i++) {
      const http_url = `${i}${(next() < 0.5 ? 'x' : 'ü').repeat(upTo(4000))}`;
      urls.push(http_url);
      it.add(
        event({
          http_url,
          confined_process_name: 'p'.repeat(upTo(2)),
          matched_rule: 'r'.repeat(upTo(300)),
        }),
      );
    }
    it.end();
    for (const frame of it.frames) expect(frame.length).toBeLessThanOrEqual(4 + MAX_PAYLOAD_LENGTH);
    expect(it.frames.flatMap((frame) => eventsOf(batchOf(frame)).map(({ http_url }) => http_url))).toEqual(
      urls,
    );
  }
});

test('with backpressure, what an attempt failed to send stays as it is, and everything else waits', () => {
  const it = new Sent();
  const { outbox } = it;
  it.add(event());
  outbox.due();
  outbox.next();
  expect(shown(outbox.attempt())).toBe('s/p: 0');
  expect(outbox.failed()).toEqual([]);
  const encoder = new EventEncoder({ sessionId: 's', confinedProcessName: 'p' }, 1);
  for (let i = 0; i < 50; i++) expect(outbox.add(encoder.encode(event(), NOW))).toBeUndefined();
  expect(shown(outbox.attempt())).toBe('s/p: 0');
  expect([outbox.sent(), outbox.count]).toEqual([1, 50]);
  expect(it.end()).toHaveLength(17);
});

/** What boundary's sender does, in short: a channel of two batches, and a loop that stands still while it flushes. */
class Boundary {
  readonly channel: number[] = [];
  batch: number[] = [];
  isFlushing = false;
  /** Whether an attempt fails at once. */
  isDown = false;
  readonly sent: number[][] = [];
  readonly dropped: [number, string][] = [];
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  log(i: number): void {
    if (this.channel.length < 2 * this.#size) this.channel.push(i);
    else this.dropped.push([i, 'channel_full']);
    this.#loop();
  }

  timer(): void {
    if (this.batch.length > 0 && !this.isDown) this.isFlushing = true;
  }

  flushed(): void {
    this.sent.push(this.batch);
    this.batch = [];
    this.isFlushing = this.isDown = false;
    this.#loop();
  }

  failed(): void {
    this.isFlushing = false;
    this.isDown = true;
    this.#loop();
  }

  #loop(): void {
    while (!this.isFlushing) {
      const log = this.channel.shift();
      if (log === undefined) return;
      if (this.batch.length >= this.#size) {
        this.dropped.push([log, 'batch_full']);
        continue;
      }
      this.batch.push(log);
      if (this.batch.length >= this.#size && !this.isDown) this.isFlushing = true;
    }
  }
}

/** An outbox and boundary, which get the same events and the same results of attempts. */
class Both {
  readonly boundary: Boundary;
  readonly outbox: Outbox;
  readonly sent: number[][] = [];
  readonly dropped: [unknown, string][] = [];
  state: 'idle' | 'sending' | 'waiting' = 'idle';
  readonly #encoder = new EventEncoder({ sessionId: 's', confinedProcessName: 'p' });
  #frame: Buffer | undefined;
  #count = 0;

  constructor(batchSize: number) {
    this.boundary = new Boundary(batchSize);
    this.outbox = new Outbox({ batchSize, overflow: 'drop' });
  }

  write(n = 1): void {
    for (let i = 0; i < n; i++) {
      const number = this.#count++;
      this.boundary.log(number);
      const encoded = { ...this.#encoder.encode(event(), NOW), value: number };
      const reason = this.outbox.add(encoded);
      if (reason !== undefined) this.dropped.push([number, reason]);
      this.#next();
    }
  }

  due(): void {
    this.boundary.timer();
    if (this.state !== 'idle' || !this.outbox.isCollecting) return;
    this.outbox.due();
    this.#next();
  }

  retry(): void {
    this.boundary.isFlushing = true;
    this.#attempt();
  }

  succeed(): void {
    this.boundary.flushed();
    this.sent.push(
      eventsOf(batchOf(this.#frame as Buffer)).map(({ sequence_number }) => sequence_number as number),
    );
    this.outbox.sent();
    this.state = 'idle';
    this.#next();
  }

  fail(): void {
    this.boundary.failed();
    this.state = 'waiting';
    for (const { value } of this.outbox.failed()) this.dropped.push([value, 'batch_full']);
  }

  check(): void {
    expect(this.sent).toEqual(this.boundary.sent);
    const inOrder = (drops: [unknown, string][]) => [...drops].sort(([a], [b]) => Number(a) - Number(b));
    expect(inOrder(this.dropped)).toEqual(inOrder(this.boundary.dropped));
    expect(this.outbox.count).toBe(this.boundary.channel.length + this.boundary.batch.length);
    expect(this.sent.flat().length + this.dropped.length + this.outbox.count).toBe(this.#count);
  }

  #next(): void {
    if (this.state === 'idle' && this.outbox.next()) this.#attempt();
  }

  #attempt(): void {
    this.state = 'sending';
    this.#frame = this.outbox.attempt();
  }
}

describe("with overflow: 'drop'", () => {
  const drops = (both: Both) => {
    const counts = { channel_full: 0, batch_full: 0 };
    for (const [, reason] of both.dropped) counts[reason as keyof typeof counts] += 1;
    return counts;
  };

  test('while a batch is being sent, two batches of events wait, and later ones are dropped as channel_full', () => {
    const both = new Both(10);
    both.write(35);
    expect(drops(both)).toEqual({ channel_full: 5, batch_full: 0 });
    both.succeed();
    both.succeed();
    both.succeed();
    both.check();
  });

  test('when an attempt fails, what does not fit into the batch is dropped as batch_full', () => {
    const both = new Both(10);
    both.write(3);
    both.due();
    both.write(20);
    both.fail();
    expect(drops(both)).toEqual({ channel_full: 0, batch_full: 13 });
    both.write(7);
    expect(drops(both)).toEqual({ channel_full: 0, batch_full: 20 });
    both.retry();
    both.succeed();
    expect(both.sent).toEqual([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]);
    both.check();
  });

  test('at the end nothing is dropped any more', () => {
    const both = new Both(2);
    both.write(6);
    both.outbox.end();
    expect(both.outbox.failed()).toEqual([]);
    expect(both.outbox.count).toBe(6);
  });

  test(`it sends and drops exactly what boundary does (seed ${seed})`, () => {
    const next = random(seed);
    for (let run = 0; run < 100; run++) {
      const both = new Both(1 + Math.floor(next() * 12));
      for (let step = 0; step < 60; step++) {
        const choice = next();
        if (choice < 0.5) both.write(Math.floor(next() ** 3 * 60));
        else if (choice < 0.6) both.due();
        else if (both.state === 'sending') choice < 0.8 ? both.succeed() : both.fail();
        else if (both.state === 'waiting') both.retry();
        expect(both.dropped).toHaveLength(both.boundary.dropped.length);
      }
      both.check();
    }
  });
});
