import { expect, test } from '@jest/globals';
import { LogOutput } from '../../../lib/cli/log-output.js';
import type { TextOutput } from '../../../lib/index.js';

/** An output whose reader the test controls: it takes everything, nothing for now, or nothing ever. */
class Output implements TextOutput {
  written = '';
  state: 'open' | 'full' | 'closed' | 'broken' = 'open';
  #continue: (() => void) | undefined;

  on(): void {}

  write(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): boolean {
    if (this.state === 'broken') throw new Error('broken');
    if (this.state === 'closed') callback(Object.assign(new Error('EPIPE'), { code: 'EPIPE' }), 0);
    else if (this.state === 'full') this.#continue = () => this.write(text, callback);
    else this.#take(text, callback);
    return true;
  }

  /** Writes half of a longer text at a time, as a pipe may. */
  #take(text: Uint8Array, callback: (error?: Error | null, written?: number) => void): void {
    const length = text.length > 50 ? text.length >> 1 : text.length;
    this.written += Buffer.from(text.subarray(0, length)).toString();
    callback(null, length);
  }

  become(state: 'open' | 'closed'): void {
    this.state = state;
    const proceed = this.#continue;
    this.#continue = undefined;
    proceed?.();
  }
}

const line = (i: number) => `${String(i).padStart(99, '.')}\n`;
const LINES = Array.from({ length: 20_000 }, (_, i) => line(i));

function make(): { output: Output; log: LogOutput; said: number[] } {
  const output = new Output();
  const log = new LogOutput(output);
  const said: number[] = [];
  log.onRoom = (lost) => said.push(lost);
  return { output, log, said };
}

test('lines are written at once and completely', () => {
  const { output, log, said } = make();
  for (const text of LINES) log.write(text);
  expect(output.written).toBe(LINES.join(''));
  expect([log.lost, log.isEmpty, said]).toEqual([0, true, []]);
});

test('of thousands of lines that nobody reads, the first 256 KiB wait, and the others are lost and counted', () => {
  const { output, log, said } = make();
  output.state = 'full';
  for (const text of LINES) log.write(text);
  const kept = LINES.length - log.lost;
  expect([kept, log.isEmpty, said]).toEqual([1 + Math.floor(2 ** 18 / 100), false, []]);
  output.become('open');
  expect(output.written).toBe(LINES.slice(0, kept).join(''));
  expect([log.isEmpty, said]).toEqual([true, [LINES.length - kept]]);
  log.write('next\n');
  expect(said).toHaveLength(1);
});

test.each(['closed', 'broken'] as const)('if the output is %s, each line is lost and counted', (state) => {
  const { output, log, said } = make();
  output.state = state;
  for (const text of LINES) log.write(text);
  expect([log.lost, log.isEmpty, said]).toEqual([LINES.length, true, []]);
  output.state = 'open';
  log.write('open again\n');
  expect([output.written, said]).toEqual(['open again\n', [LINES.length]]);
});

test('what waits when the reader goes away is lost', () => {
  const { output, log } = make();
  output.state = 'full';
  for (const text of LINES.slice(0, 100)) log.write(text);
  output.become('closed');
  expect([log.lost, log.isEmpty]).toEqual([100, true]);
});

test('a line that is written about lost lines, and is lost as well, is counted', () => {
  const { output, log } = make();
  log.onRoom = () => log.write('lines were lost\n');
  output.state = 'closed';
  log.write('a\n');
  output.state = 'open';
  log.write('b\n');
  expect(output.written).toBe('b\nlines were lost\n');
});

test('flush() waits until everything is written, but no longer than it is told to', async () => {
  const { output, log } = make();
  await log.flush(60_000);
  output.state = 'full';
  log.write('a\n');
  await log.flush(1);
  expect(log.isEmpty).toBe(false);
  const flushed = log.flush(60_000);
  output.become('open');
  await flushed;
  expect(log.isEmpty).toBe(true);
});
