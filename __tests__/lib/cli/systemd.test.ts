import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { MAIN } from '../../helpers/processes.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const UNITS = ['.socket', '.service', '-forwarder.service'].map((name) =>
  fileURLToPath(new URL(`../../../examples/systemd/boundary-log-proxy${name}`, import.meta.url)),
);

/** These tests start many processes, each of which takes a second on a busy machine. */
jest.setTimeout(60_000);

const path = tempPaths();

/** Skips a test on a machine without a program of systemd. */
const testWith = (program: string) => (spawnSync(program, ['--version']).status === 0 ? test : test.skip);

testWith('systemd-analyze')('systemd accepts the example units (needs systemd-analyze)', () => {
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...UNITS], {
    encoding: 'utf8',
  });
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
});

testWith('systemd-analyze')('a mistake in the units would be found (needs systemd-analyze)', () => {
  const broken = spawnSync('systemd-analyze', ['verify', '--man=no', '/nowhere/boundary-log-proxy.service']);
  expect(broken.status).not.toBe(0);
});

test('the example service runs a command that exists, with a spool in the folder that it may write to', () => {
  const service = readFileSync(UNITS[1] as string, 'utf8');
  expect(service).toMatch(
    /^ExecStart=\/usr\/bin\/env boundary-log-proxy serve --spool \/var\/lib\/boundary-log-proxy /m,
  );
  expect(service).toMatch(/^StateDirectory=boundary-log-proxy$/m);
  for (const setting of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes'])
    expect(service).toContain(`\n${setting}\n`);
});

test('the example forwarder has a source, and neither a spool nor more rights than the service', () => {
  const [service = '', forwarder = ''] = UNITS.slice(1).map((unit) => readFileSync(unit, 'utf8'));
  expect(forwarder).toMatch(
    /^ExecStart=\/usr\/bin\/env boundary-log-proxy serve --source nats:\/\/\S+ --reporter /m,
  );
  const rights = (unit: string) =>
    unit.match(/^(?:Capability|Ambient|Lock|No|Private|Proc|Protect|Restrict|SystemCall).*$/gm);
  expect(rights(forwarder)).toEqual(rights(service));
  expect(forwarder).not.toContain('StateDirectory=');
});

describe('systemd-socket-activate', () => {
  const started: ChildProcess[] = [];
  afterEach(() => {
    for (const child of started.splice(0)) if (child.pid !== undefined) kill(-child.pid, 'SIGKILL');
  });

  /** Runs a program when the first sender connects, with the socket as its descriptor 3. */
  async function activate(args: string[], program: string[]) {
    const socket = join(newFolder(), 'socket');
    const child = spawn(
      'systemd-socket-activate',
      [...args, '-l', socket, '-E', `PATH=${process.env.PATH}`, ...program],
      { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    started.push(child);
    const output = { stdout: '', stderr: '', code: undefined as number | null | undefined };
    child.stdout.setEncoding('utf8').on('data', (chunk) => (output.stdout += chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk) => (output.stderr += chunk));
    child.on('close', (code) => (output.code = code));
    // The file is there before anybody listens on it.
    await until('the socket is there', () => existsSync(socket) && output.stderr.includes('Listening on'));
    return { child, socket, output };
  }

  function newFolder(): string {
    const folder = path();
    mkdirSync(folder);
    return folder;
  }

  const log = (text: string) =>
    text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const SERVE = [process.execPath, MAIN, 'serve', '--metrics', 'off'];
  const it = testWith('systemd-socket-activate');

  it('passes a socket, which serve uses and leaves alone (needs systemd-socket-activate)', async () => {
    const ignored = join(newFolder(), 'ignored');
    const variable = `CODER_AGENT_BOUNDARY_LOG_PROXY_SOCKET_PATH=${ignored}`;
    const { child, socket, output } = await activate(['-E', variable], SERVE);
    const { ino, mode } = statSync(socket);
    const sent = sendAll(socket, [logsFrame(3)]);
    await until('the logs have arrived', () => output.stdout.split('\n').length === 4);
    await sent;
    expect(log(output.stderr).at(0)).toMatchObject({
      ...{ socketFd: 3, socketPath: socket, msg: 'listening on a socket that was passed to this process' },
    });
    expect(existsSync(ignored)).toBe(false);
    child.kill('SIGTERM');
    await until('it has ended', () => output.code !== undefined);
    expect(output.code).toBe(0);
    expect(log(output.stderr).at(-1)).toMatchObject({ msg: 'closed', forwarded: { batches: 1, logs: 3 } });
    expect([statSync(socket).ino, statSync(socket).mode]).toEqual([ino, mode]);
  });

  // Node has no datagram sockets with a path, so another program sends.
  const DATAGRAM: [string, string[], string[], RegExp][] =
    spawnSync('python3', ['--version']).status === 0
      ? [
          [
            'a datagram socket',
            ['--datagram'],
            SERVE,
            /^error: ERR_INVALID_OPTION: socketFd: got 3, .* but it is /m,
          ],
        ]
      : [];

  it.each<[string, string[], string[], RegExp]>([
    ...DATAGRAM,
    ['two sockets', ['-l', path()], SERVE, /^error: ERR_INVALID_OPTION: LISTEN_FDS: got "2", expected 1/m],
    [
      'a socket for the shell in between',
      [],
      ['/bin/sh', '-c', `"$0" "$@"; exit $?`, ...SERVE],
      /^error: ERR_INVALID_OPTION: LISTEN_PID: got "\d+", expected \d+/m,
    ],
    ...['--replace', '--socket=/x', '--socket-mode=0600', '--socket-group=0'].map(
      (flag): [string, string[], string[], RegExp] => [
        flag,
        [],
        [...SERVE, flag],
        /^error: ERR_INVALID_OPTION: --\S+ has no effect with a socket that systemd passes, because its unit decides that$/m,
      ],
    ),
  ])('%s: one clear error (needs systemd-socket-activate)', async (_what, args, program, message) => {
    const { socket, output } = await activate(args, program);
    const sender = args.includes('--datagram') ? undefined : await connectTo(socket);
    if (sender === undefined) {
      spawnSync('python3', [
        '-c',
        `import socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", "${socket}")`,
      ]);
    }
    await until('it has ended', () => output.code !== undefined);
    sender?.destroy();
    expect(output.code).toBe(2);
    expect(output.stderr).toMatch(message);
    expect(output.stderr.match(/^error: /gm)).toHaveLength(1);
  });

  it('a TCP socket: one clear error (needs systemd-socket-activate)', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await once(free.close(), 'close');
    const child = spawn(
      'systemd-socket-activate',
      ['-l', `127.0.0.1:${port}`, '-E', `PATH=${process.env.PATH}`, ...SERVE],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      },
    );
    started.push(child);
    const stderr = text(child.stderr);
    await until('it answers', async () => {
      const sender = connect(port, '127.0.0.1');
      const isUp = await once(sender, 'connect').then(
        () => true,
        () => false,
      );
      sender.destroy();
      return isUp || child.exitCode !== null;
    });
    expect(await stderr).toMatch(/^error: ERR_INVALID_OPTION: socketFd: got 3, .* but it is a TCP socket$/m);
    await until('it has ended', () => child.exitCode !== null);
    expect(child.exitCode).toBe(2);
  });

  it('who connects during a restart loses nothing (needs systemd-socket-activate)', async () => {
    const pids = join(newFolder(), 'pids');
    // As systemd does, the outer shell keeps the socket open while it starts one serve after the other.
    const serveOnce = `echo $$ >> ${pids}; LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" "$@"`;
    const loop = `for i in 1 2 3; do /bin/sh -c '${serveOnce}' "$0" "$@"; sleep 0.2; done`;
    const { socket, output } = await activate([], ['/bin/sh', '-c', loop, ...SERVE]);
    const closed = () => log(output.stderr).filter(({ msg }) => msg === 'closed');
    const times = (what: string) => output.stderr.split(what).length - 1;
    let batches = 0;
    for (let run = 1; run <= 3; run++) {
      const idle = await connectTo(socket);
      await until(`run ${run} listens`, () => times('listening on a socket') === run);
      // Each event is one line.
      await until('what waited has arrived', () => output.stdout.split('\n').length - 1 === batches);
      const pid = Number(readFileSync(pids, 'utf8').trim().split('\n').at(-1));
      kill(pid, 'SIGTERM');
      await until(`run ${run} is closing`, () => times('"closing') === run);
      // Nobody accepts these until the next run, and their senders are gone by then.
      for (let n = 0; n < (run < 3 ? 20 : 0); n++) {
        const sender = await connectTo(socket);
        sender.end(logsFrame(1));
        batches += 1;
      }
      await until(`run ${run} has ended`, () => closed().length === run);
      idle.destroy();
    }
    await until('all have ended', () => output.code !== undefined);
    const received = closed().map((account) => account.received.batches);
    expect(received.reduce((sum, n) => sum + n, 0)).toBe(batches);
    expect(received.slice(1)).toEqual([20, 20]);
    for (const account of closed()) expect(account.forwarded).toEqual(account.received);
  });
});

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}
