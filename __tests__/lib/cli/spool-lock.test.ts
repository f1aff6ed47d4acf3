import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { random } from '../../helpers/cuts.js';
import { commands, listening, type Running } from '../../helpers/processes.js';
import { seed } from '../../helpers/seed.js';
import { BLOCKED, linesOf, METRICS, metric, numbersIn, sendBatches, upTo } from '../../helpers/served.js';
import {
  as,
  MISSING,
  mounts,
  openToAll,
  SERVICE,
  STRANGER,
  socketOf,
  testUnless,
  withUmask,
} from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const mount = mounts();

const serve = (socket: string, folder: string) => [
  ...['serve', '--socket', socket, '--spool', folder, '--metrics', 'off'],
];
/** The numbers of the locks in a folder that were not given back. */
const locksIn = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.startsWith('lock.') && !name.endsWith('.released'))
    .map((name) => Number(name.split('.')[1]));

/** The id that the only child of a process has in its own namespace. */
function idInNamespace({ child: { pid } }: Running): string | undefined {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return /^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${child}/status`, 'utf8'))?.[1];
}

/** Expects that a process ends at once because another one uses the spool. */
async function isRefused(served: Running): Promise<void> {
  expect(await served.ended).toBe(1);
  expect(served.stderr()).toMatch(/^error: ERR_SPOOL_IN_USE: /m);
}

describe('a lock', () => {
  testUnless(MISSING.mounts)(
    'is the same through a symbolic link, a bind mount, and a link to that; and ends with SIGKILL',
    async () => {
      const [socket, folder, link, bound, linkToBound] = [path(), path(), path(), path(), path()];
      mkdirSync(folder, { mode: 0o700 });
      symlinkSync(folder, link);
      mount.bind(folder, bound);
      symlinkSync(bound, linkToBound);
      for (const [i, name] of [folder, linkToBound].entries()) {
        const owner = start(serve(socket, name), { through: BLOCKED });
        await listening(owner, socket);
        await Promise.all(
          [link, bound].map(async (other) => {
            const own = path();
            await isRefused(start(serve(own, other)));
            expect(existsSync(own)).toBe(false);
          }),
        );
        owner.child.kill('SIGKILL');
        await owner.ended;
        expect(locksIn(folder)).toEqual([i + 1]);
      }
    },
    30_000,
  );

  testUnless(MISSING.namespaces)(
    'has nothing to do with process ids: two namespaces in which each process is number 1',
    async () => {
      const [socket, folder] = [path(), path()];
      const through = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
      const first = start(['serve', '--socket', socket, '--spool', folder, '--drain', '0', ...METRICS], {
        through: [...through, ...BLOCKED],
      });
      await listening(first, socket);
      await sendBatches(socket, 3, 1);
      await until('all came in', async () => (await metric(first, 'batches_received_total')) === 3);
      const inFlight = () => metric(first, 'in_flight_batches');
      await until(
        'all is stored',
        async () => (await metric(first, 'buffer_batches')) + (await inFlight()) === 3,
      );
      expect(idInNamespace(first)).toBe('1');
      await isRefused(start(serve(path(), folder), { through }));
      await isRefused(start(serve(path(), folder)));
      first.child.kill('SIGKILL');
      await first.ended;
      // The process that takes it over has the id of the one that is gone.
      const second = start(serve(socket, folder), { through });
      await until('all is delivered', () => linesOf(second.stdout()).length === 3);
      expect(idInNamespace(second)).toBe('1');
      expect(numbersIn(second.stdout())).toEqual(upTo(3));
    },
  );

  testUnless(MISSING.users)('of another user means that the spool is in use', async () => {
    const [socket, folder] = [socketOf(SERVICE, path()), path()];
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    const first = start(serve(socket, folder), { through: as(SERVICE) });
    await listening(first, socket);
    const other = socketOf(STRANGER, path());
    await isRefused(start(serve(other, folder), { through: as(STRANGER) }));
    await sendBatches(socket, 1, 1);
    await until('the first one goes on', () => linesOf(first.stdout()).length === 1);
    first.child.kill('SIGKILL');
    await first.ended;
    // The other user may not ask a dead lock either. The user who has it may, and so may root.
    await isRefused(start(serve(other, folder), { through: as(STRANGER) }));
    const second = start(serve(socket, folder), { through: as(SERVICE) });
    await listening(second, socket);
    second.child.kill('SIGKILL');
    await second.ended;
    const third = start(serve(socket, folder));
    await listening(third, socket);
  });

  testUnless(MISSING.users)('that root left behind does not keep the owner of the folder out', async () => {
    const [socket, folder, socketOfRoot] = [socketOf(SERVICE, path()), path(), path()];
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, SERVICE.uid, SERVICE.gid);
    const byRoot = start(serve(socketOfRoot, folder), { through: withUmask('077') });
    await listening(byRoot, socketOfRoot);
    await sendBatches(socketOfRoot, 2, 1);
    await until('it is delivered', () => linesOf(byRoot.stdout()).length === 2);
    byRoot.child.kill('SIGKILL');
    await byRoot.ended;
    const service = start(serve(socket, folder), { through: as(SERVICE) });
    await listening(service, socket);
    await sendBatches(socket, 1, 1, 5);
    await until('it delivers', () => linesOf(service.stdout()).length === 1);
  });
});

const CONTENDERS = 4;
const CONTENDER = fileURLToPath(new URL('../../helpers/contender.js', import.meta.url));
const BUILD = new URL('../../../dist/lib/spool/index.js', import.meta.url).href;

interface Attempt {
  from: number;
  to: number;
  code?: string;
  message?: string;
}

/** Processes that take locks at the same time. */
class Contenders {
  readonly processes: Running[];
  #rounds = 0;

  constructor(n: number) {
    this.processes = upTo(n).map(() => start([BUILD], { program: CONTENDER }));
  }

  async ready(): Promise<void> {
    await this.#answered(1);
  }

  /** @returns what became of each attempt. */
  async all(orders: { folder: string; afterMs: number; holdMs?: number }[]): Promise<Attempt[]> {
    for (const [i, order] of orders.entries()) {
      this.processes[i % this.processes.length]?.child.stdin.write(`${JSON.stringify(order)}\n`);
    }
    const each = orders.length / this.processes.length;
    await this.#answered(1 + this.#rounds + each);
    const answers = this.processes.flatMap(({ stdout }) => linesOf(stdout()).slice(1 + this.#rounds));
    this.#rounds += each;
    return answers.map((line) => JSON.parse(line));
  }

  async kill(): Promise<void> {
    for (const { child, ended } of this.processes) {
      child.kill('SIGKILL');
      await ended;
    }
  }

  async #answered(n: number): Promise<void> {
    await until(`${n} answers`, () => this.processes.every(({ stdout }) => linesOf(stdout()).length >= n));
  }
}

describe(`processes that race for a lock (seed ${seed})`, () => {
  const FOLDERS = 25;

  test(`of ${CONTENDERS}, one takes over a dead lock, ${FOLDERS} times; and again, once that one is dead`, async () => {
    const next = random(seed);
    const folders = upTo(FOLDERS).map(path);
    for (let life = 1; life <= 3; life++) {
      const contenders = new Contenders(CONTENDERS);
      await contenders.ready();
      for (const folder of folders) {
        const attempts = await contenders.all(
          upTo(CONTENDERS).map(() => ({ folder, afterMs: next() ** 2 * 2 })),
        );
        expect(attempts.map(({ code }) => code ?? 'locked').sort()).toEqual([
          ...upTo(CONTENDERS - 1).map(() => 'ERR_SPOOL_IN_USE'),
          'locked',
        ]);
      }
      await contenders.kill();
      // One dead lock in each folder, with a higher number than the one before.
      for (const folder of folders) {
        const numbers = locksIn(folder);
        expect(numbers).toHaveLength(1);
        expect(numbers[0]).toBeGreaterThanOrEqual(life);
      }
    }
  }, 30_000);

  test('no two have it at the same time, when each takes it and gives it back again and again', async () => {
    const next = random(seed + 1);
    const folder = path();
    const contenders = new Contenders(CONTENDERS);
    await contenders.ready();
    const attempts = await contenders.all(
      upTo(CONTENDERS * 100).map(() => ({ folder, afterMs: next() * 0.5, holdMs: next() * 0.5 })),
    );
    const held = attempts.filter(({ code }) => code === undefined).sort((a, b) => a.from - b.from);
    expect(attempts.filter(({ code }) => code !== undefined && code !== 'ERR_SPOOL_IN_USE')).toEqual([]);
    expect(held.length).toBeGreaterThan(20);
    const overlaps = held.filter(({ from }, i) => i > 0 && from < (held[i - 1] as Attempt).to);
    expect(overlaps).toEqual([]);
  }, 30_000);
});

test('a symbolic link inside the folder is refused', async () => {
  const [socket, folder, elsewhere] = [path(), path(), path()];
  mkdirSync(folder, { mode: 0o700 });
  mkdirSync(elsewhere);
  openToAll(folder);
  symlinkSync(join(elsewhere, 'log'), join(folder, `${'0'.repeat(16)}.log`));
  const served = start(serve(socket, folder));
  expect(await served.ended).toBe(1);
  expect(served.stderr()).toMatch(/^error: ERR_SPOOL_FAILED: .*follows no links/m);
  expect(readdirSync(elsewhere)).toEqual([]);
});
