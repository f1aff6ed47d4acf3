import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { eventOutput } from '../../../lib/cli/event-output.js';
import { FileOutput } from '../../../lib/cli/file-output.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const fds: number[] = [];
afterEach(() => {
  for (const fd of fds.splice(0)) closeSync(fd);
});

function open(at: string, flags: number | string): number {
  const fd = openSync(at, flags);
  fds.push(fd);
  return fd;
}

/** Writes a text, and returns the result of the write. */
function write(output: FileOutput, text: string): unknown {
  let result: unknown = 'not called';
  output.write(Buffer.from(text), (error, written) => {
    result = error && { code: (error as NodeJS.ErrnoException).code, written };
  });
  return result;
}

test('everything that is written is in the file, in order', () => {
  const at = path();
  const output = eventOutput(process.stdout, open(at, 'w')) as FileOutput;
  const long = `${'x'.repeat(1 << 20)}ü\n`;
  expect([write(output, 'a\n'), write(output, long), write(output, 'b\n')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(readFileSync(at, 'utf8')).toBe(`a\n${long}b\n`);
  expect(output.on()).toBe(output);
});

test('a device is written to in the same way', () => {
  const output = eventOutput(process.stdout, open('/dev/full', 'w')) as FileOutput;
  expect(output).toBeInstanceOf(FileOutput);
  expect(write(output, 'a\n')).toEqual({ code: 'ENOSPC', written: 0 });
});

test('a write that fails completely leaves nothing to repair', () => {
  const output = new FileOutput(open('/dev/full', 'w'));
  expect(write(output, 'a\n')).toEqual({ code: 'ENOSPC', written: 0 });
  expect(write(output, 'a\n')).toEqual({ code: 'ENOSPC', written: 0 });
});

/** A pipe, which accepts only a limited amount while nobody reads it. */
function pipe(): { output: FileOutput; read: () => string } {
  const at = path();
  execFileSync('mkfifo', [at]);
  const fd = open(at, constants.O_RDWR | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(1 << 20);
  return { output: new FileOutput(fd), read: () => bytes.toString('utf8', 0, readSync(fd, bytes)) };
}

test('a write that was cut short is an error, which says how much was written', () => {
  const { output, read } = pipe();
  const cut = write(output, 'x'.repeat(2_000_000));
  expect(write(output, 'again\n')).toEqual({ code: 'EAGAIN', written: 0 });
  expect(cut).toEqual({ code: 'EAGAIN', written: read().length });
  expect(write(output, 'again\n')).toBeUndefined();
  expect(read()).toBe('again\n');
});

test.each([
  ['', false],
  ['a line\n', false],
  ['a line\nhalf of', true],
])('a file with %j that is appended to: it is cut short: %p', (content, isCutShort) => {
  const at = path();
  writeFileSync(at, content);
  expect(new FileOutput(open(at, 'a')).isCutShort).toBe(isCutShort);
});

test.each([
  ['a pipe', () => pipe().output],
  ['a device', () => new FileOutput(open('/dev/full', 'w'))],
])('%s is not cut short', (_what, output) => {
  expect(output().isCutShort).toBe(false);
});
