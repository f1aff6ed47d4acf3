import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { TAKEN_SLOTS, Taken } from '../../../lib/spool/taken.js';
import { lines, numbered, numberOf, spools } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const open = spools();
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

function opened(file = path()): { taken: Taken; file: string } {
  const taken = new Taken(file);
  taken.open();
  return { taken, file };
}

const idsIn = (file: string) => new Taken(file).read();

describe('the file', () => {
  test.each<[string, number[][], number[]]>([
    ['nothing', [], []],
    ['nothing, added', [[]], []],
    ['the first id', [[0]], [0]],
    ['ids of several calls, as they come', [[7, 3], [5]], [7, 3, 5]],
    ['the highest id there can be', [[2 ** 48 - 1]], [2 ** 48 - 1]],
    ['as many as there are slots', [range(0, TAKEN_SLOTS)], range(0, TAKEN_SLOTS)],
    [
      'the last ones of more, the newest over the oldest',
      [range(0, TAKEN_SLOTS - 1), range(TAKEN_SLOTS - 1, TAKEN_SLOTS + 2)],
      [TAKEN_SLOTS, TAKEN_SLOTS + 1, ...range(2, TAKEN_SLOTS)],
    ],
  ])('holds %s', (_what, calls, ids) => {
    const { taken, file } = opened();
    for (const call of calls) taken.add(call);
    expect(idsIn(file)).toEqual(ids);
    taken.close();
    expect(idsIn(file)).toEqual(ids);
  });

  test('opened anew is made anew, with the ids that were added', () => {
    const { taken, file } = opened();
    taken.add([1, 2]);
    rmSync(file);
    taken.open();
    taken.add([3]);
    taken.close();
    expect(idsIn(file)).toEqual([1, 2, 3]);
    opened(file).taken.close();
    expect(idsIn(file)).toEqual([]);
  });

  test('that is not there, is a folder, is cut short or has flipped bits, has no wrong ids', () => {
    expect(idsIn(path())).toEqual([]);
    const folder = path();
    mkdirSync(folder);
    expect(idsIn(folder)).toEqual([]);
    const { taken, file } = opened();
    taken.add([258, 259]);
    taken.close();
    const bytes = readFileSync(file);
    for (let length = 0; length < 30; length++) {
      writeFileSync(file, bytes.subarray(0, length));
      expect(idsIn(file)).toEqual([258, 259].slice(0, Math.floor(length / 12)));
    }
    for (let bit = 0; bit < 12 * 8; bit++) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      writeFileSync(file, flipped);
      expect(idsIn(file)).toEqual([259]);
    }
  });

  test('that is not open, or is closed, takes ids all the same', () => {
    const file = path();
    const taken = new Taken(file);
    taken.add([1]);
    taken.open();
    taken.close();
    taken.add([2]);
    expect(idsIn(file)).toEqual([1]);
  });
});

test('what remove() was called for does not come back, though nothing was written', async () => {
  const folder = path();
  const spool = await open(folder);
  await spool.append(range(0, 5).map((n) => numbered(n)));
  // Not there yet, not there ever, and no id.
  await Promise.all([spool.remove([5, -1, 1.5, Number.NaN])]);
  const removed = [spool.remove([0, 2]), spool.remove([3])];
  const left = path();
  cpSync(folder, left, { recursive: true });
  await Promise.all(removed);

  const log = lines();
  const again = await open(left, { logger: log });
  expect(log.errors()).toEqual([]);
  expect((await again.read(9)).map(numberOf)).toEqual([1, 4]);
  expect(again.size).toEqual({ batches: 2, logs: 5, bytes: 40 });
  // What comes later has ids of its own.
  await again.append([numbered(5)]);
  await again.close();
  const third = await open(left);
  expect((await third.read(9)).map(numberOf)).toEqual([1, 4, 5]);
});
