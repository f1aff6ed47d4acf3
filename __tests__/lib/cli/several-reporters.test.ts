import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import { nameOf } from '../../../lib/cli/destinations.js';
import { type AgentServer, agentServers } from '../../helpers/agent-server.js';
import { ROOT } from '../../helpers/code-blocks.js';
import { coderEnv, numbersByCall } from '../../helpers/coder-served.js';
import { command } from '../../helpers/command.js';
import { commands, listening } from '../../helpers/processes.js';
import { evaluate, samplesOf } from '../../helpers/prometheus.js';
import {
  closingAccount,
  complaintsOf,
  linesOf,
  logOf,
  METRICS,
  metric,
  metricsOf,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

jest.setTimeout(150_000);
const start = commands();
const startServer = agentServers();
const path = tempPaths();
const cleanups: (() => unknown)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const FAST = ['--retry-max-delay', '0.2', '--drain', '0'];
const reporters = (...values: string[]) => values.flatMap((value) => ['--reporter', value]);
const numbersOf = (server: AgentServer) => numbersByCall(server).flat();
const DEADLINE = 60_000;

test('while Coder is down, stdout receives everything; after a kill Coder receives what is left, and stdout nothing twice', async () => {
  const server = await startServer();
  server.refusal = { status: 503 };
  const [socket, folder] = [path(), path()];
  const args = [
    'serve',
    '--socket',
    socket,
    '--spool',
    folder,
    ...reporters('stdout', 'coder'),
    ...FAST,
    ...METRICS,
  ];
  const first = start(args, { env: coderEnv(server) });
  await listening(first, socket);
  await sendBatches(socket, 40, 5);
  await until('stdout has everything', () => linesOf(first.stdout()).length === 200, DEADLINE);
  await until(
    'all of it is acknowledged',
    async () => (await metric(first, 'buffer_batches')) === 0,
    DEADLINE,
  );
  // What the reporter combines counts as in flight.
  const waiting = await Promise.all(
    ['buffer', 'in_flight'].map((where) => metric(first, `reporter_${where}_batches{reporter="coder"}`)),
  );
  expect(waiting.reduce((sum, n) => sum + n)).toBe(40);
  expect(await metric(first, 'reporter_up')).toBe(1);
  await until(
    'the first attempt has failed',
    async () => (await metric(first, 'reporter_up{reporter="coder"}')) === 0,
    DEADLINE,
  );
  first.child.kill('SIGKILL');
  await first.ended;

  server.refusal = undefined;
  const second = start(args, { env: coderEnv(server) });
  await listening(second, socket);
  await until('Coder has everything', () => numbersOf(server).length >= 200, DEADLINE);
  await sendBatches(socket, 1, 1, 200);
  await until('stdout has the new one', () => linesOf(second.stdout()).length > 0, DEADLINE);
  await until('Coder has it, too', () => numbersOf(server).includes(200), DEADLINE);
  const account = await stopped(second);
  expect(numbersIn(second.stdout())).toEqual([200]);
  expect(numbersOf(server)).toEqual(upTo(201));
  expect(account).toMatchObject({
    reporter: 'stdout',
    recovered: { batches: 0 },
    others: { coder: { recovered: { batches: 40 }, forwarded: { logs: 201 }, kept: { batches: 0 } } },
  });
});

test('of two sockets, one is dead: the other one receives everything, and the dead one what is left when it is back', async () => {
  const [socket, alive, dead] = [path(), path(), path()];
  const behind = start(['serve', '--socket', alive, '--metrics', 'off']);
  await listening(behind, alive);
  const served = start([
    ...['serve', '--socket', socket, ...reporters(`socket:${alive}`, `socket:${dead}`), ...METRICS],
    ...['--retry-max-delay', '0.2'],
  ]);
  await listening(served, socket);
  await sendBatches(socket, 50, 3);
  await until('the other one has everything', () => linesOf(behind.stdout()).length === 150, DEADLINE);
  expect(numbersIn(behind.stdout())).toEqual(upTo(150));
  const deadName = nameOf(`socket:${dead}`);
  expect(complaintsOf(served)).toEqual([
    expect.objectContaining({ reporter: deadName, msg: 'the reporter is failing; retrying' }),
  ]);
  const late = start(['serve', '--socket', dead, '--metrics', 'off']);
  await until('it has everything, too', () => linesOf(late.stdout()).length === 150, DEADLINE);
  expect(numbersIn(late.stdout())).toEqual(upTo(150));
  expect(await stopped(served)).toMatchObject({
    forwarded: { batches: 50 },
    others: { [deadName]: { forwarded: { batches: 50 }, kept: { batches: 0 } } },
  });
});

test('when stdout has no reader any more, the others still receive what is left before the end', async () => {
  const server = await startServer();
  server.onCall = (call) => setTimeout(() => call.ok(), 5);
  const socket = path();
  const args = [
    'serve',
    '--socket',
    socket,
    ...reporters('stdout', 'coder'),
    '--buffer',
    '1000',
    '--metrics',
    'off',
  ];
  const served = start(args, { env: coderEnv(server), keepStdout: false });
  await listening(served, socket);
  served.child.stdout.destroy();
  await sendBatches(socket, 100, 2);
  expect(await served.ended).toBe(1);
  const { others, received } = closingAccount(served);
  expect(others.coder).toMatchObject({ received, forwarded: received });
  expect(numbersOf(server)).toEqual(upTo(received.logs));
});

test.each([
  ['the same socket', (socket: string) => socket],
  ['another path to it', (socket: string) => socket.replace(/\/([^/]+)$/, '/./$1')],
])('a loop is refused before anything is started: %s', async (_what, loop) => {
  const socket = path();
  const served = start([
    'serve',
    '--socket',
    socket,
    '--metrics',
    'off',
    ...reporters(`socket:${loop(socket)}`),
  ]);
  expect(await served.ended).toBe(2);
  expect(served.stderr()).toMatch(
    /ERR_INVALID_OPTION: --reporter: got .*, expected another socket than --socket/,
  );
  expect(logOf(served)).toEqual([]);
});

test('a receiver that hangs does not delay stdout', async () => {
  const [socket, stuck] = [path(), path()];
  const server = createServer({ pauseOnConnect: true }, (connection) => {
    cleanups.push(() => connection.destroy());
  }).listen(stuck);
  cleanups.push(() => server.close());
  const served = start([
    ...['serve', '--socket', socket, ...reporters('stdout', `socket:${stuck}`)],
    ...['--buffer', '50', '--drain', '0', ...METRICS],
  ]);
  await listening(served, socket);
  for (let round = 1; round <= 8; round++) {
    await sendBatches(socket, 40, 100);
    await until('stdout has it', () => linesOf(served.stdout()).length === round * 4000, DEADLINE);
  }
  const name = nameOf(`socket:${stuck}`);
  const dropped = `reporter_batches_dropped_total{reporter="${name}",reason="buffer_full"}`;
  expect(await metric(served, dropped)).toBeGreaterThan(0);
  expect(await metric(served, 'batches_dropped_total{reason="buffer_full"}')).toBe(0);
});

test('the name of a reporter does not depend on its position', () => {
  const sockets = ['socket:/run/a/Boundary_audit.sock', 'socket:/run/b/Boundary_audit.sock'];
  const names = ['stdout', 'coder', ...sockets].map(nameOf);
  expect(names).toEqual([
    'stdout',
    'coder',
    expect.stringMatching(/^socket-boundary-audit-[0-9a-f]{8}$/),
    expect.stringMatching(/^socket-boundary-audit-[0-9a-f]{8}$/),
  ]);
  expect(new Set(names).size).toBe(4);
  expect(nameOf(`socket:/${'x'.repeat(90)}`)).toMatch(/^[a-z0-9-]{1,32}$/);
});

const LONG = `socket:/${'x'.repeat(107)}`;
test.each<[string[], string]>([
  [['file'], 'one of stdout, null, coder, otlp, socket:PATH, nats://HOST:PORT'],
  [['socket:'], 'one of stdout, null, coder, otlp, socket:PATH, nats://HOST:PORT'],
  [['stdout', 'stdout'], 'each reporter once'],
  [['coder', 'stdout', 'coder'], 'each reporter once'],
  [['socket:/tmp/a', 'socket:/tmp/a'], 'each reporter once'],
  [['socket:/tmp/a', 'socket:/tmp/../tmp/./a'], 'each reporter once'],
  [[LONG], 'socket:a path of 1 to 107 bytes'],
])('--reporter %j is refused, also by --check: expected %s', async (values, expected) => {
  for (const check of [[], ['--check']]) {
    const { code, errors } = await command(['serve', '--socket', path(), ...reporters(...values), ...check]);
    expect(code).toBe(2);
    const last = JSON.stringify(values.at(-1)).slice(0, 50);
    expect(errors).toContain(`ERR_INVALID_OPTION: --reporter: got ${last.slice(0, -1)}`);
    expect(errors).toContain(`expected ${expected}`);
  }
});

test('--check accepts several, and starts nothing', async () => {
  const args = ['serve', '--check', '--socket', path(), ...reporters('stdout', `socket:${path()}`, 'null')];
  expect(await command(args)).toMatchObject({ code: 0, errors: '' });
});

/** What docs/operating.md has to check the accounts of further reporters. */
const [, section = ''] = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').split(
  '### Metrics of several reporters\n',
);
const [, ...CHECKS] = section.split('\n### ')[0]?.split('```promql\n') ?? [];

test('metrics, /healthz and the closing account describe each reporter, when one is gone at SIGTERM', async () => {
  const [socket, gone] = [path(), path()];
  const served = start([
    ...['serve', '--socket', socket, ...reporters('stdout', `socket:${gone}`), ...METRICS],
    ...['--buffer', '10', '--retry-max-delay', '0.2', '--drain', '1'],
  ]);
  await listening(served, socket);
  const name = nameOf(`socket:${gone}`);
  const health = async () => {
    const { url } = logOf(served).find(({ msg }) => msg === 'serving metrics');
    const response = await fetch(url.replace('/metrics', '/healthz'));
    return { status: response.status, ...((await response.json()) as object) };
  };
  expect(await health()).toMatchObject({ status: 'ok', reasons: [] });
  await sendBatches(socket, 8, 3);
  await until('stdout has everything', () => linesOf(served.stdout()).length === 24, DEADLINE);
  await until(
    'the other one fails',
    async () => (await metric(served, `reporter_up{reporter="${name}"}`)) === 0,
  );
  expect(await health()).toMatchObject({ status: 'degraded', reasons: ['reporter_failing'] });
  // Its buffer of ten batches becomes full.
  for (let sent = 24; sent < 114; sent += 15) {
    await sendBatches(socket, 5, 3, sent);
    await until('stdout has everything', () => linesOf(served.stdout()).length === sent + 15, DEADLINE);
  }
  expect(await health()).toMatchObject({ status: 'failing', reasons: ['dropping', 'reporter_failing'] });
  const samples = samplesOf(await metricsOf(served));
  expect(CHECKS.map((check) => evaluate(check.split('```')[0] as string, samples))).toEqual([0, 0]);
  for (const [unit, n] of [
    ['batches', 38],
    ['logs', 114],
  ]) {
    const sumOf = (what: string) => evaluate(`agent_boundary_log_proxy_reporter_${what}`, samples);
    expect(sumOf(`${unit}_received_total`)).toBe(n);
    expect(sumOf(`${unit}_dropped_total`)).toBeGreaterThan(0);
    expect(sumOf(`buffer_${unit}`)).toBeGreaterThan(0);
  }
  const account = await stopped(served);
  expect(account).toMatchObject({
    reporter: 'stdout',
    received: { logs: 114 },
    forwarded: { logs: 114 },
    others: { [name]: { received: { logs: 114 }, forwarded: { logs: 0 } } },
  });
  const { dropped } = (account.others as Record<string, { dropped: Record<string, { logs: number }> }>)[
    name
  ] as { dropped: Record<string, { logs: number }> };
  expect((dropped.shutdown?.logs ?? 0) + (dropped.buffer_full?.logs ?? 0)).toBe(114);
  expect(dropped.shutdown?.logs).toBeGreaterThan(0);
});
