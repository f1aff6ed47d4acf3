import { describe, expect, jest, test } from '@jest/globals';
import { type AgentCall, agentServers } from '../../helpers/agent-server.js';
import { coderEnv, numbersByCall } from '../../helpers/coder-served.js';
import { commands, listening } from '../../helpers/processes.js';
import { BLOCKED, closingAccount, complaintsIn, sendBatches, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

// A process starts slowly when others run.
jest.setTimeout(120_000);
const start = commands();
const startServer = agentServers();
const path = tempPaths();

const nothing = { batches: 0, logs: 0 };

describe('SIGTERM while the next attempt comes after the drain time', () => {
  // It would be noticed: the test would exceed its time.
  const DRAIN = ['--drain', '3600', '--metrics', 'off'];

  test.each([true, false])('Coder asks for a delay: it ends at once (spool: %p)', async (hasSpool) => {
    const server = await startServer();
    server.refusal = { status: 503, headers: { 'retry-after': '86400' } };
    const socket = path();
    const spool = hasSpool ? ['--spool', path()] : [];
    const args = ['--max-retry-after', '86400', '--reporter', 'coder', ...spool, ...DRAIN];
    const served = start(['serve', '--socket', socket, ...args], { env: coderEnv(server) });
    await listening(served, socket);
    await sendBatches(socket, 5, 2);
    await until('it says that Coder fails', () => complaintsIn(served).length > 0);
    const account = await stopped(served);
    const all = { batches: 5, logs: 10 };
    expect(account).toMatchObject({
      received: all,
      forwarded: nothing,
      dropped: { shutdown: hasSpool ? nothing : all },
      kept: hasSpool ? all : nothing,
    });
  });

  test.each([true, false])('the disk of stdout is full: it ends at once (spool: %p)', async (hasSpool) => {
    const socket = path();
    const spool = hasSpool ? ['--spool', path()] : ['--retry-elapsed', 'off'];
    const delays = ['--retry-initial-delay', '86400', '--retry-max-delay', '86400'];
    // The delay is random, and hardly ever within the drain time.
    const args = ['serve', '--socket', socket, ...delays, ...spool, '--drain', '20', '--metrics', 'off'];
    const served = start(args, { through: BLOCKED });
    await listening(served, socket);
    await sendBatches(socket, 5, 2);
    await until('it says that stdout fails', () => complaintsIn(served).length > 0);
    const from = performance.now();
    const account = await stopped(served, hasSpool ? 0 : 1);
    expect(performance.now() - from).toBeLessThan(20_000);
    const all = { batches: 5, logs: 10 };
    expect(account).toMatchObject({
      received: all,
      [hasSpool ? 'kept' : 'forwarded']: hasSpool ? all : nothing,
    });
  });

  test('if it comes before, it is waited for', async () => {
    const server = await startServer();
    server.refusal = { status: 503, headers: { 'retry-after': '2' } };
    const socket = path();
    const args = ['serve', '--socket', socket, '--reporter', 'coder', ...DRAIN];
    const served = start(args, { env: coderEnv(server) });
    await listening(served, socket);
    await sendBatches(socket, 5, 2);
    await until('it says that Coder fails', () => complaintsIn(served).length > 0);
    server.refusal = undefined;
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 5, logs: 10 } });
    expect(numbersByCall(server).flat()).toEqual(upTo(10));
  });
});

describe('one outage is one warning, and one line when it is over:', () => {
  test('of Coder, whatever fails in it', async () => {
    const server = await startServer();
    const faults: ((call: AgentCall) => void)[] = [
      // The connection breaks, the server is not available, and then it does not answer.
      ({ session }) => {
        server.refusal = { status: 503, headers: { 'retry-after': '0' } };
        session.socket.destroy();
      },
      () => undefined,
      (call) => call.error(0, 'context canceled'),
    ];
    server.onCall = (call) => (faults.shift() ?? ((call: AgentCall) => call.ok()))(call);
    const socket = path();
    const times = ['--report-timeout', '2', '--retry-initial-delay', '0.1', '--retry-max-delay', '0.2'];
    const args = ['serve', '--socket', socket, '--reporter', 'coder', '--metrics', 'off', ...times];
    const served = start(args, { env: coderEnv(server) });
    await listening(served, socket);
    const attempts = () => server.requests.filter(({ url }) => url?.includes('/rpc?')).length;
    for (const i of upTo(40)) await sendBatches(socket, 1, 2, 2 * i);
    await until('it was refused several times', () => attempts() >= 3, 60_000);
    server.refusal = undefined;
    await until('everything has arrived', () => new Set(numbersByCall(server).flat()).size === 80, 60_000);
    expect(faults).toEqual([]);
    expect(complaintsIn(served)).toEqual(['Coder is not available; retrying']);
    expect(await stopped(served)).toMatchObject({ forwarded: { batches: 40, logs: 80 } });
    expect(complaintsIn(served)).toEqual(['Coder is not available; retrying', 'Coder is available again']);
  });

  test('of stdout, whatever the number of batches and attempts', async () => {
    const socket = path();
    const times = ['--retry-initial-delay', '0.01', '--retry-max-delay', '0.02', '--drain', '0'];
    const served = start(['serve', '--socket', socket, '--metrics', 'off', ...times], { through: BLOCKED });
    await listening(served, socket);
    for (const i of upTo(30)) await sendBatches(socket, 1, 2, 2 * i);
    await stopped(served, 1);
    expect(closingAccount(served)).toMatchObject({ dropped: { shutdown: { batches: 30 } } });
    expect(complaintsIn(served)).toEqual(['the reporter is failing; retrying']);
  });
});
