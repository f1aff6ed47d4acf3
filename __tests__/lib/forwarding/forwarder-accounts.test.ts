import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { LogBatch, Tag } from '../../../codec/index.js';
import { partsOf } from '../../../lib/forwarding/combination.js';
import { type CoalesceOptions, Forwarder, LogBuffer } from '../../../lib/index.js';
import { seed } from '../../helpers/seed.js';

const LOGS = 2;
const BYTES = 10;

/** A batch of two empty logs. A few neighbours have the same session. */
class Numbered extends LogBatch {
  readonly n: number;
  constructor(n: number) {
    super(
      Tag.V2,
      LOGS,
      Buffer.from([0x0a, 0, 0x12, 4, 115, 105, 100, 48 + (Math.floor(n / 4) % 3), 0x0a, 0]),
    );
    this.n = n;
  }
}

/** How the reporter answers. */
const ANSWERS = ['returns', 'throws', 'waits', 'waits, and gives up when it is told to'] as const;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ write: fc.integer({ min: 1, max: 5 }), isCorked: fc.boolean() }) },
  { weight: 4, arbitrary: fc.constantFrom('turn', 'tick', 'microtask', 'succeed', 'fail', 'fail for good') },
  { weight: 3, arbitrary: fc.constantFrom('pause', 'resume', 'unpipe', 'pipe', ...ANSWERS) },
  { weight: 2, arbitrary: fc.constantFrom('write later', 'stop', 'destroy', 'destroy later') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('shut down', 'shut down later', 'end', 'end later', 'destroy buffer'),
  },
);
interface Options {
  maxBatches: number;
  maxBytes: number;
  overflow: 'drop' | 'block';
  concurrency: number;
  isRetrying: boolean;
  coalesce: CoalesceOptions | undefined;
  lingerMs: number;
  keepsOrder: boolean | ((batch: Numbered) => string);
}
const options = fc.record<Options>({
  maxBatches: fc.constantFrom(1, 2, 5),
  maxBytes: fc.constantFrom(35, 1e6),
  overflow: fc.constantFrom('drop', 'block'),
  concurrency: fc.constantFrom(1, 3, 1000),
  isRetrying: fc.boolean(),
  coalesce: fc.constantFrom(undefined, {}, { maxLogs: 5 }, { maxBytes: 25 }),
  lingerMs: fc.constantFrom(0, 1),
  keepsOrder: fc.constantFrom<Options['keepsOrder']>(false, true, (batch) => String(batch.n % 2)),
});

/** A LogBuffer, the Forwarder that reads it at the moment, and what became of each batch. */
class Model {
  readonly buffer: LogBuffer<Numbered>;
  forwarder: Forwarder<Numbered>;
  /** By the number of the batch. */
  readonly fates: string[][] = [];
  readonly forwarded: number[] = [];
  readonly errors: unknown[] = [];
  answer: (typeof ANSWERS)[number] = 'returns';
  /** What the next listener or reporter that is called does. */
  readonly later: (() => void)[] = [];
  readonly reports: { resolve(): void; reject(error: Error): void }[] = [];
  readonly #options: Omit<Options, 'maxBatches' | 'maxBytes' | 'overflow'>;
  /** How many reports consisted of several batches. */
  combined = 0;
  #stopping: Promise<void> | undefined;
  #outcomes = 0;

  constructor({ maxBatches, maxBytes, overflow, ...rest }: Options) {
    this.#options = rest;
    this.buffer = new LogBuffer({ maxBatches, maxBytes, overflow });
    this.buffer.on('error', (error) => this.errors.push(error));
    this.buffer.on('drop', (batch, reason) => this.#settle(batch, reason));
    this.forwarder = this.#start();
  }

  write(count: number, isCorked = false): void {
    const { buffer } = this;
    if (isCorked) buffer.cork();
    for (let i = 0; i < count && buffer.writable; i++) {
      const n = this.fates.push([]) - 1;
      buffer.write(new Numbered(n));
    }
    if (isCorked) buffer.uncork();
  }

  /** Stops the Forwarder, and puts back what it returns. The next Forwarder follows. */
  stop(): void {
    if (this.#stopping !== undefined || this.forwarder.destroyed) return;
    this.buffer.unpipe(this.forwarder);
    this.#stopping = this.forwarder.stop(1).then((left) => {
      for (const batch of left.reverse()) this.buffer.unshift(batch);
      this.#stopping = undefined;
      this.forwarder = this.#start();
    });
  }

  destroy(): void {
    if (this.#stopping === undefined) this.forwarder.destroy();
  }

  pipe(): void {
    const { buffer, forwarder } = this;
    if (this.#stopping !== undefined || buffer.destroyed || buffer.listenerCount('data') > 0) return;
    buffer.pipe(forwarder, { end: false });
  }

  async replaceDestroyed(): Promise<void> {
    if (this.#stopping !== undefined || !this.forwarder.destroyed) return;
    // It is unpiped when it closes, by then.
    await turn();
    this.forwarder = this.#start();
  }

  async settled(): Promise<void> {
    await this.#stopping;
    await this.replaceDestroyed();
    this.later.length = 0;
    this.answer = 'returns';
    this.pipe();
    this.resume();
    const isDone = () =>
      this.#outcomes === this.fates.length &&
      this.forwarder.inFlight.batches + this.buffer.held.batches === 0;
    for (let i = 0; i < 2000 && !isDone(); i++) {
      for (const { resolve } of this.reports.splice(0)) resolve();
      await turn();
      this.check();
    }
  }

  resume(): void {
    // To resume it in spite of the pipe would be to ignore that the Forwarder is full.
    if (this.buffer.listenerCount('data') > 0 && !this.forwarder.writableNeedDrain) this.buffer.resume();
  }

  /** `received = forwarded + dropped + held + in flight`. */
  check(): void {
    const { held, received } = this.buffer;
    const { inFlight } = this.forwarder;
    expect(received.batches).toBe(this.#outcomes + held.batches + inFlight.batches);
    expect([held.logs, held.bytes]).toEqual([LOGS * held.batches, BYTES * held.batches]);
    expect([received.logs, inFlight.logs]).toEqual([LOGS * received.batches, LOGS * inFlight.batches]);
  }

  #start(): Forwarder<Numbered> {
    const { concurrency, isRetrying, coalesce, lingerMs, keepsOrder } = this.#options;
    const report = (batch: Numbered, { signal }: { signal: AbortSignal }) => this.#report(batch, signal);
    const retry = isRetrying && { initialDelayMs: 0, maxAttempts: 2 };
    const reporter = { report, coalesce, keepsOrder };
    const forwarder = new Forwarder<Numbered>(reporter, { concurrency, retry, lingerMs });
    forwarder.on('error', (error) => this.errors.push(error));
    forwarder.on('drop', (batch, reason) => this.#settle(batch, reason));
    forwarder.on('forward', (batch) => {
      this.forwarded.push(batch.n);
      this.#settle(batch, 'forwarded');
    });
    if (!this.buffer.destroyed) this.buffer.pipe(forwarder, { end: false });
    return forwarder;
  }

  #report(batch: Numbered, signal: AbortSignal): Promise<void> | undefined {
    const numbers = partsOf(batch).map(({ n }) => n);
    if (numbers.length > 1) this.combined += 1;
    expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] as number) + i));
    expect(batch.count).toBe(LOGS * numbers.length);
    this.later.shift()?.();
    if (this.answer === 'returns') return undefined;
    if (this.answer === 'throws') throw new Error('thrown');
    const givesUp = this.answer !== 'waits';
    return new Promise((resolve, reject) => {
      this.reports.push({ resolve, reject });
      if (givesUp) signal.addEventListener('abort', () => reject(signal.reason));
    });
  }

  #settle({ n }: Numbered, fate: string): void {
    this.#outcomes += 1;
    this.fates[n]?.push(fate);
    this.later.shift()?.();
  }
}

/** How many reports of the run consisted of several batches. */
let combined = 0;

test(`each batch has one fate, and the accounts of LogBuffer and Forwarder are true after each step (seed ${seed})`, async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 40 }), options, async (steps, options) => {
    const model = new Model(options);
    const { buffer } = model;
    const actions: Record<string, () => unknown> = {
      turn,
      tick: () => new Promise((resolve) => process.nextTick(resolve)),
      microtask: () => Promise.resolve(),
      succeed: () => model.reports.shift()?.resolve(),
      fail: () => model.reports.shift()?.reject(new Error('rejected')),
      'fail for good': () =>
        model.reports.shift()?.reject(Object.assign(new Error('not this one'), { permanent: true })),
      pause: () => buffer.pause(),
      resume: () => model.resume(),
      unpipe: () => buffer.unpipe(model.forwarder),
      pipe: () => model.pipe(),
      'write later': () => model.later.push(() => model.write(1)),
      stop: () => model.stop(),
      destroy: () => model.destroy(),
      'destroy later': () => model.later.push(() => model.destroy()),
      'shut down': () => buffer.shutdown(),
      'shut down later': () => model.later.push(() => buffer.shutdown()),
      end: () => buffer.end(),
      'end later': () => model.later.push(() => buffer.end()),
      'destroy buffer': () => buffer.destroy(),
    };
    for (const action of steps) {
      if (typeof action === 'object') model.write(action.write, action.isCorked);
      else if (action in actions) await actions[action]?.();
      else model.answer = action as (typeof ANSWERS)[number];
      await model.replaceDestroyed();
      model.check();
    }
    await model.settled();
    combined += model.combined;
    expect(model.fates.filter((fates) => fates.length !== 1)).toEqual([]);
    expect(model.errors).toEqual([]);
    if (options.concurrency === 1) {
      expect(model.forwarded).toEqual([...model.forwarded].sort((a, b) => a - b));
    }
  });
  await fc.assert(property, { seed, numRuns: 400 });
  expect(combined).toBeGreaterThan(0);
}, 120_000);
