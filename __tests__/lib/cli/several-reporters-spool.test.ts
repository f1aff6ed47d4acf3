import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterEach, expect, jest, test } from '@jest/globals';
import { nameOf } from '../../../lib/cli/destinations.js';
import { LogBatch } from '../../../lib/index.js';
import { realDisk } from '../../../lib/spool/disk.js';
import { inspect } from '../../../lib/spool/inspection.js';
import { partsIn } from '../../../lib/spool/parts.js';
import { random } from '../../helpers/cuts.js';
import { firstNumber, logBatch, logsFrame } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { ScriptedReceiver } from '../../helpers/scripted-receiver.js';
import { seed } from '../../helpers/seed.js';
import {
  complaintsOf,
  fillSpool,
  linesOf,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

jest.setTimeout(240_000);
const start = commands();
const path = tempPaths();
const DEADLINE = 60_000;
const receivers: ScriptedReceiver[] = [];
afterEach(() => {
  for (const receiver of receivers.splice(0)) receiver.close();
});

/** One that a test leaves open is closed after it. */
function receiverAt(socket: string): ScriptedReceiver {
  const receiver = new ScriptedReceiver(socket);
  receivers.push(receiver);
  return receiver;
}

/** How many processes are killed. */
const KILLS = 12;
/** Batches that each of them receives, and is known to have stored or delivered. */
const KNOWN = 40;

/** The first numbers of the batches that wait in a part of the spool. */
async function waitingIn(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { waiting } of inspect(realDisk, folder)) {
    for (const { tag, count, raw } of waiting) numbers.push(firstNumber(new LogBatch(tag, count, raw)));
  }
  return numbers;
}

test(`${KILLS} kills lose nothing for either of two reporters that come and go (seed ${seed})`, async () => {
  const next = random(seed);
  const [socket, folder] = [path(), path()];
  for (const at of [path(), path()]) receiverAt(at);
  const names = receivers.map((receiver) => nameOf(`socket:${receiver.path}`));
  const args = [
    ...['serve', '--socket', socket, '--spool', folder, '--metrics', 'off', '--retry-max-delay', '0.05'],
    ...receivers.flatMap((receiver) => ['--reporter', `socket:${receiver.path}`]),
  ];
  const arrivedAt = (receiver: ScriptedReceiver) => new Set(receiver.batches.map(firstNumber));
  const known: number[] = [];
  let n = 0;
  for (const life of upTo(KILLS)) {
    const served = start(args);
    await listening(served, socket);
    // Both, the first one, the second one, or none of them can be reached.
    for (const [i, receiver] of receivers.entries()) {
      if (((life >> i) & 1) === 0) await receiver.listen();
      else receiver.disappear();
    }
    const client = await connectTo(socket);
    const numbers = upTo(KNOWN).map(() => n++);
    for (const number of numbers) client.write(logsFrame(1, number));
    await until(
      'all of them are stored or delivered, for each',
      async () => {
        const parts = partsIn(realDisk, folder);
        for (const [i, receiver] of receivers.entries()) {
          const part = parts.find(
            ({ reporter, folder: at }) => reporter === names[i] || (i === 0 && at === folder),
          );
          if (part === undefined) return false;
          const waiting = new Set(await waitingIn(part.folder));
          const arrived = arrivedAt(receiver);
          if (numbers.some((number) => !waiting.has(number) && !arrived.has(number))) return false;
        }
        return true;
      },
      DEADLINE,
    );
    known.push(...numbers);
    // The kill comes while more of them arrive, of which it may take some.
    const more = upTo(30).map(() => n++);
    for (const number of more) client.write(logsFrame(1, number));
    await sleep(next() * 20);
    served.child.kill('SIGKILL');
    expect(await served.ended).toBe('SIGKILL');
    client.destroy();
  }
  for (const receiver of receivers) await receiver.listen();
  const last = start(args);
  await listening(last, socket);
  for (const receiver of receivers) {
    await until(
      'everything has arrived',
      () => {
        const arrived = arrivedAt(receiver);
        return known.every((number) => arrived.has(number));
      },
      DEADLINE,
    );
    // A batch is repeated only after those that followed it were not acknowledged either.
    const order = [...arrivedAt(receiver)];
    expect(order).toEqual([...order].sort((a, b) => a - b));
  }
  const account = await stopped(last);
  const kept = { kept: { batches: 0 }, dropped: { spool_damaged: { batches: 0 } } };
  expect(account).toMatchObject({ ...kept, others: { [names[1] as string]: kept } });
  expect(complaintsOf(last)).toEqual([]);
});

const BUILD = pathToFileURL(fileURLToPath(new URL('../../../dist/lib/index.js', import.meta.url))).href;
const POISONED = fileURLToPath(new URL('../../helpers/poisoned-proxy.js', import.meta.url));

test('a batch that ends the process for one reporter is set aside for it, and delivered by the other one', async () => {
  const [socket, folder] = [path(), path()];
  const batches = upTo(10).map((n) => logBatch(1, n === 7 ? -1 : n));
  const all = batches.map(firstNumber);
  // The same for each: the folder itself is that of the first one.
  for (const part of [folder, join(folder, 'reporters/poisoned')]) await fillSpool(part, batches);
  const run = () => start([BUILD, socket, folder, 'robust'], { program: POISONED });
  const reportsIn = (text: string) => linesOf(text).flatMap((line) => JSON.parse(line) as number[]);
  const [robust, poisoned] = [new Set<number>(), new Set<number>()];
  const add = (to: Set<number>, numbers: number[]) => {
    for (const number of numbers) to.add(number);
    return to.size;
  };
  for (const _run of upTo(3)) {
    const proxy = run();
    expect(await proxy.ended).toBe('SIGKILL');
    add(robust, reportsIn(proxy.stderr()));
    // The last report is the one that it ended in.
    add(poisoned, reportsIn(linesOf(proxy.stdout()).slice(0, -1).join('\n')));
  }
  const last = run();
  await until(
    'each has what it can have',
    () =>
      add(robust, reportsIn(last.stderr())) === all.length &&
      add(poisoned, reportsIn(last.stdout())) === all.length - 1,
    DEADLINE,
  );
  expect(poisoned).not.toContain(-1);
  last.child.kill('SIGTERM');
  expect(await last.ended).toBe(0);
  const account = JSON.parse(linesOf(last.stdout()).at(-1) as string);
  expect(account.dropped.quarantined).toEqual({ batches: 1, logs: 1 });
  expect(readdirSync(join(folder, 'reporters/poisoned/quarantine'))).toEqual(['7']);
  expect(readdirSync(folder)).not.toContain('quarantine');
});

test('a proxy that takes over continues each part, and loses nothing for any reporter', async () => {
  const [socket, folder, gone] = [path(), path(), path()];
  const args = [
    ...['serve', '--socket', socket, '--spool', folder, '--metrics', 'off', '--retry-max-delay', '0.1'],
    ...['--drain', '1', '--replace', '--reporter', 'stdout', '--reporter', `socket:${gone}`],
  ];
  const first = start(args);
  await listening(first, socket);
  await sendBatches(socket, 30, 1);
  await until('stdout has them', () => linesOf(first.stdout()).length === 30, DEADLINE);
  const second = start(args);
  expect(await first.ended).toBe(0);
  await listening(second, socket);
  await sendBatches(socket, 10, 1, 30);
  await until('stdout has them', () => linesOf(second.stdout()).length === 10, DEADLINE);
  const receiver = receiverAt(gone);
  await receiver.listen();
  await until('the other one has everything', () => receiver.batches.length >= 40, DEADLINE);
  const account = await stopped(second);
  expect(receiver.batches.map(firstNumber)).toEqual(upTo(40));
  expect([...numbersIn(first.stdout()), ...numbersIn(second.stdout())]).toEqual(upTo(40));
  expect(account).toMatchObject({
    recovered: { batches: 0 },
    others: { [nameOf(`socket:${gone}`)]: { recovered: { batches: 30 }, forwarded: { batches: 40 } } },
  });
});
