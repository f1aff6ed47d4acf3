import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type Fault, withFault } from '../../helpers/faults.js';
import { logBatch } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import {
  complaintsOf,
  fillSpool,
  linesOf,
  METRICS,
  metric,
  numberedBatches,
  numbersIn,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const BATCHES = 1000;
const LOGS = 4;
/** So that a segment has several blocks of 4 KiB. */
const MAX_BYTES = 1 << 20;
const args = (socket: string, folder: string) => [
  ...['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', String(MAX_BYTES)],
  ...METRICS,
];

/** A spool with several segments, and its segments by name. */
async function filled(): Promise<{ folder: string; logs: string[] }> {
  const folder = path();
  await fillSpool(folder, numberedBatches(BATCHES, LOGS), { maxBytes: MAX_BYTES });
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'));
  expect(logs.length).toBeGreaterThan(3);
  return { folder, logs };
}

const damagedIn = (folder: string) => existsSync(join(folder, 'damaged'));

describe('a disk that does not give back what is on it (EIO)', () => {
  // Of a block, the batches in it, of which the first and the last may have a part in it only.
  const shortest = 64 + logBatch(LOGS).raw.length;
  test.each<[string, { from: number; to: number }, number]>([
    ['a block', { from: 8192, to: 12_288 }, Math.floor(4096 / shortest) + 2],
    ['a whole segment', { from: 0, to: Number.MAX_SAFE_INTEGER }, Number.POSITIVE_INFINITY],
  ])(
    '%s is asked for during a minute, then skipped, reported, left in place, and delivered after the next start',
    async (_what, range, most) => {
      const { folder, logs } = await filled();
      const [socket, report] = [path(), path()];
      const file = logs[1] as string;
      const before = readFileSync(join(folder, file));
      const eio = { file, ...range, times: Number.MAX_SAFE_INTEGER };
      const first = start(args(socket, folder), { env: withFault({ eio, report }, folder) });
      await listening(first, socket);
      const errors = () => complaintsOf(first).filter(({ level }) => level >= 50);
      await until('a range is skipped', () => errors().length > 0);
      const [{ first: from, last, batches }] = errors();
      const skipped = upTo(BATCHES).slice(from, last + 1);
      expect(batches).toBe(skipped.length);
      expect(batches).toBeLessThanOrEqual(most);
      const left = (BATCHES - batches) * LOGS;
      await until('all others are delivered', () => linesOf(first.stdout()).length >= left);
      const isSkipped = (number: number) => skipped.includes(Math.floor(number / LOGS));
      const all = upTo(BATCHES * LOGS);
      expect(numbersIn(first.stdout())).toEqual(all.filter((number) => !isSkipped(number)));
      expect(await metric(first, 'spool_missing_batches_total')).toBe(batches);
      expect(await metric(first, 'batches_dropped_total{reason="spool_damaged"}')).toBe(batches);
      await stopped(first);
      expect(errors()).toEqual([
        expect.objectContaining({
          msg: 'spool damaged: batches are missing',
          keptIn: join(folder, file),
        }),
      ]);
      expect(complaintsOf(first)[0]).toMatchObject({
        msg: 'a shortage: a device fails: check the disk',
        place: 'spool',
        err: { code: 'EIO' },
      });
      const { failed, waitedMs }: { failed: number; waitedMs: number } = JSON.parse(
        readFileSync(report, 'utf8'),
      );
      expect(failed).toBeGreaterThanOrEqual(60);
      // One minute, however many times that part of the segment is read.
      expect(waitedMs).toBeGreaterThanOrEqual(59_000);
      expect(waitedMs).toBeLessThan(75_000);
      expect(readFileSync(join(folder, file))).toEqual(before);
      expect(damagedIn(folder)).toBe(false);

      const second = start(args(socket, folder));
      await listening(second, socket);
      await until('what was skipped is delivered', () => linesOf(second.stdout()).length >= batches * LOGS);
      expect(numbersIn(second.stdout())).toEqual(all.filter(isSkipped));
      expect(await stopped(second)).toMatchObject({ kept: { batches: 0 } });
      expect(complaintsOf(second)).toEqual([]);
      expect(existsSync(join(folder, file))).toBe(false);
    },
    30_000,
  );

  test.each<[string, number]>([
    ['the first segment', 0],
    ['one in the middle', 1],
    ['the last one, which opening reads', -1],
  ])('is no loss if it ends within the minute: %s', async (_where, which) => {
    const { folder, logs } = await filled();
    const socket = path();
    const fault: Fault = { eio: { file: logs.at(which) as string, from: 0, to: 4096, times: 40 } };
    const served = start(args(socket, folder), { env: withFault(fault, folder) });
    await listening(served, socket);
    await until('all is delivered', () => linesOf(served.stdout()).length >= BATCHES * LOGS);
    expect(numbersIn(served.stdout())).toEqual(upTo(BATCHES * LOGS));
    expect(await metric(served, 'spool_failures_total')).toBe(40);
    expect(await stopped(served)).toMatchObject({
      dropped: { spool_damaged: { batches: 0 } },
      kept: { batches: 0 },
    });
    expect(complaintsOf(served).filter(({ level }) => level >= 50)).toEqual([]);
    expect(damagedIn(folder)).toBe(false);
  });
});
