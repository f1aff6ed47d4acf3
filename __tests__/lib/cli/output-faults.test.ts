import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { commands, listening, MAIN } from '../../helpers/processes.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { HAS_TMUX, terminals } from '../../helpers/terminal.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const start = commands();
const open = terminals();
const onTerminal = HAS_TMUX ? test : test.skip;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A frame that is rejected, so that there is a warning. */
const REJECTED = Buffer.from([2, 0, 0, 1, 0xff]);

/** A port that is free now, because a log that nobody reads does not tell which one was chosen. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The value of a metric; undefined if there is no answer. */
async function metric(port: number, name: string): Promise<number | undefined> {
  const request = get({ host: '127.0.0.1', port, path: '/metrics' });
  const [response] = await once(request, 'response').catch(() => []);
  if (response === undefined) return undefined;
  let text = '';
  for await (const chunk of response) text += chunk;
  const [, value] = new RegExp(`^agent_boundary_log_proxy_${name} (\\S+)$`, 'm').exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** Whether a server accepts connections. The file of its socket is there a moment before. */
async function accepts(path: string): Promise<boolean> {
  const socket = await connectTo(path).catch(() => undefined);
  socket?.destroy();
  return socket !== undefined;
}

/** A pipe whose reader reads nothing, and which is full. */
function fullPipe(): number {
  const at = path();
  execFileSync('mkfifo', [at]);
  const fd = openSync(at, constants.O_RDWR | constants.O_NONBLOCK);
  closing.push(() => closeSync(fd));
  const some = Buffer.alloc(4096, 'x');
  for (;;) {
    try {
      writeSync(fd, some);
    } catch {
      return fd;
    }
  }
}

describe('stderr', () => {
  test('whose reader has gone costs the lines of the log, which are counted, and nothing else', async () => {
    const socket = path();
    const port = await freePort();
    const served = start(['serve', '--socket', socket, '--metrics', `127.0.0.1:${port}`]);
    await listening(served, socket);
    served.child.stderr.destroy();
    for (let i = 1; i <= 3; i++) {
      await sendAll(socket, [REJECTED, logsFrame(1, i)]);
      await until('the event arrives', () => served.stdout().split('\n').length === i + 1);
    }
    expect(await metric(port, 'log_lines_lost_total')).toBe(1);
    served.child.kill('SIGTERM');
    expect(await served.ended).toBe(0);
  });

  test('that is full and not read delays neither the work nor the end', async () => {
    const socket = path();
    const port = await freePort();
    const args = ['serve', '--socket', socket, '--metrics', `127.0.0.1:${port}`, '--log-level', 'debug'];
    const stderr = fullPipe();
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', stderr] });
    closing.push(() => child.kill('SIGKILL'));
    const ended = once(child, 'close');
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
    await until('it listens', () => accepts(socket));
    await sendAll(socket, [REJECTED, logsFrame(1)]);
    await until('the event arrives', () => stdout !== '');
    const since = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    // Half a second for the log, and as much as a slow machine needs.
    expect(performance.now() - since).toBeLessThan(5000);
  });

  test('that is full and is read later receives all lines', async () => {
    const socket = path();
    const stderr = fullPipe();
    const args = ['serve', '--socket', socket, '--metrics', 'off'];
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', stderr] });
    closing.push(() => child.kill('SIGKILL'));
    const ended = once(child, 'close');
    await until('it listens', () => accepts(socket));
    await sendAll(socket, [REJECTED]);
    const some = Buffer.alloc(1 << 16);
    let text = '';
    const read = () => {
      try {
        text += some.toString('utf8', 0, readSync(stderr, some));
      } catch {
        // Nothing to read.
      }
      return text;
    };
    await until('the warning is read', () => read().includes('rejecting frames'));
    child.kill('SIGTERM');
    await ended;
    const lines = read().replace(/^x+/, '').trimEnd().split('\n');
    const messages = lines.map((line) => JSON.parse(line).msg);
    // A sender may connect before the line about that is written.
    expect([...messages.slice(0, 2).sort(), ...messages.slice(2)]).toEqual([
      'listening',
      'rejecting frames',
      'closing; a second signal ends the process immediately',
      'no longer rejecting frames',
      'closed',
    ]);
  });
});

test('decode continues if the reader of its stderr has gone', async () => {
  const stderr = path();
  execFileSync('mkfifo', [stderr]);
  const reader = openSync(stderr, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(stderr, constants.O_WRONLY);
  closeSync(reader);
  closing.push(() => closeSync(writer));
  const child = spawn(process.execPath, [MAIN, 'decode'], { stdio: ['pipe', 'pipe', writer] });
  let stdout = '';
  child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text));
  const ended = once(child, 'close');
  child.stdin?.end(Buffer.concat([REJECTED, logsFrame(1), REJECTED, logsFrame(1)]));
  // Two frames were rejected.
  expect(await ended).toEqual([1, null]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(2);
});

/** Starts `serve` on a terminal. */
async function serveOnTerminal(...more: string[]) {
  const [socket, pidFile, codeFile] = [path(), path(), path()];
  const port = await freePort();
  const args = ['serve', '--socket', socket, '--metrics', `127.0.0.1:${port}`, ...more];
  const command = `sh -c 'echo $$ > ${pidFile}; exec ${process.execPath} ${MAIN} ${args.join(' ')}'`;
  const terminal = open(`${command}; echo $? > ${codeFile}`);
  await until(
    'it listens',
    () => terminal.capture('rows').some((row) => row.includes('appear here')),
    30_000,
  );
  const exitCode = async () => {
    await until('it has ended', () => existsSync(codeFile) && readFileSync(codeFile, 'utf8') !== '', 30_000);
    return Number(readFileSync(codeFile, 'utf8'));
  };
  const kill = () => process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
  return { terminal, socket, port, exitCode, kill };
}

describe('a terminal that is paused', () => {
  onTerminal(
    'delays neither the work nor the end, and what it did not show is lost with exit code 1',
    async () => {
      const { terminal, socket, port, exitCode, kill } = await serveOnTerminal('--drain', '1');
      terminal.type('C-s');
      await sendAll(socket, [REJECTED, logsFrame(1), logsFrame(1, 1)]);
      await until('it has received them', async () => (await metric(port, 'batches_received_total')) === 2);
      expect(await metric(port, 'batches_forwarded_total')).toBe(0);
      kill();
      expect(await exitCode()).toBe(1);
    },
    60_000,
  );

  onTerminal(
    'and continues later shows everything',
    async () => {
      const { terminal, socket, port, exitCode, kill } = await serveOnTerminal();
      terminal.type('C-s');
      for (let i = 0; i < 50; i++) await sendAll(socket, [logsFrame(1, i)]);
      await until('it has received them', async () => (await metric(port, 'batches_received_total')) === 50);
      terminal.type('C-q');
      await until('all are shown', async () => (await metric(port, 'batches_forwarded_total')) === 50);
      kill();
      expect(await exitCode()).toBe(0);
      const text = terminal.capture('lines').join('\n');
      for (let i = 0; i < 50; i++) expect(text).toContain(`https://example.com/${i} `);
      expect(text).toContain('50 events received, all forwarded');
    },
    60_000,
  );

  onTerminal(
    'a second signal ends it at once',
    async () => {
      const { terminal, socket, port, exitCode, kill } = await serveOnTerminal('--drain', '3600');
      terminal.type('C-s');
      await sendAll(socket, [logsFrame(1)]);
      await until('it has received it', async () => (await metric(port, 'batches_received_total')) === 1);
      kill();
      await until('it does not listen any more', () => !existsSync(socket));
      kill();
      expect(await exitCode()).toBe(1);
    },
    60_000,
  );
});
