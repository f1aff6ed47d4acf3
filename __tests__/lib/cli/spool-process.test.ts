import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { command, commandsHere } from '../../helpers/command.js';
import { logBatch } from '../../helpers/messages.js';
import { commands, listening, MAIN } from '../../helpers/processes.js';
import {
  BLOCKED,
  closingAccount,
  complaintsOf,
  fillSpool,
  linesOf,
  logOf,
  METRICS,
  metric,
  numberedBatches,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { MISSING, mounts, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const startHere = commandsHere();
const mount = mounts();
const path = tempPaths();

/** A built file, as a string literal for a program that imports it. */
const built = (file: string) => JSON.stringify(new URL(`../../../dist/lib/${file}`, import.meta.url).href);

const DROPPED = 'batches_dropped_total{reason="spool_full"}';

/** A spool with so many batches of 2 logs, numbered from 0. */
async function filled(batches: number): Promise<string> {
  const folder = path();
  await fillSpool(folder, numberedBatches(batches, 2));
  return folder;
}

describe('serve --spool', () => {
  test('what nobody reads is kept when it is stopped, and reported after the next start', async () => {
    const [socket, folder] = [path(), path()];
    const args = ['serve', '--socket', socket, '--spool', folder, '--drain', '0', ...METRICS];
    const first = start(args, { keepStdout: false });
    await listening(first, socket);
    await sendBatches(socket, 60, 100);
    await until('all came in', async () => (await metric(first, 'batches_received_total')) === 60);
    first.child.kill('SIGTERM');
    await until('it has closed', () => closingAccount(first) !== undefined);
    const { received, forwarded, kept } = closingAccount(first);
    expect(received).toEqual({ batches: 60, logs: 6000 });
    expect(kept.batches).toBeGreaterThan(0);
    expect(forwarded.logs + kept.logs).toBe(6000);
    // It has written one batch more than was taken of it: that is still on its way to a reader.
    let text = '';
    first.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    expect(await first.ended).toBe(0);

    const second = start(args);
    await listening(second, socket);
    const again = () => numbersIn(second.stdout());
    await until('the rest is reported', () => linesOf(second.stdout()).length >= kept.logs);
    expect(await stopped(second)).toMatchObject({ recovered: kept, forwarded: kept, kept: { batches: 0 } });
    // It goes on with the batch that was under way.
    expect(again()).toEqual(upTo(6000).slice(forwarded.logs));
    expect(numbersIn(text).slice(0, forwarded.logs)).toEqual(upTo(forwarded.logs));
    expect(numbersIn(text).length - forwarded.logs).toBeLessThanOrEqual(100);
  });

  test('is alone in its folder: a second one ends with 1, and the first one goes on', async () => {
    const [socket, other, folder] = [path(), path(), path()];
    const first = start(['serve', '--socket', socket, '--spool', folder, '--metrics', 'off']);
    await listening(first, socket);
    const second = start(['serve', '--socket', other, '--spool', folder, '--metrics', 'off']);
    expect(await second.ended).toBe(1);
    expect(second.stderr()).toMatch(/^error: ERR_SPOOL_IN_USE: .* in use/);
    expect(second.stderr()).toContain(folder);
    expect(existsSync(other)).toBe(false);
    await sendBatches(socket, 1, 2);
    await until('the first one still serves', () => linesOf(first.stdout()).length === 2);
  });

  test('a full spool drops the newest, as spool_full in /metrics; the rest is reported', async () => {
    const [socket, folder] = [path(), path()];
    const args = ['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', '64KiB', ...METRICS];
    const served = start(args, { keepStdout: false });
    await listening(served, socket);
    await sendBatches(socket, 60, 100);
    await until('all came in', async () => (await metric(served, 'batches_received_total')) === 60);
    const dropped = await metric(served, DROPPED);
    expect(dropped).toBeGreaterThan(0);
    expect(await metric(served, 'buffer_capacity_bytes')).toBe(65_536);
    expect(await metric(served, 'buffer_bytes')).toBeLessThanOrEqual(65_536);
    let text = '';
    served.child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    await until('it is empty', async () => (await metric(served, 'buffer_bytes')) === 0);
    expect(await stopped(served)).toMatchObject({
      forwarded: { batches: 60 - dropped },
      dropped: { spool_full: { batches: dropped, logs: dropped * 100 } },
      kept: { batches: 0 },
    });
    expect(linesOf(text)).toHaveLength((60 - dropped) * 100);
    expect(logOf(served).filter(({ msg }) => msg === 'dropping boundary logs')).toHaveLength(1);
  });

  test('--spool-sync keeps and reports as well', async () => {
    const [socket, folder] = [path(), path()];
    const args = ['serve', '--socket', socket, '--spool', folder, '--spool-sync', '--drain', '0', ...METRICS];
    const first = start(args, { through: BLOCKED });
    await listening(first, socket);
    await sendBatches(socket, 5, 10);
    await until('all came in', async () => (await metric(first, 'batches_received_total')) === 5);
    expect(await stopped(first)).toMatchObject({ kept: { batches: 5, logs: 50 } });
    const second = start(args);
    await listening(second, socket);
    await sendBatches(socket, 5, 10, 50);
    await until('all is reported', () => linesOf(second.stdout()).length === 100);
    expect(numbersIn(second.stdout())).toEqual(upTo(100));
    expect(await stopped(second)).toMatchObject({ kept: { batches: 0 } });
  });

  test.each(['1000000', '64KiB', '3MiB'])('--spool-max-bytes %s is a size', async (size) => {
    const [socket, folder] = [path(), path()];
    const served = startHere([
      'serve',
      '--socket',
      socket,
      '--spool',
      folder,
      '--spool-max-bytes',
      size,
      ...METRICS,
    ]);
    await listening(served, socket);
    const [, digits, unit = 'B'] = /^(\d+)(\w+)?$/.exec(size) ?? [];
    const units: Record<string, number> = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
    expect(await metric(served, 'buffer_capacity_bytes')).toBe(Number(digits) * (units[unit] as number));
  });

  test.each(['much', '0', '-1', '1.5MiB', '64kb', '9999999999999GiB'])(
    '--spool-max-bytes %j is wrong usage',
    async (size) => {
      const ran = await command([
        'serve',
        '--spool',
        path(),
        `--spool-max-bytes=${size}`,
        '--metrics',
        'off',
      ]);
      expect(ran.code).toBe(2);
      expect(ran.errors).toContain(
        `ERR_INVALID_OPTION: --spool-max-bytes: got ${JSON.stringify(size)}, expected`,
      );
    },
  );
});

describe('a stdout that cannot be written to, as its disk is full', () => {
  const batchesOf = { batches: 5, logs: 50 };

  test.each([true, false])(
    'what it did not take is tried again, and one line says so (spool: %s)',
    async (hasSpool) => {
      const socket = path();
      const spool = hasSpool ? ['--spool', path()] : [];
      const served = start(['serve', '--socket', socket, '--drain', '0', ...spool, ...METRICS], {
        through: BLOCKED,
      });
      await listening(served, socket);
      await sendBatches(socket, 5, 10);
      await until(
        'it was tried again and again',
        async () => (await metric(served, 'retries_total')) >= 2,
        20_000,
      );
      expect(await metric(served, 'batches_received_total')).toBe(5);
      expect(await metric(served, 'batches_forwarded_total')).toBe(0);
      const nothing = { batches: 0, logs: 0 };
      expect(await stopped(served, hasSpool ? 0 : 1)).toMatchObject({
        dropped: { forward_failed: nothing, shutdown: hasSpool ? nothing : batchesOf },
        kept: hasSpool ? batchesOf : nothing,
      });
      const warnings = complaintsOf(served);
      expect(warnings).toEqual([
        expect.objectContaining({ msg: expect.stringContaining('the reporter is failing') }),
      ]);
      expect(warnings[0].err).toMatchObject({ code: 'ENOSPC' });
    },
    30_000,
  );

  test.each([true, false])('--no-retry drops it as forward_failed (spool: %s)', async (hasSpool) => {
    const socket = path();
    const spool = hasSpool ? ['--spool', path()] : [];
    const args = ['serve', '--socket', socket, '--no-retry', ...spool, ...METRICS];
    const served = start(args, { through: BLOCKED });
    await listening(served, socket);
    await sendBatches(socket, 5, 10);
    const failed = 'batches_dropped_total{reason="forward_failed"}';
    await until('all is dropped', async () => (await metric(served, failed)) === 5);
    expect(await stopped(served, 1)).toMatchObject({
      received: batchesOf,
      dropped: { forward_failed: batchesOf },
      kept: { batches: 0, logs: 0 },
    });
  });
});

describe('the disk of the spool is full', () => {
  testUnless(MISSING.mounts)(
    'one warning, drops that are counted, and it goes on when there is space',
    async () => {
      const [socket, disk] = [path(), path()];
      mount.tmpfs(disk, 'size=1m');
      const folder = join(disk, 'spool');
      const served = start(['serve', '--socket', socket, '--spool', folder, ...METRICS]);
      await listening(served, socket);
      await sendBatches(socket, 1, 10);
      await until('it works', () => linesOf(served.stdout()).length === 10);

      const filler = join(disk, 'filler');
      expect(() => writeFileSync(filler, Buffer.alloc(2 << 20))).toThrow('ENOSPC');
      // Nobody reads: what cannot be stored waits in memory, up to 1 MiB.
      served.child.stdout.pause();
      await sendBatches(socket, 400, 100, 1000);
      await until('all came in', async () => (await metric(served, 'batches_received_total')) === 401);
      await until('what does not fit is dropped', async () => (await metric(served, DROPPED)) > 0);
      served.child.stdout.resume();
      await until('the rest is delivered', async () => (await metric(served, 'buffer_batches')) === 0);
      const dropped = await metric(served, DROPPED);
      expect(dropped).toBeGreaterThan(0);
      const warned = () => logOf(served).filter(({ reason }) => reason === 'spool_full');
      expect(warned()).toHaveLength(1);
      expect(warned()[0]).toMatchObject({
        level: 40,
        msg: 'dropping boundary logs',
        err: { code: 'ERR_SPOOL_FAILED', message: expect.stringContaining('no space left on device') },
      });
      expect(warned()[0].err.message).toContain(folder);

      rmSync(filler);
      await sendBatches(socket, 3, 10, 100_000);
      await until('it works again', () => numbersIn(served.stdout()).includes(100_029));
      expect(numbersIn(served.stdout()).slice(-30)).toEqual(upTo(30).map((i) => 100_000 + i));
      const account = await stopped(served);
      expect(account).toMatchObject({
        received: { batches: 404 },
        forwarded: { batches: 404 - dropped },
        dropped: { spool_full: { batches: dropped } },
        kept: { batches: 0 },
      });
      // Nothing that was stored was harmed.
      expect(logOf(served).filter(({ level }) => level >= 50)).toEqual([]);
      const looked = start(['spool', folder]);
      expect(await looked.ended).toBe(0);
      expect(looked.stdout()).toMatch(/^batches 0\n/);
      expect(looked.stderr()).toBe('');
    },
    30_000,
  );
});

describe('spool', () => {
  test('shows what is there, and --export writes it; both leave it there', async () => {
    const before = Date.now();
    const folder = await filled(100);
    const bytes = upTo(100).reduce((sum, i) => sum + 64 + logBatch(2, 2 * i).raw.length, 0);
    for (let i = 0; i < 2; i++) {
      const shown = start(['spool', folder]);
      expect(await shown.ended).toBe(0);
      const [batches, logs, size, oldest] = linesOf(shown.stdout());
      expect([batches, logs, size]).toEqual(['batches 100', 'logs 200', `bytes ${bytes}`]);
      const time = Date.parse(/^oldest (\S+Z)$/.exec(oldest ?? '')?.[1] ?? '');
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
      expect(shown.stderr()).toBe('');

      const exported = start(['spool', folder, '--export']);
      expect(await exported.ended).toBe(0);
      expect(numbersIn(exported.stdout())).toEqual(upTo(200));
      expect(JSON.parse(linesOf(exported.stdout())[0] as string)).toMatchObject({
        msg: 'boundary_request',
        http_url: 'https://example.com/0',
      });
      expect(exported.stderr()).toBe('');
    }
  });

  test('an empty one', async () => {
    const folder = await filled(0);
    const shown = start(['spool', folder]);
    expect(await shown.ended).toBe(0);
    expect(shown.stdout()).toBe('batches 0\nlogs 0\nbytes 0\noldest -\n');
    const exported = start(['spool', folder, '--export']);
    expect(await exported.ended).toBe(0);
    expect(exported.stdout()).toBe('');
  });

  test('--export may be cut off by `| head -1`', async () => {
    const folder = await filled(5000);
    const exported = start(['spool', folder, '--export'], { keepStdout: false });
    await once(exported.child.stdout, 'data');
    exported.child.stdout.destroy();
    expect(await exported.ended).toBe(0);
    expect(exported.stderr()).toBe('');
  });

  test('a folder that does not exist is wrong usage, and is not made', async () => {
    const folder = path();
    for (const args of [[], ['--export']]) {
      const ran = startHere(['spool', folder, ...args]);
      expect(await ran.ended).toBe(2);
      expect(ran.stderr()).toMatch(/^error: ERR_INVALID_OPTION: DIR: got .*, expected the folder of a spool/);
    }
    expect(existsSync(folder)).toBe(false);
    const ran = startHere(['spool']);
    expect(await ran.ended).toBe(2);
  });
});

describe('a damaged spool', () => {
  const FIRST = `${'0'.repeat(16)}.log`;
  const flip = (name: string, at: number) => {
    const bytes = readFileSync(name);
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] as number) ^ 0x10;
    writeFileSync(name, bytes);
  };

  test.each<[string, (log: string) => void, number]>([
    ['a flipped bit in the middle', (log) => flip(log, Math.floor(statSync(log).size / 2)), 1],
    ['a flipped bit in the first header', (log) => flip(log, 30), 1],
    ['a flipped bit in the last batch', (log) => flip(log, -1), 1],
  ])('%s: all others are delivered, and the loss is reported once', async (_what, damage, lost) => {
    const folder = await filled(400);
    damage(join(folder, FIRST));
    const socket = path();
    const args = ['serve', '--socket', socket, '--spool', folder, ...METRICS];
    const served = start(args);
    await listening(served, socket);
    const left = 2 * (400 - lost);
    await until('all others are reported', () => linesOf(served.stdout()).length === left);
    const numbers = numbersIn(served.stdout());
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(await metric(served, 'batches_dropped_total{reason="spool_damaged"}')).toBe(lost);
    expect(await metric(served, 'spool_missing_batches_total')).toBe(lost);
    const first = await metric(served, 'spool_missing_first_id');
    expect(await metric(served, 'spool_missing_end_id')).toBe(first + lost);
    expect(numbers).not.toContain(2 * first);
    expect(await stopped(served)).toMatchObject({
      received: { batches: 400 },
      dropped: { spool_damaged: { batches: lost, logs: 2 * lost } },
      kept: { batches: 0 },
    });
    const errors = logOf(served).filter(({ level }) => level >= 50);
    expect(errors).toEqual([
      expect.objectContaining({ msg: 'spool damaged: batches are missing', first, last: first + lost - 1 }),
    ]);
    expect(errors[0].keptIn.startsWith(`${folder}/damaged/`)).toBe(true);
    expect(existsSync(errors[0].keptIn)).toBe(true);
    const next = start(args);
    await listening(next, socket);
    await sendBatches(socket, 1, 2, 9000);
    await until('it works', () => next.stdout() !== '');
    expect(numbersIn(next.stdout())).toEqual([9000, 9001]);
    await stopped(next);
    expect(complaintsOf(next)).toEqual([]);
  });
});

describe('a spool that somebody looks at', () => {
  const asUser = (uid: number, umask: string, command: string) =>
    spawnSync('setpriv', [`--reuid=${uid}`, '--clear-groups', 'sh', '-c', `umask ${umask}; ${command}`], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
  testUnless(MISSING.users)('by root, with umask 077, can be used by its own user afterwards', async () => {
    const folder = path();
    mkdirSync(folder, { mode: 0o700 });
    chownSync(folder, 65_534, 65_534);
    chmodSync(dirname(folder), 0o755);
    const program = `
      const { LogBatch } = await import(${built('index.js')});
      const { SpoolBuffer } = await import(${built('spool/index.js')});
      const buffer = new SpoolBuffer({ folder: process.argv[1] }, "drop", console);
      await buffer.open();
      buffer.write(new LogBatch(1, 0, Buffer.alloc(0)));
      await buffer.close();
      process.stdout.write(String(buffer.received.batches));
    `;
    const use = () =>
      asUser(65_534, '022', `'${process.execPath}' --input-type=module -e '${program}' '${folder}'`);
    expect(use()).toMatchObject({ stderr: '', stdout: '1' });
    const before = readdirSync(folder).sort();
    for (const option of [[], ['--export'], ['--verify']]) {
      const looked = spawnSync('sh', [
        '-c',
        `umask 077; '${process.execPath}' '${MAIN}' spool '${folder}' ${option}`,
      ]);
      expect(looked.status).toBe(0);
    }
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(use()).toMatchObject({ stderr: '', stdout: '2' });
    const repaired = spawnSync('sh', [
      '-c',
      `umask 077; '${process.execPath}' '${MAIN}' spool '${folder}' --repair`,
    ]);
    expect(String(repaired.stdout)).toBe('kept 2 batches, 0 logs\n');
    expect(use()).toMatchObject({ stderr: '', stdout: '3' });
  });

  testUnless(MISSING.mounts)('can be on a read-only disk', async () => {
    const folder = await filled(10);
    const readOnly = path();
    mount.bind(folder, readOnly, 'ro');
    const shown = start(['spool', readOnly]);
    expect(await shown.ended).toBe(0);
    expect(shown.stdout()).toMatch(/^batches 10\nlogs 20\n/);
    // For a proxy that is a shortage like any other: it listens, and says what is wrong.
    const socket = path();
    const served = start(['serve', '--socket', socket, '--spool', readOnly, '--metrics', 'off']);
    await listening(served, socket);
    await until('it says why', () => served.stderr().includes('EROFS'));
    served.child.kill('SIGTERM');
    await served.ended;
  });
});

describe('a batch that ends the process', () => {
  test('is set aside after it has ended three of them, and all others are delivered', async () => {
    const folder = path();
    const program = `
      import { appendFileSync } from 'node:fs';
      const { LogBatch } = await import(${built('index.js')});
      const { SpoolBuffer } = await import(${built('spool/index.js')});
      const [folder, seen, fill] = process.argv.slice(1);
      const buffer = new SpoolBuffer({ folder }, 'drop', { ...console, error: () => undefined });
      let quarantined = 0;
      buffer.on('drop', () => (quarantined += 1));
      await buffer.open();
      if (fill) {
        for (let n = 0; n < 5; n++) buffer.write(new LogBatch(1, 1, Buffer.from([n])));
        await buffer.close();
        process.exit();
      }
      const reporter = buffer.guard({
        report(batch) {
          if (batch.raw[0] === 2) process.kill(process.pid, 'SIGKILL');
          appendFileSync(seen, String(batch.raw[0]));
        },
      });
      buffer.on('data', (batch) => { reporter.report(batch, {}); buffer.ack(batch); });
      while (buffer.held.batches > 0) await new Promise(setImmediate);
      await buffer.close();
      process.stdout.write(String(quarantined));
    `;
    const seen = path();
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['--input-type=module', '-e', program, folder, seen, ...args], {
        encoding: 'utf8',
        env: { ...process.env, NODE_OPTIONS: '' },
      });
    expect(run('fill')).toMatchObject({ status: 0, stderr: '' });
    for (let life = 0; life < 3; life++) expect(run().signal).toBe('SIGKILL');
    // The first kill came in the same turn as two acknowledgements, and they were written all the same.
    expect(readFileSync(seen, 'utf8')).toBe('01');
    expect(run()).toMatchObject({ status: 0, stdout: '1', stderr: '' });
    expect(readFileSync(seen, 'utf8')).toBe('0134');
    expect(readdirSync(join(folder, 'quarantine'))).toEqual(['2']);
    expect(readFileSync(join(folder, 'quarantine', '2')).at(-1)).toBe(2);
  });
});

describe('a full disk', () => {
  testUnless(MISSING.mounts)(
    'is no obstacle to a restart: what is there is delivered, then new batches are accepted',
    async () => {
      const [socket, disk] = [path(), path()];
      mount.tmpfs(disk, 'size=16m');
      const folder = join(disk, 'spool');
      const args = ['serve', '--socket', socket, '--spool', folder, '--drain', '0', ...METRICS];
      const first = start(args, { through: BLOCKED });
      await listening(first, socket);
      await sendBatches(socket, 2500, 100);
      await until(
        'all came in',
        async () => (await metric(first, 'batches_received_total')) === 2500,
        20_000,
      );
      await until('the disk is full', async () => (await metric(first, DROPPED)) > 0, 20_000);
      const kept = ((await stopped(first)) as { kept: { batches: number } }).kept;
      expect(kept.batches).toBeGreaterThan(900);
      // Not a byte is free.
      const filler = join(disk, 'filler');
      expect(() => {
        for (;;) appendFileSync(filler, Buffer.alloc(4096));
      }).toThrow('ENOSPC');
      const second = start(args);
      await listening(second, socket);
      const forwarded = () => metric(second, 'batches_forwarded_total');
      await until('all is delivered', async () => (await forwarded()) === kept.batches, 20_000);
      expect(await metric(second, 'batches_recovered_total')).toBe(kept.batches);
      await sendBatches(socket, 3, 10, 1_000_000);
      await until('new batches are delivered, too', () =>
        second.stdout().includes('"sequence_number":1000029,'),
      );
      expect(await stopped(second)).toMatchObject({
        dropped: { spool_damaged: { batches: 0 } },
        kept: { batches: 0 },
      });
      expect(existsSync(join(folder, 'damaged'))).toBe(false);
    },
    60_000,
  );
});
