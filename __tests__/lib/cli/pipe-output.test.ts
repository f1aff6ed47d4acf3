import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { eventOutput } from '../../../lib/cli/event-output.js';
import { PipeOutput } from '../../../lib/cli/pipe-output.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A pipe with its output on one end and the means to read from, or to close, the other end. */
function pipe() {
  const at = path();
  execFileSync('mkfifo', [at]);
  const reader = openSync(at, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(at, constants.O_WRONLY);
  const stream = new Socket({ fd: writer, readable: false, writable: true });
  let isOpen = true;
  const closeReader = () => {
    if (isOpen) closeSync(reader);
    isOpen = false;
  };
  closing.push(closeReader, () => stream.destroy());
  const bytes = Buffer.alloc(1 << 20);
  /** Reads everything that is available now. */
  const read = () => {
    try {
      return bytes.toString('utf8', 0, readSync(reader, bytes, 0, bytes.length, null));
    } catch {
      return '';
    }
  };
  const output = eventOutput(stream, writer) as PipeOutput;
  expect(output).toBeInstanceOf(PipeOutput);
  return { output, read, closeReader, stream };
}

/** The arguments of the callback, after it was called. */
function write(output: PipeOutput, text: string) {
  const results: [error: string | undefined, written: number | undefined][] = [];
  output.write(Buffer.from(text), (error, written) =>
    results.push([(error as NodeJS.ErrnoException | undefined)?.code, written]),
  );
  return results;
}

/** More than a pipe can hold. */
const LINES = Array.from({ length: 3000 }, (_, i) => `${String(i).padStart(99, '.')}\n`);
const TEXT = LINES.join('');

test('a text that the pipe can hold is written at once', () => {
  const { output, read } = pipe();
  expect(write(output, 'a\nb\n')).toEqual([[undefined, undefined]]);
  expect(read()).toBe('a\nb\n');
});

describe('a full pipe', () => {
  test('accepts what fits at once, and the next line when its reader continues', async () => {
    const { output, read } = pipe();
    const [[error, written = 0] = []] = write(output, TEXT);
    expect(error).toBeUndefined();
    expect(written).toBeGreaterThanOrEqual(4096);
    expect(written).toBeLessThan(TEXT.length);
    const rest = TEXT.slice(written);
    const results = write(output, rest);
    expect(results).toEqual([]);
    let text = read();
    await until('the line is written', () => results.length === 1);
    text += read();
    expect(results).toEqual([[undefined, rest.indexOf('\n') + 1]]);
    expect(text).toBe(TEXT.slice(0, written + rest.indexOf('\n') + 1));
  });

  test('accepts the rest of a text without a line feed', async () => {
    const { output, read } = pipe();
    const [[, written] = []] = write(output, 'x'.repeat(1 << 20));
    expect(written).toBe(1 << 16);
    const results = write(output, 'and more');
    expect(results).toEqual([]);
    let text = read();
    await until('it is written', () => results.length === 1);
    text += read();
    expect(results).toEqual([[undefined, 8]]);
    expect(text.endsWith('and more')).toBe(true);
  });

  test('whose reader closes it is the error EPIPE', async () => {
    const { output, closeReader, stream } = pipe();
    const errors: unknown[] = [];
    output.on('error', (error) => errors.push((error as NodeJS.ErrnoException).code));
    write(output, TEXT);
    const results = write(output, TEXT);
    const closed = once(stream, 'close').catch(() => undefined);
    closeReader();
    await closed;
    expect(results).toEqual([['EPIPE', 0]]);
    expect(errors).toEqual(['EPIPE']);
    expect(write(output, 'more\n')).toEqual([[expect.stringMatching(/EPIPE|EBADF/), 0]]);
  });
});

test('a pipe without a reader is the error EPIPE', () => {
  const { output, closeReader } = pipe();
  closeReader();
  expect(write(output, 'a\n')).toEqual([['EPIPE', 0]]);
});
