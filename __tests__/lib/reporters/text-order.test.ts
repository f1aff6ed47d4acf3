import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { Tag } from '../../../codec/index.js';
import { Forwarder, LogBatch, type TextOutput, TextReporter } from '../../../lib/index.js';
import { formatBatch } from '../../../lib/text/format.js';
import { random } from '../../helpers/cuts.js';
import { logBatch } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { until } from '../../helpers/until.js';

/** A file on a disk that is full or fails now and then: it accepts a part of a text, or nothing. */
class FaultyFile implements TextOutput {
  readonly keepsNothing = true;
  text = '';
  /** How many writes have failed. */
  failures = 0;
  readonly #below: (n: number) => number;
  readonly #isAsync: boolean;
  #faultsLeft: number;

  constructor(below: (n: number) => number, isAsync: boolean, faults: number) {
    this.#below = below;
    this.#isAsync = isAsync;
    this.#faultsLeft = faults;
  }

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    const settle = (...result: Parameters<typeof callback>) => {
      if (this.#isAsync) setImmediate(callback, ...result);
      else callback(...result);
    };
    const isFaulty = this.#faultsLeft > 0 && this.#below(2) === 0;
    if (!isFaulty) {
      this.text += Buffer.from(text);
      settle();
      return true;
    }
    this.#faultsLeft -= 1;
    const written = this.#below(4) === 0 ? 0 : this.#below(text.length + 1);
    this.text += Buffer.from(text.subarray(0, written));
    // A short write is not an error, if the next one succeeds.
    if (this.#below(4) === 0 && written < text.length && written > 0) settle(null, written);
    else {
      this.failures += 1;
      settle(Object.assign(new Error('write'), { code: this.#below(2) === 0 ? 'ENOSPC' : 'EIO' }), written);
    }
    return true;
  }

  on(): void {}
}

/** A batch that cannot be written as text. Its last log is longer than the batch. */
class Invalid extends LogBatch {
  constructor() {
    super(Tag.V2, 4, Buffer.concat([logBatch(3).raw, Buffer.of(0x0a, 9)]));
  }
}

/** Batches of up to 30 logs, a few of more text than one write has, and a few that are not valid. */
function randomBatches(below: (n: number) => number): LogBatch[] {
  let first = 1;
  return Array.from({ length: 5 + below(40) }, () => {
    if (below(12) === 0) return new Invalid();
    const count = below(40) === 0 ? 2500 : below(30);
    first += count;
    return logBatch(count, first - count);
  });
}

const textOf = (batches: readonly LogBatch[]) =>
  batches
    .filter((batch) => !(batch instanceof Invalid))
    .map((batch) => formatBatch(batch, 'json'))
    .join('');

async function forward(forwarder: Forwarder, batches: readonly LogBatch[], below: (n: number) => number) {
  for (const batch of batches) {
    if (!forwarder.write(batch)) await once(forwarder, 'drain');
    if (below(8) === 0) await new Promise(setImmediate);
  }
  forwarder.end();
  await until('everything is settled', () => forwarder.inFlight.batches === 0, 60_000);
}

describe.each([1, 7, 1000])('up to %d reports at the same time', (concurrency) => {
  test.each([
    ['at once', false],
    ['later', true],
  ])(
    `an output that fails %s has each line once, whole and in order (seed ${seed})`,
    async (_when, isAsync) => {
      const next = random(seed + concurrency);
      const below = (n: number) => Math.floor(next() * n);
      let failures = 0;
      for (let round = 0; round < 8; round++) {
        const batches = randomBatches(below);
        const file = new FaultyFile(below, isAsync, 12);
        const retry = { initialDelayMs: below(2), timeoutMs: Number.POSITIVE_INFINITY };
        const forwarder = new Forwarder(new TextReporter({ stream: file }), { concurrency, retry });
        await forward(forwarder, batches, below);
        expect(file.text === textOf(batches)).toBe(true);
        failures += file.failures;
      }
      expect(failures).toBeGreaterThan(3);
    },
  );

  test(`without retries, no two lines are joined, and the lines of dropped batches are missing (seed ${seed})`, async () => {
    const next = random(seed - concurrency);
    const below = (n: number) => Math.floor(next() * n);
    for (let round = 0; round < 8; round++) {
      const batches = randomBatches(below);
      const file = new FaultyFile(below, round % 2 === 0, 5);
      const forwarder = new Forwarder(new TextReporter({ stream: file }), { concurrency });
      const delivered: LogBatch[] = [];
      forwarder.on('forward', (batch) => delivered.push(batch));
      await forward(forwarder, batches, below);
      const all = textOf(batches).split('\n');
      const position = new Map(all.map((line, i) => [line, i]));
      // Each line is one of the batches, or its beginning; complete lines are in order, and none comes twice.
      const written = file.text.split('\n').map((line) => position.get(line) ?? line);
      const complete = written.filter((line): line is number => typeof line === 'number');
      expect(complete.slice(0, -1)).toEqual([...new Set(complete.slice(0, -1))].sort((a, b) => a - b));
      for (const cut of written.filter((line) => typeof line === 'string'))
        expect(all.some((line) => line.startsWith(cut))).toBe(true);
      for (const line of textOf(delivered).split('\n').filter(Boolean))
        expect(written).toContain(position.get(line));
    }
  });
});

test('the first line begins on a new one, if the output ends inside a line', async () => {
  const file = new FaultyFile(() => 0, false, 0);
  Object.assign(file, { isCutShort: true, text: '{"half":' });
  const reporter = new TextReporter({ stream: file });
  await Promise.all([reporter.report(logBatch(1)), reporter.report(logBatch(1, 1))]);
  await reporter.report(logBatch(1, 2));
  expect(file.text).toBe(`{"half":\n${formatBatch(logBatch(3), 'json')}`);
});
