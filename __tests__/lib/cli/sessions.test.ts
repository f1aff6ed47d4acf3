import { describe, expect, test } from '@jest/globals';
import { encodeLogs, encodeStatus } from '../../../codec/index.js';
import { logsFrame, SESSION } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import {
  BLOCKED,
  linesOf,
  logOf,
  METRICS,
  metricsOf,
  numbersIn,
  recordsIn,
  stopped,
} from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

async function serving(args: string[] = [], through: readonly string[] = []) {
  const socket = path();
  const served = start(['serve', '--socket', socket, ...METRICS, ...args], { through });
  await listening(served, socket);
  return { served, socket };
}

/** The lines of the log about sessions that have ended. */
const endedIn = (served: Running) => logOf(served).filter(({ msg }) => msg === 'session ended');
const verdictsIn = (served: Running) => endedIn(served).map(({ verdict }) => verdict);
const sessionMetrics = async (served: Running) =>
  linesOf(await metricsOf(served))
    .filter((line) => /^agent_boundary_log_proxy_(sessions|events)_/.test(line))
    .map((line) => line.replace('agent_boundary_log_proxy_', ''));

test('at the end, the log has a line for each session', async () => {
  const { served, socket } = await serving();
  const other = encodeLogs({
    sessionId: 'b',
    logs: [{ sequenceNumber: 0 }, { sequenceNumber: 3, allowed: true }],
  });
  await sendAll(socket, [logsFrame(10), logsFrame(10, 10), other, encodeStatus({ droppedBatchFull: 1 })]);
  expect(await sessionMetrics(served)).toEqual([
    'sessions_open 2',
    'sessions_total 2',
    'events_missing_total{lost_by="sender"} 0',
    'events_missing_total{lost_by="proxy"} 0',
    'events_missing_total{lost_by="reporter"} 0',
    'events_missing_total{lost_by="unexplained"} 0',
    'events_duplicated_total 0',
    'events_without_session_total 0',
  ]);
  await stopped(served);
  expect(endedIn(served)).toEqual([
    expect.objectContaining({
      level: 30,
      session: SESSION,
      verdict: 'complete, 0–19',
      ...{ received: 20, missing: 0, duplicated: 0, allowed: 20, denied: 0 },
    }),
    expect.objectContaining({
      level: 40,
      session: 'b',
      verdict: '2 missing: 1 lost by the sender, 1 unexplained',
      ...{ received: 2, missing: 2, duplicated: 0, allowed: 1, denied: 1 },
    }),
  ]);
});

test('a session that is silent ends, and its losses are counted', async () => {
  const { served, socket } = await serving(['--session-idle', '1']);
  const sender = await connectTo(socket);
  sender.write(logsFrame(10));
  sender.write(logsFrame(10, 20));
  sender.write(logsFrame(10, 20));
  await until('the session has ended', () => endedIn(served).length === 1, 30_000);
  expect(verdictsIn(served)).toEqual(['10 missing: 10 unexplained']);
  expect(await sessionMetrics(served)).toEqual([
    'sessions_open 0',
    'sessions_total 1',
    'events_missing_total{lost_by="sender"} 0',
    'events_missing_total{lost_by="proxy"} 0',
    'events_missing_total{lost_by="reporter"} 0',
    'events_missing_total{lost_by="unexplained"} 10',
    'events_duplicated_total 10',
    'events_without_session_total 0',
  ]);
  sender.write(logsFrame(10, 30));
  sender.end();
  await until('it continues', async () => (await sessionMetrics(served)).includes('sessions_total 2'));
  await stopped(served);
  expect(verdictsIn(served).at(-1)).toBe(
    'complete from the first event received, 30–39; 30 earlier events are unknown',
  );
});

test('a sender that is killed loses nothing that it has written', async () => {
  const { served, socket } = await serving();
  const sender = start(['send', '--socket', socket, '--session', 's']);
  for (let i = 0; i < 25; i++)
    sender.child.stdin.write(`{"decision":"deny","http_url":"https://example.com/${i}"}\n`);
  await until('two batches have arrived', () => numbersIn(served.stdout()).length >= 20, 30_000);
  sender.child.kill('SIGKILL');
  await sender.ended;
  const received = numbersIn(served.stdout()).length;
  await stopped(served);
  expect(verdictsIn(served)).toEqual([`complete, 0–${received - 1}`]);
});

test('events that a full buffer drops are lost by the proxy', async () => {
  const { served, socket } = await serving(['--buffer', '2', '--drain', '0'], BLOCKED);
  await sendAll(
    socket,
    Array.from({ length: 1500 }, (_, i) => logsFrame(10, 10 * i)),
  );
  await until('batches were dropped', () => served.stderr().includes('"buffer_full"'));
  served.child.kill('SIGTERM');
  await served.ended;
  const [{ verdict, missing, received }] = endedIn(served);
  expect({ missing, received }).toEqual({ missing: 15_000, received: 15_000 });
  expect(verdict).toBe('15,000 missing: 15,000 dropped by the proxy (buffer_full, shutdown)');
});

test('events that the reporter fails to accept are lost by the reporter', async () => {
  const { served, socket } = await serving(['--no-retry', '--drain', '0'], BLOCKED);
  await sendAll(socket, [logsFrame(10)]);
  await until('it is dropped', () => served.stderr().includes('"forward_failed"'));
  served.child.kill('SIGTERM');
  await served.ended;
  expect(verdictsIn(served)).toEqual(['10 missing: 10 not accepted by the reporter (forward_failed)']);
});

test('a proxy that restarts with a spool knows what came before it, and loses nothing', async () => {
  const socket = path();
  const folder = path();
  const args = ['serve', '--socket', socket, ...METRICS, '--spool', folder];
  const first = start(args, { through: BLOCKED });
  await listening(first, socket);
  const sender = await connectTo(socket);
  for (let i = 0; i < 3; i++) sender.write(logsFrame(10, 10 * i));
  await until('all are in the spool', () => recordsIn(folder) === 3);
  first.child.kill('SIGKILL');
  await first.ended;

  const second = start(args);
  await listening(second, socket);
  await sendAll(socket, [logsFrame(10, 30), logsFrame(10, 40)]);
  await until('all are delivered', () => numbersIn(second.stdout()).length === 50);
  await stopped(second);
  expect(numbersIn(second.stdout())).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(verdictsIn(second)).toEqual([
    'complete from the first event received, 30–49; 30 earlier events are unknown',
  ]);
});

describe('events without a session', () => {
  test('are counted, and the log says once what that means', async () => {
    const { served, socket } = await serving();
    await sendAll(socket, [encodeLogs({ logs: [{}, {}] }), encodeLogs({ logs: [{}] }, 1)]);
    expect(await sessionMetrics(served)).toContain('events_without_session_total 3');
    await stopped(served);
    expect(endedIn(served)).toEqual([]);
    expect(logOf(served).filter(({ msg }) => /without a session/.test(msg))).toHaveLength(1);
  });
});

test('a sender that begins a session with each batch does not fill the log', async () => {
  const { served, socket } = await serving(['--overflow', 'block']);
  await sendAll(
    socket,
    Array.from({ length: 500 }, (_, i) => encodeLogs({ sessionId: `s${i}`, logs: [{}] })),
  );
  await until('all arrived', () => linesOf(served.stdout()).length === 500);
  await stopped(served);
  expect(endedIn(served)).toHaveLength(100);
  expect(
    logOf(served)
      .filter(({ msg }) => /more sessions/.test(msg))
      .at(-1),
  ).toBeDefined();
});

test('with --no-audit nothing is looked for', async () => {
  const { served, socket } = await serving(['--no-audit']);
  await sendAll(socket, [logsFrame(10, 10)]);
  expect(await sessionMetrics(served)).toContain('sessions_total 0');
  await stopped(served);
  expect(endedIn(served)).toEqual([]);
});
