import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { random } from '../../helpers/cuts.js';
import { withFault } from '../../helpers/faults.js';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { seed } from '../../helpers/seed.js';
import {
  BLOCKED,
  complaintsOf,
  fillSpool,
  linesOf,
  numberedBatches,
  numbersIn,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const BATCHES = 1500;
const LOGS = 4;
/** So that there are several segments. */
const MAX_BYTES = 4 << 20;

/** At a file operation of the opening, each in another part of it. */
const KILLS = 10;
/** At any moment of a start. */
const MORE_KILLS = 5;

test(`${KILLS} kills while it opens, and ${MORE_KILLS} at any moment of a start, move nothing (seed ${seed})`, async () => {
  const next = random(seed);
  const [socket, folder, trace] = [path(), path(), path()];
  await fillSpool(folder, numberedBatches(BATCHES, LOGS), { maxBytes: MAX_BYTES });
  const args = ['serve', '--socket', socket, '--spool', folder, '--drain', '0', '--metrics', 'off'];
  args.push('--spool-max-bytes', String(MAX_BYTES));
  // Without an end, so that the lock tells of a crash from now on.
  const begun = performance.now();
  const first = start(args, { through: BLOCKED, env: withFault({ trace }, folder) });
  await until('it delivers', () => complaintsOf(first).some(({ msg }) => /reporter is failing/.test(msg)));
  const ms = performance.now() - begun;
  first.child.kill('SIGKILL');
  await first.ended;
  const operations = linesOf(readFileSync(trace, 'utf8'));
  // Opening reads the names, the first headers, the states, and the last segment; then the first batches are read.
  const opening = operations.length;
  expect(opening).toBeGreaterThan(30);

  for (let i = 0; i < KILLS; i++) {
    const killAt = 1 + Math.floor(((i + next()) / KILLS) * opening);
    const killed = start(args, { through: BLOCKED, env: withFault({ killAt }, folder) });
    expect(await killed.ended).toBe('SIGKILL');
  }
  for (let i = 0; i < MORE_KILLS; i++) {
    const killed = start(args, { through: BLOCKED });
    await sleep(next() * ms);
    killed.child.kill('SIGKILL');
    expect(await killed.ended).toBe('SIGKILL');
  }
  const last = start(args);
  await until('all is delivered', () => linesOf(last.stdout()).length >= BATCHES * LOGS);
  expect(numbersIn(last.stdout())).toEqual(upTo(BATCHES * LOGS));
  expect(await stopped(last)).toMatchObject({ recovered: { batches: BATCHES }, kept: { batches: 0 } });
  expect(complaintsOf(last)).toEqual([]);
  expect(readdirSync(folder).filter((name) => !/^(lock\.|\d{16}\.)/.test(name))).toEqual([]);
}, 60_000);

test('senders can connect and send before the spool is read', async () => {
  const [socket, folder, gate] = [path(), path(), path()];
  await fillSpool(folder, numberedBatches(100, LOGS));
  const args = ['serve', '--socket', socket, '--spool', folder, '--metrics', 'off'];
  const served = start(args, { env: withFault({ gate }, folder) });
  await listening(served, socket);
  const sender = await connectTo(socket);
  await new Promise<void>((resolve) => sender.end(logsFrame(LOGS, 100 * LOGS), () => resolve()));
  expect(served.stdout()).toBe('');
  writeFileSync(gate, '');
  await until('all is delivered, in order', () => linesOf(served.stdout()).length >= 101 * LOGS);
  expect(numbersIn(served.stdout())).toEqual(upTo(101 * LOGS));
});
