import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { UnixListener } from '../../../lib/server/unix-listener.js';
import { connectTo } from '../../helpers/socket-client.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();

/** Opens a listener that only accepts connections. */
async function open(at: string, mode = 0o600, onConnection = (socket: Socket) => void socket.resume()) {
  return UnixListener.open(at, mode, onConnection, () => undefined);
}

/** Leaves a socket file without a server, as a killed process does. */
async function leaveSocketFile(at: string): Promise<void> {
  const program = `require('net').createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await once(spawn(process.execPath, ['-e', program]), 'exit');
  expect(statSync(at).isSocket()).toBe(true);
}

/** A new folder, so that a test can list its content. */
function newFolder(): string {
  const folder = path();
  mkdirSync(folder);
  return folder;
}

describe('the socket file', () => {
  test.each([0o600, 0o660, 0o666])('has the mode %o', async (mode) => {
    const listener = await open(path(), mode);
    expect(statSync(listener.path).mode & 0o777).toBe(mode);
    await listener.close();
  });

  test('never has wider permissions than its mode, and no other file remains beside it', async () => {
    const folder = newFolder();
    const at = join(folder, 'socket');
    const modes = new Set<number>();
    const watcher = watch(folder, () => {
      try {
        modes.add(statSync(at).mode & 0o777);
      } catch {
        // It does not exist yet.
      }
    });
    const listener = await open(at);
    await until('its appearance was seen', () => modes.size > 0);
    watcher.close();
    expect([...modes]).toEqual([0o600]);
    expect(readdirSync(folder)).toEqual(['socket']);
    await listener.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('replaces the file of a dead server', async () => {
    const at = join(newFolder(), 'socket');
    await leaveSocketFile(at);
    const listener = await open(at);
    const socket = await connectTo(at);
    socket.destroy();
    expect(readdirSync(dirname(at))).toEqual(['socket']);
    await listener.close();
  });

  test('is not removed if it belongs to another server meanwhile', async () => {
    const at = path();
    const first = await open(at);
    unlinkSync(at);
    const second = await open(at);
    await first.close();
    const socket = await connectTo(at);
    socket.destroy();
    await second.close();
  });

  test('may have the longest possible path', async () => {
    const folder = newFolder();
    const at = join(folder, 'x'.repeat(107 - folder.length - 1));
    const listener = await open(at);
    (await connectTo(at)).destroy();
    await listener.close();
  });
});

describe('rejects', () => {
  test('the path of a running server, and leaves it alone', async () => {
    const at = path();
    const server = createServer((socket) => socket.end()).listen(at);
    await once(server, 'listening');
    await expect(open(at)).rejects.toMatchObject({
      code: 'ERR_SOCKET_IN_USE',
      message: expect.stringContaining(at),
    });
    (await connectTo(at)).destroy();
    server.close();
  });

  test.each<[string, (at: string) => void]>([
    ['a regular file', (at) => writeFileSync(at, 'precious')],
    ['a folder', (at) => mkdirSync(at)],
    ['a link', (at) => symlinkSync('/nowhere', at)],
  ])('%s', async (_what, make) => {
    const at = join(newFolder(), 'socket');
    make(at);
    await expect(open(at)).rejects.toMatchObject({
      code: 'ERR_NOT_A_SOCKET',
      message: expect.stringContaining(at),
    });
    expect(readdirSync(dirname(at))).toEqual(['socket']);
    if (statSync(at, { throwIfNoEntry: false })?.isFile()) expect(readFileSync(at, 'utf8')).toBe('precious');
  });

  test('a folder that does not exist, with the path in the message', async () => {
    const at = join(path(), 'socket');
    await expect(open(at)).rejects.toMatchObject({
      code: 'ERR_LISTEN_FAILED',
      message: expect.stringContaining(at),
      cause: expect.objectContaining({ code: 'ENOENT' }),
    });
  });

  test('one of two that open the same path at the same moment', async () => {
    const at = path();
    const results = await Promise.allSettled([open(at), open(at)]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const result of results) {
      if (result.status === 'fulfilled') await result.value.close();
      else expect(result.reason).toMatchObject({ code: 'ERR_SOCKET_IN_USE' });
    }
  });
});

test('connections that were made before it closes are accepted', async () => {
  let accepted = 0;
  const listener = await open(path(), 0o600, (socket) => {
    accepted += 1;
    socket.destroy();
  });
  // This process accepts nothing meanwhile, because spawnSync() blocks it.
  const program = `
    let open = 0;
    for (let i = 0; i < 20; i++) {
      require('net').connect(process.argv[1], () => { if (++open === 20) process.exit(); });
    }
  `;
  const client = spawnSync(process.execPath, ['-e', program, listener.path], { timeout: 10_000 });
  expect(client.status).toBe(0);
  expect(accepted).toBe(0);
  await listener.close();
  expect(accepted).toBe(20);
});
