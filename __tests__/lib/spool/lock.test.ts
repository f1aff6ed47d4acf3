import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { afterEach, describe, expect, test } from '@jest/globals';
import { realDisk } from '../../../lib/spool/disk.js';
import { type Lock, takeLock } from '../../../lib/spool/lock.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const held: Lock[] = [];
afterEach(() => {
  for (const lock of held.splice(0)) lock.release();
});

async function take(folder: string): Promise<Lock> {
  const lock = await takeLock(folder);
  held.push(lock);
  return lock;
}

function makeFolder(): string {
  const folder = path();
  realDisk.makeFolder(folder);
  return folder;
}

const namesIn = (folder: string) => readdirSync(folder).filter((name) => name.startsWith('lock'));

/** Takes the lock in another process, which ends without giving it back. */
function crash(folder: string, uid?: number) {
  const program = `
    const { takeLock } = await import(${JSON.stringify(new URL('../../../dist/lib/spool/lock.js', import.meta.url).href)});
    await takeLock(process.argv[1]).then(() => console.log('held'), (error) => console.log(error.code));
    process.kill(process.pid, 'SIGKILL');
  `;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, folder], {
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  return stdout.trim();
}

describe('the lock tells how the process before this one ended', () => {
  test('there was none, or it gave the lock back: cleanly', async () => {
    const folder = makeFolder();
    const first = await take(folder);
    expect(first.lastEnd).toBe('clean');
    first.release();
    expect((await take(folder)).lastEnd).toBe('clean');
  });

  test('it was killed: a crash', async () => {
    const folder = makeFolder();
    expect(crash(folder)).toBe('held');
    expect((await take(folder)).lastEnd).toBe('crash');
  });

  test('the machine was started since then: a reboot', async () => {
    const folder = makeFolder();
    expect(crash(folder)).toBe('held');
    const [name] = namesIn(folder) as [string];
    // As if the lock was taken in another run of the machine.
    renameSync(`${folder}/${name}`, `${folder}/lock.1.0123456789ab`);
    const lock = await take(folder);
    expect(lock.lastEnd).toBe('reboot');
    expect(namesIn(folder)).toEqual(['lock.2.0123456789ab']);
    // Ended before it has cleared the marks, it leaves that to the next one.
    lock.release();
    const next = await take(folder);
    expect(next.lastEnd).toBe('reboot');
    next.confirm();
    expect(next.isHeld()).toBe(true);
    next.release();
    expect((await take(folder)).lastEnd).toBe('clean');
    expect(namesIn(folder)).toEqual([name.replace('.1.', '.4.')]);
  });
});

test('a lock is held once, and again when it was given back', async () => {
  const folder = makeFolder();
  const first = await take(folder);
  await expect(take(folder)).rejects.toMatchObject({ code: 'ERR_SPOOL_IN_USE' });
  first.release();
  await take(folder);
});

const isRoot = process.getuid?.() === 0;

(isRoot ? describe : describe.skip)(
  `a user that may not connect${isRoot ? '' : ' (skipped: not root)'}`,
  () => {
    const USER = 65_534;

    /** A folder that everybody may use. The temporary folder around it is root's. */
    function shared(): string {
      const folder = makeFolder();
      chmodSync(folder, 0o777);
      chmodSync(`${folder}/..`, 0o755);
      return folder;
    }

    test("finds another user's lock in use", async () => {
      const folder = shared();
      await take(folder);
      expect(crash(folder, USER)).toBe('ERR_SPOOL_IN_USE');
    });

    test('finds a dead lock of its own out of reach, which is a shortage', () => {
      const folder = shared();
      expect(crash(folder, USER)).toBe('held');
      const [name] = namesIn(folder) as [string];
      chownSync(`${folder}/${name}`, USER, USER);
      chmodSync(`${folder}/${name}`, 0o000);
      expect(crash(folder, USER)).toBe('EACCES');
    });

    test('finds a folder that it may not write to short of permissions, and not in use', () => {
      const folder = path();
      mkdirSync(folder, { mode: 0o755 });
      chmodSync(`${folder}/..`, 0o755);
      expect(crash(folder, USER)).toBe('EACCES');
    });
  },
);
