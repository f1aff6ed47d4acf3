import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { silent } from '../../../lib/logger.js';
import { realDisk } from '../../../lib/spool/disk.js';
import { SharedFolder } from '../../../lib/spool/shared-folder.js';
import { command } from '../../helpers/command.js';
import { logBatch } from '../../helpers/messages.js';
import { numbersIn, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const PARTS = { coder: upTo(5), gone: upTo(3), stdout: [] };

/** A spool of which the reporters have not acknowledged these batches. */
async function filled(parts: Record<string, number[]> = PARTS): Promise<string> {
  const folder = path();
  const shared = new SharedFolder({ folder }, Object.keys(parts), 'drop', silent);
  const buffers = Object.entries(parts).map(([name, numbers]) => ({
    ...{ numbers, buffer: shared.buffer(name, silent) },
  }));
  for (const { buffer } of buffers) await buffer.open();
  for (const { buffer, numbers } of buffers) {
    for (const number of numbers) buffer.write(logBatch(2, number * 2));
    await buffer.close();
  }
  return folder;
}

/** Damages the last byte of the first batch of a part. */
function damage(part: string): void {
  const log = `${part}/0000000000000000.log`;
  const bytes = readFileSync(log);
  bytes.writeUInt8(bytes.readUInt8(70) ^ 0xff, 70);
  writeFileSync(log, bytes);
}

const spool = async (...args: string[]) => {
  const { code, bytes, errors } = await command(['spool', ...args]);
  return { code, text: bytes.toString(), errors };
};

describe('a spool of several reporters', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await filled();
  });

  test('is shown with what it has for each', async () => {
    const { code, text } = await spool(folder);
    expect(code).toBe(0);
    const blocks = text.split('\n\n').map((block) => block.split('\n').slice(0, 3));
    expect(blocks).toEqual([
      ['reporter coder', 'batches 5', 'logs 10'],
      ['reporter gone', 'batches 3', 'logs 6'],
      ['reporter stdout', 'batches 0', 'logs 0'],
    ]);
  });

  test('is shown, verified and exported for one of them', async () => {
    const one = ['--reporter', 'gone'];
    expect((await spool(folder, ...one)).text).toMatch(/^batches 3\nlogs 6\n/);
    expect((await spool(folder, '--verify', ...one)).text).toBe('3 batches can be read\n');
    const { text } = await spool(folder, '--export', ...one);
    expect(numbersIn(text)).toEqual(upTo(6));
    const { bytes } = await command(['spool', folder, '--export-capture', '--reporter', 'coder']);
    const decoded = await command(['decode', '--format', 'json'], bytes);
    expect(numbersIn(decoded.bytes.toString())).toEqual(upTo(10));
    // The folder of a part is a spool, too.
    expect((await spool(`${folder}/reporters/gone`)).text).toMatch(/^batches 3\n/);
  });

  test.each([['audit'], ['rules', '--all'], ['summary'], ['audit', '/dev/null', '--against']])(
    '%j reads none of the parts alone, which would hide the others',
    async (...args) => {
      const { code, bytes, errors } = await command([...args, folder]);
      expect([code, bytes.toString()]).toEqual([2, '']);
      expect(errors).toMatch(/is the spool of several reporters: .* one of coder, gone, stdout\n$/);
      expect((await command([...args, `${folder}/reporters/gone`])).errors).not.toContain('error');
    },
  );

  test.each(['--export', '--export-capture'])(
    '%s needs to know for which, and writes nothing',
    async (option) => {
      const { code, text, errors } = await spool(folder, option);
      expect([code, text]).toEqual([2, '']);
      expect(errors).toMatch(
        /--reporter: .*expected one of the reporters of this spool: coder, gone, stdout/,
      );
    },
  );

  test('a name that no part has is refused, with those that there are', async () => {
    const { code, errors } = await spool(folder, '--reporter', 'coder2');
    expect(code).toBe(2);
    expect(errors).toMatch(
      /--reporter: got "coder2", expected a reporter of this spool: coder, gone, stdout/,
    );
  });
});

test('--verify names the part that is damaged, looks at the others, and exits with 1; --repair drops it', async () => {
  const folder = await filled();
  damage(`${folder}/reporters/gone`);
  const verified = await spool(folder, '--verify');
  expect(verified.code).toBe(1);
  expect(verified.text).toMatch(
    /^reporter coder\n5 batches can be read\n\nreporter gone\ndamaged ids 0 to 0: /,
  );
  expect(verified.text).toMatch(/reporter stdout\n0 batches can be read\n$/);
  const repaired = await spool(folder, '--repair');
  expect(repaired.code).toBe(0);
  expect(repaired.text).toMatch(
    /^reporter coder\nkept 5 .*\n\nreporter gone\ndropped 1 .* damaged\nkept 2 .*\n\nreporter stdout\nkept 0 /,
  );
  expect((await spool(folder, '--verify')).code).toBe(0);
});

test('--drop-before drops for one reporter, also while a proxy uses the spool for others; or for all', async () => {
  const folder = await filled();
  const running = await realDisk.lock(folder);
  const later = ['--drop-before', '2100-01-01T00:00:00Z'];
  const { code, text } = await spool(folder, ...later, '--reporter', 'gone');
  expect([code, text]).toEqual([
    0,
    expect.stringMatching(/^dropped 3 batches, 6 logs: .*\nkept 0 batches, 0 logs\n$/),
  ]);
  const inUse = await spool(folder, ...later);
  expect(inUse.code).toBe(1);
  expect(inUse.errors).toContain('ERR_SPOOL_IN_USE');
  expect((await spool(folder, '--reporter', 'coder')).text).toMatch(/^batches 5\n/);
  running.release();
  expect((await spool(folder, ...later)).text).toMatch(/^reporter coder\ndropped 5 batches, 10 logs: /);
});

test('a spool of one reporter is shown as before, whatever it is called', async () => {
  const folder = await filled({ coder: upTo(2) });
  expect((await spool(folder)).text).toMatch(/^batches 2\n/);
  expect((await spool(folder, '--reporter', 'main')).text).toMatch(/^batches 2\n/);
});

test('a folder without a spool is refused, whatever is in reporters/', async () => {
  const folder = path();
  mkdirSync(`${folder}/reporters/coder`, { recursive: true });
  const { code, errors } = await spool(folder);
  expect([code, errors]).toEqual([2, expect.stringContaining('expected the folder of a spool')]);
});
