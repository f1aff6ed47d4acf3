import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { BoundaryLogProxy } from '../../../../lib/index.js';
import { logLines } from '../../../helpers/log-lines.js';
import { logsFrame } from '../../../helpers/messages.js';
import { proxies } from '../../../helpers/proxies.js';
import { connectTo, sendAll } from '../../../helpers/socket-client.js';
import { tempPaths } from '../../../helpers/temp.js';
import { until } from '../../../helpers/until.js';

const path = tempPaths();
const newProxy = proxies();

function newFolder(): string {
  const folder = path();
  mkdirSync(folder);
  return folder;
}

describe('a folder that other users can change', () => {
  test.each([
    [0o755, false],
    [0o777, true],
    [0o1777, false],
    [0o773, true],
    [0o775, false],
  ])('%o: a warning is %j', async (mode, isWarned) => {
    const folder = newFolder();
    chmodSync(folder, mode);
    const logger = logLines();
    await newProxy({ socketPath: join(folder, 'socket'), logger }).start();
    const warnings = logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message, fields }) => [message, fields])).toEqual(
      isWarned
        ? [
            [
              `every user can replace the socket in its folder: chmod +t '${folder}', or choose another folder`,
              { folder, mode: mode.toString(8) },
            ],
          ]
        : [],
    );
  });
});

test('a deleted socket file is logged twice, and what senders wrote before and after it arrives', async () => {
  const logger = logLines();
  const proxy = newProxy({ logger });
  await proxy.start();
  const batches: number[] = [];
  void proxy.runForwarder({ report: ({ count }) => void batches.push(count) });
  const early = await connectTo(proxy.socketPath);
  unlinkSync(proxy.socketPath);
  const deletedAt = performance.now();
  // The deadline for the user is 5 s. A slow machine may take longer.
  await until('it is there again', () => existsSync(proxy.socketPath), 15_000);
  expect(performance.now() - deletedAt).toBeLessThan(15_000);
  early.write(logsFrame(1));
  await sendAll(proxy.socketPath, [logsFrame(2)]);
  await until('both have arrived', () => batches.length === 2);
  expect(batches.sort()).toEqual([1, 2]);
  early.destroy();
  expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([
    {
      level: 'warn',
      message: 'the socket file was deleted, so no sender can connect; making it again',
      fields: { socketPath: proxy.socketPath },
    },
    {
      level: 'warn',
      message: 'the socket file is there again',
      fields: { socketPath: proxy.socketPath, seconds: expect.any(Number) },
    },
  ]);
});

test('the proxy listens before it reads its spool', async () => {
  const spool = { folder: path() };
  const first = newProxy({ spool });
  await first.start();
  await sendAll(first.socketPath, [logsFrame(1), logsFrame(1)]);
  await until('both are stored', () => first.accounts().buffered.batches === 2);
  await first.close();

  let recovered: number | undefined;
  const logger = logLines();
  const second: BoundaryLogProxy = newProxy({
    spool,
    logger: {
      ...logger,
      info: (fields, message) => {
        if (message === 'listening') recovered = second.accounts().recovered.batches;
        logger.info(fields, message);
      },
    },
  });
  await second.start();
  expect(recovered).toBe(0);
  expect(second.accounts().recovered.batches).toBe(2);
});

describe('replace', () => {
  test('one proxy takes over from another in the same process, which still serves its connections', async () => {
    const socketPath = join(newFolder(), 'socket');
    let replaced = 0;
    const old = newProxy({ socketPath, onReplace: () => (replaced += 1) });
    await old.start();
    const sender = await connectTo(socketPath);
    const young = newProxy({ socketPath, replace: true, onReplace: () => undefined });
    await young.start();
    await until('the old one knows', () => replaced === 1);
    sender.write(logsFrame(1));
    await until('the old one still serves its connections', () => old.accounts().received.batches === 1);
    await sendAll(socketPath, [logsFrame(2)]);
    await until('the new one serves new ones', () => young.accounts().received.batches === 1);
    await old.close();
    (await connectTo(socketPath)).destroy();
    sender.destroy();
    await young.close();
    expect(readdirSync(join(socketPath, '..'))).toEqual([]);
    expect(replaced).toBe(1);
  });

  test('a proxy without onReplace has no control socket, and cannot be replaced', async () => {
    const folder = newFolder();
    const socketPath = join(folder, 'socket');
    await newProxy({ socketPath }).start();
    expect(readdirSync(folder)).toEqual(['socket']);
    await expect(newProxy({ socketPath, replace: true }).start()).rejects.toMatchObject({
      code: 'ERR_SOCKET_IN_USE',
      message: `cannot take over ${socketPath}: the server there is not a proxy that can be replaced: stop it first, or choose another path`,
    });
  });

  test('only a program that has replaced the file is believed', async () => {
    const socketPath = join(newFolder(), 'socket');
    let replaced = 0;
    await newProxy({ socketPath, onReplace: () => (replaced += 1) }).start();
    for (const text of ['replaced\n', 'nonsense that is longer\n', '\0']) {
      const control = await connectTo(`${socketPath}.control`);
      let greeting = '';
      control.setEncoding('utf8').on('data', (chunk) => (greeting += chunk));
      await until('it says who it is', () => greeting.endsWith('\n'));
      expect(JSON.parse(greeting)).toMatchObject({ service: 'boundary-log-proxy', pid: process.pid });
      control.end(text);
      await until('the proxy ends the connection', () => control.destroyed);
    }
    expect(replaced).toBe(0);
    expect(statSync(`${socketPath}.control`).mode & 0o777).toBe(0o600);
  });

  test('an onReplace() that throws is logged, and nothing else happens', async () => {
    const socketPath = join(newFolder(), 'socket');
    const logger = logLines();
    const failure = new Error('on purpose');
    const onReplace = () => {
      throw failure;
    };
    await newProxy({ socketPath, logger, onReplace }).start();
    await newProxy({ socketPath, replace: true }).start();
    await until('it is logged', () => logger.lines.some(({ level }) => level === 'error'));
    expect(logger.lines.find(({ level }) => level === 'error')?.fields).toEqual({ err: failure });
  });

  test('needs a path with room for that of the control socket; without replace, the log says so', async () => {
    const folder = newFolder();
    const socketPath = join(folder, 'x'.repeat(100 - folder.length - 1));
    await expect(newProxy({ socketPath, replace: true }).start()).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: 'replace: got true, expected a path of the socket of at most 99 bytes with it',
    });
    const logger = logLines();
    await newProxy({ socketPath, logger, onReplace: () => undefined }).start();
    expect(logger.lines.map(({ message }) => message)).toContain(
      'the path of the socket is long: another proxy will not be able to take over from this one',
    );
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('a proxy whose control socket cannot be made works, and warns', async () => {
    const socketPath = join(newFolder(), 'socket');
    mkdirSync(`${socketPath}.control`);
    const logger = logLines();
    await newProxy({ socketPath, logger, onReplace: () => undefined }).start();
    await sendAll(socketPath, [logsFrame(1)]);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toEqual([
      expect.objectContaining({
        message:
          'the control socket cannot be made: another proxy will not be able to take over from this one',
        fields: { err: expect.objectContaining({ code: 'ERR_NOT_A_SOCKET' }) },
      }),
    ]);
  });
});
