import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { assertBalanced } from '../../helpers/accounts.js';
import { logsFrame } from '../../helpers/messages.js';
import { MAIN } from '../../helpers/processes.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const STARVING = fileURLToPath(new URL('../../helpers/starving-proxy.js', import.meta.url));
/** Fewer do not suffice for Node, which opens many modules at once when it starts. */
const FILES = 160;
/** More than the proxy then accepts. */
const SENDERS = 120;

const path = tempPaths();
const children: ChildProcessByStdio<Writable, Readable | null, Readable>[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

/** Runs a program that may have few files open. */
function startWithFewFiles(args: string[], stdout: 'pipe' | number = 'pipe') {
  const command = ['-c', `ulimit -n ${FILES}; exec "$0" "$@"`, process.execPath, ...args];
  const env = { ...process.env, NODE_OPTIONS: '' };
  const child = spawn('sh', command, { stdio: ['pipe', stdout, 'pipe'], env }) as (typeof children)[number];
  children.push(child);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const log = () =>
    stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { child, log };
}

async function metricsAt(url: string): Promise<string> {
  const [response] = await once(get(url), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

const sample = (metrics: string, name: string) =>
  Number(
    metrics
      .split('\n')
      .find((line) => line.startsWith(`agent_boundary_log_proxy_${name} `))
      ?.split(' ')[1],
  );

/** What a sender sees that connects and writes a batch. */
async function fateOf(socketPath: string): Promise<{ socket: Socket; isClosed: () => boolean }> {
  let isClosed = false;
  const socket = connect(socketPath);
  socket.on('error', () => undefined).on('close', () => (isClosed = true));
  await Promise.race([once(socket, 'connect').catch(() => undefined), once(socket, 'close')]);
  socket.resume();
  socket.write(logsFrame(1));
  return { socket, isClosed: () => isClosed };
}

test('serve with few descriptors: more connections than those are closed, counted and reported', async () => {
  const socketPath = path();
  const { child, log } = startWithFewFiles([
    MAIN,
    'serve',
    '--socket',
    socketPath,
    '--reporter',
    'null',
    '--metrics',
    '127.0.0.1:0',
  ]);
  await until('it listens', () => log().some(({ msg }) => msg === 'listening'), 30_000);
  const { url } = log().find(({ msg }) => msg === 'serving metrics');
  const { max } = log().find(({ msg }) => msg.startsWith('the limit of open files'));
  expect(max).toBeGreaterThan(10);
  expect(max).toBeLessThan(SENDERS);

  const senders: Awaited<ReturnType<typeof fateOf>>[] = [];
  for (let i = 0; i < SENDERS; i++) senders.push(await fateOf(socketPath));
  await until(
    'the others are closed',
    () => senders.filter(({ isClosed }) => isClosed()).length === SENDERS - max,
  );
  await until(
    'what the rest sent is counted',
    async () => sample(await metricsAt(url), 'batches_forwarded_total') === max,
  );
  const metrics = await metricsAt(url);
  expect(sample(metrics, 'connections_rejected_total{reason="max_connections"}')).toBe(SENDERS - max);
  expect(sample(metrics, 'connections_open')).toBe(max);
  expect(sample(metrics, 'connections_max')).toBe(max);
  // The limit leaves descriptors for everything else.
  expect(sample(metrics, 'resource_shortages_total{kind="EMFILE"}')).toBe(0);
  expect(log().filter(({ msg }) => msg === 'rejecting connections')).toHaveLength(1);
  for (const { socket } of senders) socket.destroy();
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
}, 60_000);

test('descriptors that somebody else in the process has taken: senders are closed, and the log and a counter say why', async () => {
  const socketPath = path();
  const { child, log } = startWithFewFiles([STARVING, socketPath]);
  const answers = createInterface({ input: child.stdout as Readable })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await answers.next()).value);
  const ask = (order: string) => {
    child.stdin.write(`${order}\n`);
    return answer();
  };
  expect(await answer()).toBe('ready');
  const before = await connectTo(socketPath);
  before.write(logsFrame(1));
  await until('it works', async () => (await ask('accounts')).forwarded.batches === 1, 30_000);

  expect(await ask('starve')).toBe('EMFILE');
  await until('the shortage is noticed', () => log().some(({ kind }) => kind === 'EMFILE'));
  expect(log().filter(({ level }) => level === 'warn')).toMatchObject([
    { place: 'socket', kind: 'EMFILE', msg: expect.stringContaining('raise its limit'), err: 'EMFILE' },
  ]);
  const senders: Awaited<ReturnType<typeof fateOf>>[] = [];
  for (let i = 0; i < 20; i++) senders.push(await fateOf(socketPath));
  await until('all are closed', () => senders.every(({ isClosed }) => isClosed()));
  const during = await ask('metrics');
  expect(sample(during, 'connections_rejected_total{reason="descriptors"}')).toBe(20);
  expect(sample(during, 'resource_shortages_total{kind="EMFILE"}')).toBeGreaterThanOrEqual(20);
  // A connection that is open goes on.
  before.write(logsFrame(1));
  await until('its batch arrives', async () => (await ask('accounts')).forwarded.batches === 2);

  expect(await ask('release')).toBeGreaterThan(10);
  const after = await connectTo(socketPath);
  after.write(logsFrame(1));
  await until('a new connection works', async () => (await ask('accounts')).forwarded.batches === 3);
  await ask('close');
  const lines = () => log().filter(({ kind }) => kind === 'EMFILE');
  // They come through a pipe, and the answer to `close` does not.
  await until('both lines have arrived', () => lines().length >= 2);
  expect(lines()).toMatchObject([
    { msg: expect.stringMatching(/^a shortage: /) },
    { msg: 'the shortage is over' },
  ]);
  const accounts = await ask('accounts');
  assertBalanced(accounts);
  expect(accounts.received.batches).toBe(3);
  before.destroy();
  after.destroy();
}, 60_000);

test('a full disk under stdout is counted, and the line about the reporter says what is short', async () => {
  const socketPath = path();
  const full = openSync('/dev/full', 'w');
  const args = [MAIN, 'serve', '--socket', socketPath, '--metrics', '127.0.0.1:0', '--drain', '0'];
  const { child, log } = startWithFewFiles(args, full);
  closeSync(full);
  await until('it listens', () => log().some(({ msg }) => msg === 'listening'), 30_000);
  const { url } = log().find(({ msg }) => msg === 'serving metrics');
  const { socket } = await fateOf(socketPath);
  const shortages = async () => sample(await metricsAt(url), 'resource_shortages_total{kind="ENOSPC"}');
  await until('the shortage is counted again', async () => (await shortages()) >= 2, 30_000);
  child.kill('SIGTERM');
  // Its batch was dropped.
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(log().filter(({ level }) => level >= 40)).toMatchObject([
    { msg: expect.stringContaining('the reporter is failing'), err: { code: 'ENOSPC' } },
  ]);
  socket.destroy();
}, 60_000);
