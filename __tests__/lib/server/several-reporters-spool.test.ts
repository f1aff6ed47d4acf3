import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import type { BoundaryLogProxy, LogBatch, Reporter } from '../../../lib/index.js';
import { realDisk } from '../../../lib/spool/disk.js';
import { bytesIn, partsIn } from '../../../lib/spool/parts.js';
import { segmentLimits } from '../../../lib/spool/segment.js';
import { assertBalanced } from '../../helpers/accounts.js';
import { logLines } from '../../helpers/log-lines.js';
import { firstNumber, logsFrame } from '../../helpers/messages.js';
import { proxies } from '../../helpers/proxies.js';
import { collector, silentReporter } from '../../helpers/reporters.js';
import { upTo } from '../../helpers/served.js';
import { sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { thrown } from '../../helpers/thrown.js';
import { until } from '../../helpers/until.js';

const makeProxy = proxies();
const path = tempPaths();
const batches = (n: number, first = 0) => Array.from({ length: n }, (_, i) => logsFrame(1, first + i));
const numbers = ({ batches }: { batches: LogBatch[] }) => batches.map(firstNumber);
const retry = { maxElapsedMs: Number.POSITIVE_INFINITY };

type Reporters = Record<string, Reporter & { batches?: LogBatch[] }>;

/** Runs a proxy with some reporters until `isDone`, and closes it. */
async function run(folder: string, reporters: Reporters, frames: Buffer[] = [], nWarnings = 0) {
  const isDone = (proxy: BoundaryLogProxy) => {
    return Object.entries(reporters).every(([name, { batches }]) => {
      const { received, buffered, inFlight } = proxy.accounts(name);
      const isDelivered = batches === undefined || buffered.batches + inFlight.batches === 0;
      return isDelivered && received.batches >= frames.length;
    });
  };
  const logger = logLines();
  const proxy = makeProxy({ reporters: Object.keys(reporters), spool: { folder }, logger });
  await proxy.start();
  for (const [name, reporter] of Object.entries(reporters)) {
    proxy.runForwarder(reporter, { name, graceMs: 0, retry }).catch(() => undefined);
  }
  await sendAll(proxy.socketPath, frames);
  await until('it is done', () => isDone(proxy));
  const warnings = () => logger.lines.filter(({ level }) => level === 'warn');
  await until('it has warned', () => warnings().length >= nWarnings);
  await proxy.close();
  for (const name of Object.keys(reporters)) assertBalanced(proxy.accounts(name));
  return { proxy, warnings: warnings() };
}

const left = (reporter: string, folder: string, n: number) =>
  expect.objectContaining({
    message: expect.stringMatching(/^batches wait in the spool for a reporter that is not configured: /),
    fields: expect.objectContaining({ reporter, folder, batches: n, logs: n, bytes: expect.any(Number) }),
  });

test('each part keeps exactly what its reporter has not acknowledged, whatever the other one did', async () => {
  const folder = path();
  const [one, two] = [collector(), collector()];
  await run(folder, { first: one, second: silentReporter }, batches(20));
  expect(numbers(one)).toEqual(upTo(20));
  const { proxy } = await run(folder, { first: one, second: two }, batches(5, 20));
  expect([numbers(one), numbers(two)]).toEqual([upTo(25), upTo(25)]);
  expect(proxy.accounts('second').recovered.batches).toBe(20);
  expect(proxy.accounts().recovered.batches).toBe(0);
});

test('the first of several reporters continues the spool of a single one', async () => {
  const folder = path();
  await run(folder, { main: silentReporter }, batches(4));
  const [one, two] = [collector(), collector()];
  const { warnings } = await run(folder, { first: one, second: two }, batches(2, 4));
  expect([numbers(one), numbers(two)]).toEqual([upTo(6), [4, 5]]);
  expect(warnings).toEqual([]);
});

/** Which reporters run after `first` and `second` did not acknowledge 7 batches, and which of these wait in vain then. */
const LATER: [string[], string[]][] = [
  [['first', 'second'], []],
  [['second', 'first'], []],
  [['first'], ['second']],
  [['second'], ['first']],
  [['third', 'second'], ['first']],
  [['third'], ['first', 'second']],
];

test.each(LATER)('each receives its batches and no others, if then %j run', async (running, missing) => {
  const folder = path();
  const partOf = { first: folder, second: `${folder}/reporters/second` };
  await run(folder, { first: silentReporter, second: silentReporter }, batches(7));
  const later = () => Object.fromEntries(running.map((name) => [name, collector()]));
  for (const round of [0, 1]) {
    const reporters = later();
    const frames = batches(2, 7 + 2 * round);
    const { warnings } = await run(folder, reporters, frames, missing.length);
    for (const [name, reporter] of Object.entries(reporters)) {
      const waited = round === 0 && name in partOf ? upTo(7) : [];
      expect(numbers(reporter)).toEqual([...waited, 7 + 2 * round, 8 + 2 * round]);
    }
    expect(warnings).toEqual(missing.map((name) => left(name, partOf[name as keyof typeof partOf], 7)));
  }
  // They are back.
  const [one, two] = [collector(), collector()];
  const { warnings } = await run(folder, { first: one, second: two });
  const back = (name: string) => (missing.includes(name) ? upTo(7) : []);
  expect([numbers(one), numbers(two), warnings]).toEqual([back('first'), back('second'), []]);
});

test('batches can be given to a reporter with another name: docs/spool-format.md says which names to change', async () => {
  const folder = path();
  await run(folder, { old: silentReporter, older: silentReporter }, batches(3));
  renameSync(`${folder}/reporter.old`, `${folder}/reporter.new`);
  renameSync(`${folder}/reporters/older`, `${folder}/reporters/newer`);
  const [one, two] = [collector(), collector()];
  const { warnings } = await run(folder, { newer: two, new: one });
  expect([numbers(one), numbers(two), warnings]).toEqual([upTo(3), upTo(3), []]);
});

const bytesOf = (folder: string) =>
  partsIn(realDisk, folder).reduce((sum, part) => sum + bytesIn(realDisk, part), 0);

test('the limit bounds the whole folder; a reporter that is unavailable may use most of it, and only its batches are dropped', async () => {
  const [folder, maxBytes, n] = [path(), 100_000, 1200];
  const proxy = makeProxy({ reporters: ['first', 'second', 'third'], spool: { folder, maxBytes } });
  await proxy.start();
  const one = collector();
  proxy.runForwarder(one).catch(() => undefined);
  for (let sent = 0; sent < n; sent += 100) {
    await sendAll(proxy.socketPath, batches(100, sent));
    await until('all are forwarded', () => one.batches.length === sent + 100);
    const most = maxBytes + 3 * segmentLimits(maxBytes / 3).bytes;
    expect(bytesOf(folder)).toBeLessThanOrEqual(most);
    for (const name of ['first', 'second', 'third']) assertBalanced(proxy.accounts(name));
  }
  expect(numbers(one)).toEqual(upTo(n));
  const [second, third] = ['second', 'third'].map((name) => proxy.accounts(name));
  for (const accounts of [second, third]) expect(accounts?.dropped.spool_full.batches).toBeGreaterThan(0);
  expect(proxy.accounts().dropped.spool_full.batches).toBe(0);
  expect(bytesOf(folder)).toBeGreaterThan(0.6 * maxBytes);
  // What is full is seen to be full, also if another one has most of the space.
  const metrics = await proxy.registry.metrics();
  for (const name of ['second', 'third']) {
    const value = (metric: string) =>
      Number(new RegExp(`reporter_${metric}{reporter="${name}"} (\\d+)`).exec(metrics)?.[1]);
    expect(value('buffer_bytes') / value('buffer_capacity_bytes')).toBeGreaterThan(0.8);
  }
});

test('the batches of a removed reporter count until somebody deletes them, and the others still have space', async () => {
  const [folder, maxBytes] = [path(), 60_000];
  const spool = { folder, maxBytes };
  const before = makeProxy({ reporters: ['first', 'second'], spool });
  await before.start();
  await sendAll(before.socketPath, batches(600));
  await until('all came in', () => before.accounts().received.batches === 600);
  await before.close();
  const full = bytesOf(folder);
  const proxy = makeProxy({ reporters: ['third', 'fourth'], spool });
  await proxy.start();
  await sendAll(proxy.socketPath, batches(200));
  await until('all came in', () => proxy.accounts('fourth').received.batches === 200);
  const keptBefore = ['third', 'fourth'].map((name) => proxy.accounts(name).buffered.batches) as [
    number,
    number,
  ];
  for (const n of keptBefore) expect(n).toBeGreaterThan(10);
  for (const n of keptBefore) expect(n).toBeLessThan(60);
  // What is reserved for each.
  expect(bytesOf(folder)).toBeLessThan(full + maxBytes / 4 + 2 * segmentLimits(maxBytes / 2).bytes);
  await proxy.close();
  rmSync(`${folder}/reporters/second`, { recursive: true });
  for (const name of readdirSync(folder)) if (/^\d/.test(name)) rmSync(`${folder}/${name}`);
  const again = makeProxy({ reporters: ['third', 'fourth'], spool });
  await again.start();
  await sendAll(again.socketPath, batches(60, 200));
  await until('all came in', () => again.accounts('fourth').received.batches === keptBefore[1] + 60);
  for (const [i, name] of ['third', 'fourth'].entries()) {
    expect(again.accounts(name).dropped.spool_full.batches).toBe(0);
    expect(again.accounts(name).buffered.batches).toBe((keptBefore[i] as number) + 60);
  }
});

test('a folder in reporters/ that is not a spool is ignored, and so is a name that no reporter can have', async () => {
  const folder = path();
  mkdirSync(`${folder}/reporters/gone`, { recursive: true, mode: 0o700 });
  mkdirSync(`${folder}/reporters/Not a name`);
  writeFileSync(`${folder}/reporters/file`, '');
  chmodSync(folder, 0o700);
  const { warnings } = await run(folder, { main: collector() }, batches(1));
  expect(warnings).toEqual([]);
});

test('if the folder cannot be listed, several reporters are rejected, so that none receives the batches of another one', async () => {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  symlinkSync('/nowhere', `${folder}/reporters`);
  expect(thrown(() => makeProxy({ reporters: ['a', 'b'], spool: { folder } }))).toMatchObject({
    code: 'ERR_SPOOL_FAILED',
  });
});
