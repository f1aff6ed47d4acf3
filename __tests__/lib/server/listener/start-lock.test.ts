import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { on, once } from 'node:events';
import { linkSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withStartLock } from '../../../../lib/server/listener/start-lock.js';
import { seed } from '../../../helpers/seed.js';
import { connectTo } from '../../../helpers/socket-client.js';
import { tempPaths } from '../../../helpers/temp.js';

const path = tempPaths();
const INDEX = fileURLToPath(new URL('../../../../dist/lib/index.js', import.meta.url));

describe('withStartLock', () => {
  test('runs one after the other for the same path, also through a link to its folder', async () => {
    const [folder, other] = [path(), path()];
    mkdirSync(folder);
    symlinkSync(folder, other);
    let running = 0;
    const most: number[] = [];
    const work = async () => {
      running += 1;
      most.push(running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
    };
    await Promise.all([folder, other, folder].map((at) => withStartLock(join(at, 'socket'), work)));
    expect(most).toEqual([1, 1, 1]);
  });

  test('runs at the same time for other paths', async () => {
    const folder = path();
    mkdirSync(folder);
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = withStartLock(join(folder, 'a'), () => released);
    expect(await withStartLock(join(folder, 'b'), async () => 'done')).toBe('done');
    release();
    await first;
  });

  test('is released after a failure', async () => {
    const at = join(path(), 'socket');
    await expect(withStartLock(at, () => Promise.reject(new Error('on purpose')))).rejects.toThrow(
      'on purpose',
    );
    expect(await withStartLock(at, async () => 'done')).toBe('done');
  });
});

/** Starts a proxy at each path that it reads, after a delay, and closes it at the next line. */
const RACER = `
  import { createInterface } from 'node:readline';
  import { BoundaryLogProxy } from ${JSON.stringify(INDEX)};
  let proxy;
  for await (const line of createInterface({ input: process.stdin })) {
    const { socketPath, delay } = JSON.parse(line);
    await proxy?.close();
    proxy = undefined;
    if (socketPath !== undefined) {
      for (const until = performance.now() + delay; performance.now() < until; );
      proxy = new BoundaryLogProxy({ socketPath });
      const outcome = await proxy.start().then(() => 'started', ({ code }) => code);
      console.log(outcome);
    } else {
      console.log('closed');
    }
  }
`;

describe('many processes that start at the same moment', () => {
  const RACERS = 6;
  const ROUNDS = 30;
  const racers: { child: ChildProcessByStdio<Writable, Readable, null>; answers: AsyncIterator<string[]> }[] =
    [];

  beforeAll(() => {
    for (let n = 0; n < RACERS; n++) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', RACER], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      racers.push({ child, answers: on(createInterface({ input: child.stdout }), 'line') });
    }
  });
  afterAll(() => {
    for (const { child } of racers) child.kill();
  });

  const ask = (question: (n: number) => object) =>
    Promise.all(
      racers.map(async ({ child, answers }, n) => {
        child.stdin.write(`${JSON.stringify(question(n))}\n`);
        return (await answers.next()).value[0] as string;
      }),
    );

  test.each(['free', 'that of a dead server'])(
    `exactly one of them listens if the path is %s (seed ${seed})`,
    async (kind) => {
      let random = seed;
      const next = () => {
        random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
        return random / 2 ** 32;
      };
      for (let round = 0; round < ROUNDS; round++) {
        const folder = path();
        mkdirSync(folder);
        const socketPath = join(folder, 'socket');
        if (kind !== 'free') await leaveStaleFile(socketPath);
        const outcomes = await ask(() => ({ socketPath, delay: next() * 3 }));
        expect(outcomes.sort()).toEqual([...Array(RACERS - 1).fill('ERR_SOCKET_IN_USE'), 'started']);
        (await connectTo(socketPath)).destroy();
        expect(readdirSync(folder)).toEqual(['socket']);
        await ask(() => ({}));
        expect(readdirSync(folder)).toEqual([]);
      }
    },
  );
});

/** The file of a server that was closed under another name. */
async function leaveStaleFile(at: string): Promise<void> {
  const server = createServer().listen(`${at}2`);
  await once(server, 'listening');
  linkSync(`${at}2`, at);
  await once(server.close(), 'close');
}

/** Starts a proxy, and prints the outcome, and the mode of its file while it listens. */
const SERVE_ONCE = `
  const { BoundaryLogProxy } = await import(${JSON.stringify(INDEX)});
  const { lstatSync } = await import('node:fs');
  const proxy = new BoundaryLogProxy({ socketPath: process.env.SOCKET_PATH, socketMode: 0o660 });
  const outcome = await proxy.start().then(() => 'started', ({ code }) => code);
  const mode = (lstatSync(process.env.SOCKET_PATH).mode & 0o7777).toString(8);
  const { connect } = await import('node:net');
  const connected = await new Promise((resolve) => {
    const socket = connect(process.env.SOCKET_PATH, () => { socket.destroy(); resolve(true); }).on('error', () => resolve(false));
  });
  await proxy.close();
  console.log(JSON.stringify({ outcome, mode, connected }));
`;

test.each<[string, string]>([
  ['a process', SERVE_ONCE],
  [
    'a worker thread, which cannot change the umask',
    `const { Worker } = await import('node:worker_threads');
     new Worker(${JSON.stringify(`(async () => {${SERVE_ONCE}})()`)}, { eval: true });`,
  ],
  [
    'a worker of a cluster, without its primary',
    `const { default: cluster } = await import('node:cluster');
     if (cluster.isPrimary) {
       cluster.setupPrimary({ exec: 'none' });
       cluster.fork().on('exit', () => process.exit());
     } else {
       ${SERVE_ONCE}
       process.exit();
     }`,
  ],
])('in %s, the file has its mode, and nothing remains', async (_what, program) => {
  const folder = path();
  mkdirSync(folder);
  // The longest path, because a private folder makes it longer.
  const at = join(folder, 'x'.repeat(107 - folder.length - 1));
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SOCKET_PATH: at },
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  await once(child, 'close');
  expect(JSON.parse(text)).toEqual({ outcome: 'started', mode: '660', connected: true });
  expect(readdirSync(folder)).toEqual([]);
});
