import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

/** These tests start many processes, each of which takes a second on a busy machine. */
jest.setTimeout(60_000);

const path = tempPaths();
const start = commands();

function newFolder(): string {
  const folder = path();
  mkdirSync(folder);
  return folder;
}

/** Starts `serve`, without metrics unless an argument says otherwise. */
const serve = (socket: string, ...args: string[]) =>
  start(['serve', '--socket', socket, ...(args.includes('--metrics') ? [] : ['--metrics', 'off']), ...args]);

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
const logOf = (served: Running) => lines(served.stderr()).map((line) => JSON.parse(line));
const hasLogged = (served: Running, text: string) => served.stderr().includes(text);
const closingAccount = (served: Running) => logOf(served).find(({ msg }) => msg === 'closed');
const numbers = (served: Running) => lines(served.stdout()).map((line) => JSON.parse(line).sequence_number);
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

interface ClosingAccount {
  received: { logs: number };
  forwarded: { logs: number };
  dropped: Record<string, { logs: number }>;
  kept: { logs: number };
}

function expectBalance({ received, forwarded, dropped, kept }: ClosingAccount): void {
  const parts = [forwarded, kept, ...Object.values(dropped)];
  expect(parts.reduce((sum, { logs }) => sum + logs, 0)).toBe(received.logs);
}

async function stop(served: Running): Promise<void> {
  served.child.kill('SIGTERM');
  expect(await served.ended).toBe(0);
  expectBalance(closingAccount(served));
}

/** Sends when a proxy listens. A connection may meet the moment without a file, or before the new proxy listens. */
async function sendSoon(socket: string, frame: Buffer): Promise<void> {
  await until('a proxy listens', () =>
    sendAll(socket, [frame]).then(
      () => true,
      ({ code }: NodeJS.ErrnoException) => {
        expect(['ENOENT', 'ECONNREFUSED']).toContain(code);
        return false;
      },
    ),
  );
}

describe('serve --replace', () => {
  test('without another proxy it starts as usual', async () => {
    const socket = join(newFolder(), 'socket');
    const served = serve(socket, '--replace');
    await listening(served, socket);
    await sendAll(socket, [logsFrame(1)]);
    await until('it serves', () => lines(served.stdout()).length === 1);
    await stop(served);
  });

  test('takes the socket, the spool and the metrics address over, and nothing is lost', async () => {
    const folder = newFolder();
    const [socket, spool] = [join(folder, 'socket'), join(folder, 'spool')];
    const old = serve(socket, '--spool', spool, '--metrics', '127.0.0.1:0');
    await listening(old, socket);
    const { port } = new URL(String(logOf(old).find(({ msg }) => msg === 'serving metrics')?.url));
    const connected = await connectTo(socket);
    connected.write(logsFrame(5, 0));
    await until('the old proxy has some', () => lines(old.stdout()).length === 5);
    const { ino } = statSync(socket);

    const young = serve(socket, '--spool', spool, '--metrics', `127.0.0.1:${port}`, '--replace');
    await until('the new proxy listens', () => hasLogged(young, '"listening"'));
    await sendAll(socket, [logsFrame(5, 5)]);
    expect(await old.ended).toBe(0);
    await until('the new proxy serves metrics', () => hasLogged(young, 'serving metrics'));
    await until('the new proxy has the rest', () => lines(young.stdout()).length === 5);
    expect([...numbers(old), ...numbers(young)]).toEqual(upTo(10));
    expectBalance(closingAccount(old));
    expect(logOf(young)).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          msg: 'took over from another proxy, which drains now',
          pid: old.child.pid,
        }),
        expect.objectContaining({ msg: 'the other proxy has released everything' }),
      ]),
    );
    expect(logOf(old)).toContainEqual(
      expect.objectContaining({ msg: 'another proxy has taken over; closing' }),
    );
    const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(await answer.text()).toMatch(/^agent_boundary_log_proxy_logs_received_total 5$/m);

    // The old one has removed nothing of the new one.
    expect(readdirSync(folder).sort()).toEqual(['socket', 'socket.control', 'spool']);
    expect(statSync(socket).ino).not.toBe(ino);
    connected.destroy();
    await stop(young);
    expect(readdirSync(folder)).toEqual(['spool']);
  });

  test('senders that come one after the other meanwhile find a proxy, and all of their events arrive once', async () => {
    const folder = newFolder();
    const socket = join(folder, 'socket');
    const proxies = [serve(socket, '--spool', join(folder, 'spool'))];
    await listening(proxies[0] as Running, socket);
    let sent = 0;
    let isOver = false;
    const sending = (async () => {
      while (!isOver) await sendSoon(socket, logsFrame(1, sent++));
    })();
    for (let n = 1; n <= 3; n++) {
      const next = serve(socket, '--spool', join(folder, 'spool'), '--replace');
      await until('it has taken over', () => hasLogged(next, 'has released everything'));
      expect(await (proxies.at(-1) as Running).ended).toBe(0);
      proxies.push(next);
    }
    isOver = true;
    await sending;
    await until('everything has arrived', () => proxies.flatMap(numbers).length >= sent);
    expect(proxies.flatMap(numbers).sort((a, b) => a - b)).toEqual(upTo(sent));
    await stop(proxies.at(-1) as Running);
  });

  test('two at once take turns, and one remains', async () => {
    const folder = newFolder();
    const socket = join(folder, 'socket');
    const old = serve(socket, '--spool', join(folder, 'spool'));
    await listening(old, socket);
    const both = [1, 2].map(() => serve(socket, '--spool', join(folder, 'spool'), '--replace'));
    expect(await old.ended).toBe(0);
    const first = await Promise.race(both.map(async (served) => [await served.ended, served] as const));
    expect(first[0]).toBe(0);
    const last = both.find((served) => served !== first[1]) as Running;
    await until('it has everything', () => hasLogged(last, 'has released everything'));
    await sendAll(socket, [logsFrame(3)]);
    await until('it serves', () => lines(last.stdout()).length === 3);
    await stop(last);
    expect(readdirSync(folder)).toEqual(['spool']);
  });

  test('an old proxy that does not let its spool go does not stop the new one from accepting', async () => {
    const folder = newFolder();
    const socket = join(folder, 'socket');
    const old = serve(socket, '--spool', join(folder, 'spool'));
    await listening(old, socket);
    const young = serve(socket, '--spool', join(folder, 'spool'), '--replace');
    await until('it has taken over', () => hasLogged(young, 'took over'));
    // It may have ended by now. Otherwise it hangs from here on, and is killed in the end.
    old.child.kill('SIGSTOP');
    await sendAll(socket, [logsFrame(3)]);
    old.child.kill('SIGKILL');
    await until('the events arrive', () => lines(young.stdout()).length === 3);
    await stop(young);
  });

  test('an old proxy that hangs is not replaced, and nothing changes', async () => {
    const folder = newFolder();
    const socket = join(folder, 'socket');
    const old = serve(socket);
    await listening(old, socket);
    // Between the file and its use there is a moment, in which it must not be stopped.
    await until('it says who it is', async () => {
      const control = await connectTo(`${socket}.control`).catch(() => undefined);
      if (control !== undefined) await once(control, 'data');
      control?.destroy();
      return control !== undefined;
    });
    const { ino } = statSync(socket);
    old.child.kill('SIGSTOP');
    const young = serve(socket, '--replace');
    expect(await young.ended).toBe(1);
    expect(young.stderr()).toMatch(
      /^error: ERR_SOCKET_IN_USE: cannot take over .*: the proxy there does not answer within 5 s/m,
    );
    expect(statSync(socket).ino).toBe(ino);
    old.child.kill('SIGCONT');
    await sendAll(socket, [logsFrame(1)]);
    await until('it serves again', () => lines(old.stdout()).length === 1);
    await stop(old);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a server that is not a boundary-log-proxy is refused, whatever its control socket says', async () => {
    const socket = join(newFolder(), 'socket');
    const server = createServer((connection) => connection.destroy()).listen(socket);
    await once(server, 'listening');
    for (const answer of [
      undefined,
      '',
      'HTTP/1.1 400 Bad Request\r\n\r\n',
      '{"service":"other"}\n',
      'x'.repeat(5000),
    ]) {
      const control = createServer((connection) => connection.end(answer ?? '')).listen(`${socket}.control`);
      await once(control, 'listening');
      if (answer === undefined) await once(control.close(), 'close');
      const { ino } = statSync(socket);
      const young = serve(socket, '--replace');
      expect(await young.ended).toBe(1);
      expect(young.stderr()).toMatch(/^error: ERR_SOCKET_IN_USE: .* is not a proxy that can be replaced/m);
      expect(statSync(socket).ino).toBe(ino);
      if (answer !== undefined) await once(control.close(), 'close');
    }
    await once(server.close(), 'close');
  });

  test.each<[string, (folder: string) => string[], RegExp]>([
    ['a spool that cannot be opened', (folder) => ['--spool', join(folder, 'socket')], /ERR_SPOOL_FAILED/],
    [
      'a group that does not exist',
      () => ['--socket-group', 'no-such-group'],
      /ERR_INVALID_OPTION: --socket-group: got "no-such-group"/,
    ],
    [
      'a metrics address that does not exist',
      () => ['--metrics', '192.0.2.1:1'],
      /ERR_LISTEN_FAILED: cannot serve metrics/,
    ],
  ])('if the new proxy fails to start (%s), the old one goes on', async (_what, args, message) => {
    const folder = newFolder();
    const socket = join(folder, 'socket');
    const old = serve(socket);
    await listening(old, socket);
    const { ino } = statSync(socket);
    const young = serve(socket, '--replace', ...args(folder));
    expect(await young.ended).not.toBe(0);
    expect(young.stderr()).toMatch(message);
    expect(statSync(socket).ino).toBe(ino);
    await sendAll(socket, [logsFrame(1)]);
    await until('the old one serves', () => lines(old.stdout()).length === 1);
    expect(readdirSync(folder).sort()).toEqual(['socket', 'socket.control']);
    await stop(old);
  });

  test('a spool that a third proxy uses is not waited for', async () => {
    const folder = newFolder();
    const [socket, spool] = [join(folder, 'socket'), join(folder, 'spool')];
    const third = serve(join(folder, 'third'), '--spool', spool);
    await listening(third, join(folder, 'third'));
    const old = serve(socket);
    await listening(old, socket);
    const young = serve(socket, '--replace', '--spool', spool);
    expect(await young.ended).toBe(1);
    expect(young.stderr()).toMatch(/^error: ERR_SPOOL_IN_USE/m);
    await sendAll(socket, [logsFrame(1)]);
    await until('the old one serves', () => lines(old.stdout()).length === 1);
  });

  test('a killed proxy is replaced like any dead server', async () => {
    const socket = join(newFolder(), 'socket');
    const old = serve(socket);
    await listening(old, socket);
    old.child.kill('SIGKILL');
    await old.ended;
    const young = serve(socket, '--replace');
    await listening(young, socket);
    await until('it can be replaced', () => existsSync(`${socket}.control`));
    await stop(young);
  });
});
