import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
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

/** What a write ends with. */
function write(output: FileOutput, text: string): unknown {
  let result: unknown = 'not called';
  output.write(text, (error) => {
    result = error;
  });
  return result;
}

test('all that is written is in the file, in order', () => {
  const at = path();
  const output = FileOutput.ofStdout(open(at, 'w')) as FileOutput;
  const long = `${'x'.repeat(1 << 20)}ü\n`;
  expect([write(output, 'a\n'), write(output, long), write(output, 'b\n')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(readFileSync(at, 'utf8')).toBe(`a\n${long}b\n`);
  expect(output.on()).toBe(output);
});

test('a stdout that is no file is for Node to write to', () => {
  expect(FileOutput.ofStdout(open('/dev/null', 'w'))).toBeUndefined();
});

test('what cannot be written is an error, and nothing half done is left to be mended', () => {
  const output = new FileOutput(open('/dev/full', 'w'));
  expect(write(output, 'a\n')).toMatchObject({ code: 'ENOSPC' });
  expect(write(output, 'a\n')).toMatchObject({ code: 'ENOSPC' });
});

test('what was cut short is an error, and a line of its own in the end', () => {
  // A pipe that nobody reads takes only so much.
  const at = path();
  execFileSync('mkfifo', [at]);
  const fd = open(at, constants.O_RDWR | constants.O_NONBLOCK);
  const output = new FileOutput(fd);
  expect(write(output, 'x'.repeat(100_000))).toMatchObject({ code: 'EAGAIN' });
  expect(write(output, 'again\n')).toMatchObject({ code: 'EAGAIN' });
  const room = Buffer.alloc(1 << 20);
  expect(readSync(fd, room)).toBeLessThan(100_000);
  expect(write(output, 'again\n')).toBeUndefined();
  expect(write(output, 'more\n')).toBeUndefined();
  expect(room.toString('utf8', 0, readSync(fd, room))).toBe('\nagain\nmore\n');
});
