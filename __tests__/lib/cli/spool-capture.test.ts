import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { boundaryProtocol, decodeFrames, FrameDecoder, type LogBatch } from '../../../codec/index.js';
import { CaptureDecoder } from '../../../lib/index.js';
import { connectionsIn, isComplete, readByTheDocs } from '../../helpers/captures.js';
import { command } from '../../helpers/command.js';
import { commands, listening } from '../../helpers/processes.js';
import { fillSpool, METRICS, numberedBatches, numbersIn, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();

const exported = (folder: string, isTTY = false) => command(['spool', folder, '--export-capture'], '', isTTY);

function batchesIn(bytes: Buffer): LogBatch[] {
  const outcomes = decodeFrames(boundaryProtocol, new FrameDecoder().decode(bytes));
  return outcomes.flatMap((outcome) => (outcome.kind === 'logs' ? [outcome] : []));
}

test('contains each batch of every vector to the byte, with its tag, and when it was stored', async () => {
  const folder = path();
  const batches = vectors.flatMap(({ bytes }) => batchesIn(bytes));
  const before = Date.now();
  await fillSpool(folder, batches);
  const { code, bytes, errors } = await exported(folder);
  expect([code, errors, isComplete(bytes)]).toEqual([0, '', true]);
  const found = batchesIn(connectionsIn(bytes).get(1)?.bytes as Buffer);
  const described = (all: LogBatch[]) => all.map(({ tag, count, raw }) => [tag, count, raw.toString('hex')]);
  expect(described(found)).toEqual(described(batches));
  expect(readByTheDocs(bytes).startedAt).toBeGreaterThanOrEqual(before * 1000);
  expect(readByTheDocs(bytes).startedAt).toBeLessThanOrEqual(Date.now() * 1000);
});

test('an empty spool is a capture without batches', async () => {
  const folder = path();
  await fillSpool(folder, []);
  const { code, bytes } = await exported(folder);
  expect([code, isComplete(bytes)]).toEqual([0, true]);
  expect(connectionsIn(bytes).get(1)?.bytes.length).toBe(0);
});

test('what is damaged is a gap, and the exit code is 1', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(3, 2));
  const log = join(folder, `${'0'.repeat(16)}.log`);
  const changed = readFileSync(log);
  changed[100] = (changed[100] as number) ^ 1;
  writeFileSync(log, changed);
  const { code, bytes, errors } = await exported(folder);
  expect([code, errors]).toEqual([1, 'damaged from id 0 on: 1 batches are left out\n']);
  const items = new CaptureDecoder().decode(bytes);
  const lost = numberedBatches(1, 2)[0]?.raw.length;
  expect(items.find(({ kind }) => kind === 'gap')).toMatchObject({ connection: 0, bytes: lost });
  expect(items.at(-1)?.kind).toBe('finish');
  expect(isComplete(bytes)).toBe(false);
  expect(batchesIn(connectionsIn(bytes).get(1)?.bytes as Buffer)).toHaveLength(2);
});

test('is not written to a terminal', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(1, 1));
  const { code, bytes, errors } = await exported(folder, true);
  expect([code, bytes.length]).toEqual([2, 0]);
  expect(errors).toContain('stdout: got "a terminal"');
});

test('the process: replay sends it to serve', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(20, 3));
  const capture = path();
  const through = ['sh', '-c', 'out=$1; shift; exec "$@" >"$out"', 'sh', capture];
  const written = start(['spool', folder, '--export-capture'], { through });
  expect(await written.ended).toBe(0);
  const socket = path();
  const served = start(['serve', '--socket', socket, ...METRICS]);
  await listening(served, socket);
  const replayed = start(['replay', '--socket', socket, '--speed', 'max', capture]);
  expect(await replayed.ended).toBe(0);
  await until('60 events are on stdout', () => numbersIn(served.stdout()).length === 60);
  expect(numbersIn(served.stdout())).toEqual(upTo(60));
  await stopped(served);
});

test('the process: a full disk is a message and exit code 1', async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(1, 1));
  const written = start(['spool', folder, '--export-capture'], {
    through: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'],
  });
  expect(await written.ended).toBe(1);
  expect(written.stderr()).toMatch(/^error: ENOSPC: /);
});
