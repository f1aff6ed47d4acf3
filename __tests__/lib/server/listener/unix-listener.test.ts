import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { SocketFault } from '../../../../lib/server/listener/listener.js';
import { withStartLock } from '../../../../lib/server/listener/start-lock.js';
import { UnixListener } from '../../../../lib/server/listener/unix-listener.js';
import { connectTo } from '../../../helpers/socket-client.js';
import { tempPaths } from '../../../helpers/temp.js';
import { until } from '../../../helpers/until.js';

const path = tempPaths();

/** How often the listener looks at the file, and asks another server, in ms. */
const TIMES = { lookMs: 10, probeMs: 500 };

/** Opens a listener that only accepts connections, as a proxy does. */
function open(at: string, mode = 0o600, connection = (socket: Socket) => void socket.resume()) {
  const faults: [SocketFault | undefined, unknown][] = [];
  const events = {
    connection,
    error: () => undefined,
    fault: (_path: string, fault: SocketFault | undefined, error?: unknown) => faults.push([fault, error]),
  };
  return withStartLock(at, async () =>
    Object.assign(await UnixListener.open({ path: at, access: { mode }, ...TIMES }, events), { faults }),
  );
}

/** Another server listens at the path, without a moment in which there is no file. */
async function takeOver(at: string, onConnection = () => undefined as unknown): Promise<Server> {
  const elsewhere = path();
  const server = createServer((socket) => {
    onConnection();
    socket.destroy();
  }).listen(elsewhere);
  await once(server, 'listening');
  renameSync(elsewhere, at);
  return server;
}

/** Descriptors that this process has open. */
const descriptors = () => readdirSync('/proc/self/fd').length;

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

  test.each([
    ['ASCII', (bytes: number) => 'x'.repeat(bytes)],
    [
      'characters of several bytes',
      (bytes: number) => `${'ü'.repeat(Math.floor(bytes / 2))}${'x'.repeat(bytes % 2)}`,
    ],
  ])('may have a path of 101 to 107 bytes of %s', async (_what, name) => {
    const folder = newFolder();
    for (let length = 101; length <= 107; length++) {
      const at = join(folder, name(length - folder.length - 1));
      expect(Buffer.byteLength(at)).toBe(length);
      const listener = await open(at);
      (await connectTo(at)).destroy();
      expect(readdirSync(folder)).toEqual([basename(at)]);
      await listener.close();
    }
  });
});

describe('systemd-tmpfiles --clean', () => {
  const hasTmpfiles = spawnSync('systemd-tmpfiles', ['--version']).status === 0;
  (hasTmpfiles ? test : test.skip)(
    'keeps the file of a server that listens (needs systemd-tmpfiles)',
    async () => {
      const folder = newFolder();
      const [at, renamed] = [join(folder, 'socket'), join(folder, 'renamed')];
      // This is a socket in use, too, but it was bound under another name.
      const other = createServer().listen(join(folder, 'other'));
      await once(other, 'listening');
      renameSync(join(folder, 'other'), renamed);
      const listener = await open(at);
      const conf = path();
      writeFileSync(conf, `d ${folder} - - - 0\n`);
      const { status, stderr } = spawnSync('systemd-tmpfiles', ['--clean', conf], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      expect(readdirSync(folder)).toEqual(['socket']);
      (await connectTo(at)).destroy();
      await listener.close();
      other.close();
    },
  );
});

describe('when the file changes', () => {
  test('a deleted file is made again, and no connection is lost', async () => {
    const sockets: Socket[] = [];
    const listener = await open(path(), 0o660, (socket) => void sockets.push(socket.resume()));
    const early = await connectTo(listener.path);
    let isClosed = false;
    early.on('close', () => {
      isClosed = true;
    });
    const before = statSync(listener.path);
    unlinkSync(listener.path);
    await until('the file is there again', () => existsSync(listener.path));
    expect(statSync(listener.path).mode).toBe(before.mode);
    const late = await connectTo(listener.path);
    await until('both are accepted', () => sockets.length === 2);
    expect(isClosed).toBe(false);
    // The first server is closed by now, which must not remove the file of the second one.
    await until('it is over', () => listener.faults.length === 2);
    expect(listener.faults.map(([fault]) => fault)).toEqual(['missing', undefined]);
    expect(existsSync(listener.path)).toBe(true);
    expect(
      readdirSync(dirname(listener.path)).filter((name) => name.startsWith(basename(listener.path))),
    ).toEqual([basename(listener.path)]);
    for (const socket of [early, late, ...sockets]) socket.destroy();
    await listener.close();
    expect(existsSync(listener.path)).toBe(false);
  });

  test('who has connected before the deletion and was not accepted yet is accepted', async () => {
    let accepted = 0;
    const listener = await open(path(), 0o600, (socket) => {
      accepted += 1;
      socket.destroy();
    });
    unlinkSync(listener.path);
    await until('it is there again', () => listener.faults.length === 2);
    connectFromOutside(listener.path, 20);
    unlinkSync(listener.path);
    await until('all of them are accepted', () => accepted === 20);
    await listener.close();
  });

  test('a deleted folder that comes back gets its file again', async () => {
    const folder = newFolder();
    const listener = await open(join(folder, 'socket'));
    rmSync(folder, { recursive: true });
    await until('it is noticed', () => listener.faults.length > 0);
    expect(listener.fault).toBe('missing');
    mkdirSync(folder);
    await until('it is over', () => listener.fault === undefined);
    (await connectTo(listener.path)).destroy();
    expect(listener.faults.map(([fault]) => fault)).toEqual(['missing', undefined]);
    await listener.close();
  });

  test('other permissions are only reported, once, and when they are over', async () => {
    const listener = await open(path());
    chmodSync(listener.path, 0o666);
    await until('it is noticed', () => listener.fault === 'changed');
    await someLooks();
    expect(statSync(listener.path).mode & 0o777).toBe(0o666);
    chmodSync(listener.path, 0o600);
    await until('it is over', () => listener.fault === undefined);
    expect(listener.faults.map(([fault]) => fault)).toEqual(['changed', undefined]);
    await listener.close();
  });

  test('a path that a live server has taken over is only reported', async () => {
    const listener = await open(path());
    let probes = 0;
    const other = await takeOver(listener.path, () => (probes += 1));
    const { ino } = statSync(listener.path);
    await until('it is noticed', () => listener.fault === 'taken');
    await someLooks();
    expect(statSync(listener.path).ino).toBe(ino);
    // It is not asked at each look.
    expect(probes).toBe(1);
    expect(listener.faults).toEqual([['taken', expect.objectContaining({ code: 'ERR_SOCKET_IN_USE' })]]);
    await listener.close();
    (await connectTo(listener.path)).destroy();
    other.close();
  });

  test.each(['removes', 'leaves'])(
    'a server that has taken the path over, and dies, and %s its file',
    async (what) => {
      const listener = await open(path());
      const other = await takeOver(listener.path);
      await until('it is noticed', () => listener.fault === 'taken');
      const aside = path();
      if (what === 'leaves') linkSync(listener.path, aside);
      other.close();
      if (what === 'leaves') renameSync(aside, listener.path);
      await until('the path belongs to the listener again', () => listener.fault === undefined);
      expect(listener.faults.at(0)?.[0]).toBe('taken');
      (await connectTo(listener.path)).destroy();
      await listener.close();
    },
  );

  test('a file of another kind at the path is left alone', async () => {
    const listener = await open(path());
    unlinkSync(listener.path);
    writeFileSync(listener.path, 'precious');
    await until('it is noticed', () => listener.fault === 'taken');
    expect(listener.faults[0]?.[1]).toMatchObject({ code: 'ERR_NOT_A_SOCKET' });
    await listener.close();
    expect(readFileSync(listener.path, 'utf8')).toBe('precious');
  });

  test('a newer server keeps its file when this one closes', async () => {
    const folder = newFolder();
    const first = await open(join(folder, 'socket'));
    unlinkSync(first.path);
    const second = createServer((socket) => socket.destroy()).listen(first.path);
    await once(second, 'listening');
    const { ino } = statSync(first.path);
    await first.close();
    expect(readdirSync(folder)).toEqual(['socket']);
    expect(statSync(first.path).ino).toBe(ino);
    (await connectTo(first.path)).destroy();
    second.close();
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

  test.each<[string, string, (folder: string) => string, object]>([
    [
      'a folder that does not exist',
      'ENOENT',
      (folder) => join(folder, 'none', 'socket'),
      { message: expect.stringContaining('does not exist') },
    ],
    [
      'a folder that is a file',
      'ENOTDIR',
      (folder) => {
        writeFileSync(join(folder, 'file'), '');
        return join(folder, 'file', 'socket');
      },
      { message: expect.stringContaining('is not a folder') },
    ],
  ])(
    '%s (%s), with the path in the message, and leaves nothing behind',
    async (_what, code, make, message) => {
      const folder = newFolder();
      const at = make(folder);
      const [files, open_] = [readdirSync(folder), descriptors()];
      await expect(open(at)).rejects.toMatchObject({
        code: 'ERR_LISTEN_FAILED',
        cause: expect.objectContaining({ code }),
        ...message,
      });
      await expect(open(at)).rejects.toMatchObject({ message: expect.stringContaining(at) });
      expect(readdirSync(folder)).toEqual(files);
      await until('every descriptor is closed', () => descriptors() === open_);
    },
  );

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
  connectFromOutside(listener.path, 20);
  expect(accepted).toBe(0);
  await listener.close();
  expect(accepted).toBe(20);
});

/** Another process connects and ends. This one accepts nothing meanwhile, because spawnSync() blocks it. */
function connectFromOutside(at: string, connections: number): void {
  const program = `
    let open = 0;
    for (let i = 0; i < ${connections}; i++) {
      require('net').connect(process.argv[1], () => { if (++open === ${connections}) process.exit(); });
    }
  `;
  const client = spawnSync(process.execPath, ['-e', program, at], { timeout: 30_000 });
  expect(client.status).toBe(0);
}

/** No event says that nothing more happens. A machine on which there are fewer looks in this time tests less. */
const someLooks = () => sleep(10 * TIMES.lookMs);
