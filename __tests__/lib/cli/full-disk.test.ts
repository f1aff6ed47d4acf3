import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { commands, listening } from '../../helpers/processes.js';
import { complaintsIn, numbersIn, sendBatches, stopped, upTo } from '../../helpers/served.js';
import { MISSING, mounts, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run.
jest.setTimeout(120_000);
const start = commands();
const path = tempPaths();
const mount = mounts();

/** A command in front of `serve` that appends its stdout to a file. */
const appendingTo = (file: string) => ['sh', '-c', `exec "$@" >>'${file}'`, 'sh'];
const FAST = ['--retry-initial-delay', '0.05', '--retry-max-delay', '0.1', '--metrics', 'off'];

testUnless(MISSING.mounts)(
  'stdout is a file on a disk that becomes full: each event is in it once, whole and in order',
  async () => {
    const [socket, disk] = [path(), path()];
    mount.tmpfs(disk, 'size=64k');
    const file = join(disk, 'events.ndjson');
    const args = ['serve', '--socket', socket, '--buffer', '10000', ...FAST];
    const served = start(args, { through: appendingTo(file) });
    await listening(served, socket);
    for (const i of upTo(20)) await sendBatches(socket, 40, 3, 120 * i);
    await until('the disk is full', () => complaintsIn(served).length > 0);
    // Events arrive while it is full, and again each time when there is some space.
    for (const size of ['80k', '152k', '156k', '400k', '8m']) {
      const before = numbersIn(readFileSync(file, 'utf8')).length;
      expect(spawnSync('mount', ['-o', `remount,size=${size}`, disk]).status).toBe(0);
      await until('it continues', () => numbersIn(readFileSync(file, 'utf8')).length > before);
    }
    await sendBatches(socket, 10, 3, 2400);
    await until('all of it is written', () => numbersIn(readFileSync(file, 'utf8')).length === 2430, 60_000);
    expect(numbersIn(readFileSync(file, 'utf8'))).toEqual(upTo(2430));
    expect(complaintsIn(served)).toEqual(['the reporter is failing; retrying']);
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 810, logs: 2430 } });
    expect(complaintsIn(served)).toEqual([
      'the reporter is failing; retrying',
      'the reporter accepts batches again',
    ]);
  },
);

test('a file that ends inside a line is continued on a new one', async () => {
  const [socket, file] = [path(), path()];
  writeFileSync(file, '{"sequence_number":7}\n{"half":');
  const served = start(['serve', '--socket', socket, ...FAST], { through: appendingTo(file) });
  await listening(served, socket);
  await sendBatches(socket, 2, 1, 8);
  await stopped(served);
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines.slice(0, 2)).toEqual(['{"sequence_number":7}', '{"half":']);
  expect(lines.slice(2).map((line) => JSON.parse(line).sequence_number)).toEqual([8, 9]);
});
