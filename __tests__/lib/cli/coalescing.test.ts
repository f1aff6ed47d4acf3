import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, jest, test } from '@jest/globals';
import { agentServers } from '../../helpers/agent-server.js';
import { coderEnv, numbersByCall } from '../../helpers/coder-served.js';
import { logBatch } from '../../helpers/messages.js';
import { commands, listening } from '../../helpers/processes.js';
import { fillSpool, linesOf, sendBatches, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run.
jest.setTimeout(120_000);
const start = commands();
const startServer = agentServers();
const path = tempPaths();

const BUILD = pathToFileURL(fileURLToPath(new URL('../../../dist/lib/index.js', import.meta.url))).href;
const POISONED = fileURLToPath(new URL('../../helpers/poisoned-proxy.js', import.meta.url));

test.each([true, false])(
  'serve sends the batches that wait for Coder in few calls (spool: %p)',
  async (hasSpool) => {
    const server = await startServer();
    server.onCall = (call) => void setTimeout(() => call.ok(), 50);
    const socket = path();
    const spool = hasSpool ? ['--spool', path()] : ['--overflow', 'block'];
    const args = ['--reporter', 'coder', '--metrics', 'off', ...spool];
    const served = start(['serve', '--socket', socket, ...args], { env: coderEnv(server) });
    await listening(served, socket);
    await server.session();
    await sendBatches(socket, 2000, 2);
    await until('everything has arrived', () => numbersByCall(server).flat().length === 4000, 60_000);
    expect(numbersByCall(server).flat()).toEqual(upTo(4000));
    // One call for each batch would be 2000 calls, and take 100 s.
    expect(server.calls.length).toBeLessThan(100);
    expect(await stopped(served)).toMatchObject({
      forwarded: { batches: 2000, logs: 4000 },
      kept: { batches: 0 },
    });
  },
);

test('--linger waits for more batches, but not at the end', async () => {
  const server = await startServer();
  const socket = path();
  const args = ['--reporter', 'coder', '--metrics', 'off', '--linger', '60000'];
  const served = start(['serve', '--socket', socket, ...args], { env: coderEnv(server) });
  await listening(served, socket);
  await server.session();
  for (const i of upTo(5)) await sendBatches(socket, 1, 1, i);
  expect(server.calls).toEqual([]);
  expect(await stopped(served)).toMatchObject({ forwarded: { batches: 5, logs: 5 } });
  expect(numbersByCall(server)).toEqual([upTo(5)]);
});

test('a batch that ends the process in a combined report is set aside, and no other one', async () => {
  const [socket, folder] = [path(), path()];
  const batches = upTo(20).map((n) => logBatch(1, n === 7 ? -1 : n));
  await fillSpool(folder, batches);
  const innocent = upTo(20).filter((n) => n !== 7);
  const run = () => start([BUILD, socket, folder], { program: POISONED });
  const reports = (stdout: string) => linesOf(stdout).map((line) => JSON.parse(line) as number[]);
  // What it crashes with, and what it has delivered before: nothing is marked in the first run.
  const delivered = new Set<number>();
  const crashed: number[][] = [];
  for (const _run of upTo(3)) {
    const proxy = run();
    expect(await proxy.ended).toBe('SIGKILL');
    const numbers = reports(proxy.stdout());
    crashed.push(numbers.at(-1) as number[]);
    for (const number of numbers.slice(0, -1).flat()) delivered.add(number);
  }
  // All of them together, and again, now marked; then those alone that are marked.
  expect(crashed).toEqual([
    batches.map((batch) => batch.request.logs[0]?.sequenceNumber ?? 0),
    expect.anything(),
    [-1],
  ]);
  const last = run();
  await until('the rest is delivered', () => {
    for (const number of reports(last.stdout()).flat()) delivered.add(number);
    return delivered.size === innocent.length;
  });
  expect([...delivered].sort((a, b) => a - b)).toEqual(innocent);
  last.child.kill('SIGTERM');
  expect(await last.ended).toBe(0);
  const account = JSON.parse(linesOf(last.stdout()).at(-1) as string);
  expect(account.dropped.quarantined).toEqual({ batches: 1, logs: 1 });
  expect(readdirSync(join(folder, 'quarantine'))).toEqual(['7']);
});
