import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { ROOT } from '../../helpers/code-blocks.js';
import { logsFrame } from '../../helpers/messages.js';
import { type Group, kill, processGroups } from '../../helpers/process-groups.js';
import { commands, listening, MAIN } from '../../helpers/processes.js';
import { closingAccount, linesOf, logOf } from '../../helpers/served.js';
import { connectTo, sendAll } from '../../helpers/socket-client.js';
import { MISSING, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

/** npm takes seconds on a busy machine. */
jest.setTimeout(120_000);

const path = tempPaths();
const start = commands();
const startGroup = processGroups();

/** Environment in which the process sends itself a signal when it begins to load a module, or what the name says. */
function signalAt(request: string, signal: string): { NODE_OPTIONS: string } {
  const preload = `${path()}.cjs`;
  writeFileSync(
    preload,
    `const Module = require('node:module');
     const load = Module._load;
     Module._load = function (request) {
       if (request === ${JSON.stringify(request)}) {
         Module._load = load;
         process.kill(process.pid, ${JSON.stringify(signal)});
       }
       return load.apply(this, arguments);
     };`,
  );
  return { NODE_OPTIONS: `--require ${preload}` };
}

describe('a signal while the program is loaded', () => {
  test.each([
    ['./heap.js', 'SIGTERM', 0],
    ['./program.js', 'SIGINT', 0],
    ['protobufjs/minimal.js', 'SIGTERM', 0],
    ['./serve.js', 'SIGHUP', 129],
  ])('at %s, %s: serve ends with its exit code, and leaves no socket', async (request, signal, code) => {
    const socket = path();
    const served = start(['serve', '--socket', socket, '--metrics', '127.0.0.1:0'], {
      env: signalAt(request, signal),
    });
    expect(await served.ended).toBe(code);
    expect(served.stderr()).not.toContain('"listening"');
    expect(existsSync(socket)).toBe(false);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'])('%s ends another command as the system does', async (signal) => {
    const decoded = start(['decode'], { env: signalAt('./program.js', signal) });
    expect(await decoded.ended).toBe(signal);
    expect(decoded.stderr()).toBe('');
  });

  testUnless(MISSING.namespaces)('the first process of a container ends with 143', async () => {
    const decoded = start(['decode'], {
      env: signalAt('./program.js', 'SIGTERM'),
      through: ['unshare', '--pid', '--fork', '--kill-child'],
    });
    expect(await decoded.ended).toBe(143);
  });
});

test('SIGHUP without --events-file: drains the buffer, and exits with 129', async () => {
  const socket = path();
  const served = start(['serve', '--socket', socket, '--metrics', 'off']);
  await listening(served, socket);
  const sender = await connectTo(socket);
  for (let i = 0; i < 50; i++) sender.write(logsFrame(2, 2 * i));
  await until('the first one has arrived', () => served.stdout() !== '');
  served.child.kill('SIGHUP');
  expect(await served.ended).toBe(129);
  expect(linesOf(served.stdout())).toHaveLength(100);
  expect(closingAccount(served)).toMatchObject({ forwarded: { batches: 50, logs: 100 } });
  expect(existsSync(socket)).toBe(false);
});

/** A folder in which npx finds the command, and with scripts for npm. */
function packageFolder(scripts: Record<string, string>): string {
  const folder = path();
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true });
  symlinkSync(MAIN, join(folder, 'node_modules/.bin/boundary-log-proxy'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, scripts }));
  return folder;
}

const isUp = (group: Group, socket: string) =>
  until(
    `it listens: ${group.stderr()}`,
    () => group.stderr().includes('"listening"') && existsSync(socket),
    60_000,
  );

describe('SIGTERM for npm alone, in a process group of its own', () => {
  const serve = (socket: string) => ['serve', '--socket', socket, '--metrics', 'off'];
  const bin = 'boundary-log-proxy';

  test.each<[string, (socket: string) => { command: string[]; cwd: string }, RegExp]>([
    [
      'npm start',
      (socket) => ({ command: ['npm', 'start', '--', ...serve(socket).slice(1)], cwd: ROOT }),
      /^closing; a second signal/,
    ],
    [
      'npx',
      (socket) => ({ command: ['npx', '--no', '--', bin, ...serve(socket)], cwd: packageFolder({}) }),
      /^the npm that started this process has gone; closing$/,
    ],
    [
      'npm run, without exec in the script',
      (socket) => ({
        command: ['npm', 'run', 'proxy'],
        cwd: packageFolder({ proxy: `true && ${bin} ${serve(socket).join(' ')} 2>&1 | cat >&2` }),
      }),
      /^the npm that started this process has gone; closing$/,
    ],
  ])('%s: the proxy drains', async (_name, run, message) => {
    const socket = path();
    const { command, cwd } = run(socket);
    const group = startGroup(command, { cwd });
    await isUp(group, socket);
    await sendAll(socket, [logsFrame(3)]);
    kill(group.child.pid as number, 'SIGTERM');
    await group.closed;
    const log = logOf(group);
    expect(log.map(({ msg }) => msg)).toContainEqual(expect.stringMatching(message));
    expect(log.at(-1)).toMatchObject({ msg: 'closed', forwarded: { batches: 1, logs: 3 } });
    expect(existsSync(socket)).toBe(false);
  });

  test('npx that is killed: the proxy drains, although its shell lives on', async () => {
    const socket = path();
    const group = startGroup(['npx', '--no', '--', bin, ...serve(socket)], { cwd: packageFolder({}) });
    await isUp(group, socket);
    kill(group.child.pid as number, 'SIGKILL');
    expect(await group.exited).toBe('SIGKILL');
    await group.closed;
    expect(closingAccount({ ...group, ended: group.exited })).toMatchObject({ received: { batches: 0 } });
  });
});

describe('a process that npm has started in the background outlives npm', () => {
  test.each([
    ['nohup', (command: string) => `nohup ${command} & echo $! >pid`],
    ['setsid', (command: string) => `setsid sh -c 'echo $$ >pid; exec ${command}' & sleep 0.1`],
    ['&, with a shell that waits for a while', (command: string) => `${command} & echo $! >pid; sleep 2`],
  ])('%s', async (_name, script) => {
    const socket = path();
    const command = `${process.execPath} ${MAIN} serve --socket ${socket} --metrics off --events-file events`;
    const cwd = packageFolder({ background: script(command) });
    const group = startGroup(['npm', 'run', 'background'], { cwd });
    try {
      await isUp(group, socket);
      expect(await group.exited).toBe(0);
      // It would look four times a second.
      for (let i = 0; i < 15; i++) {
        await sendAll(socket, [logsFrame(1, i)]);
        await until(
          'it has arrived',
          () => linesOf(readFileSync(join(cwd, 'events'), 'utf8')).length === i + 1,
        );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(group.stderr()).not.toContain('closing');
    } finally {
      kill(Number(readFileSync(join(cwd, 'pid'), 'utf8')), 'SIGKILL');
    }
    await group.closed;
  });
});
