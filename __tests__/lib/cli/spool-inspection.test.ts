import { chmodSync, chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { commands, listening } from '../../helpers/processes.js';
import {
  BLOCKED,
  complaintsOf,
  linesOf,
  numbersIn,
  recordsIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import {
  as,
  MISSING,
  mounts,
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

const BATCHES = 300;
const LOGS = 2;

/** What tells whether a file was written to, given away or replaced. */
function filesIn(folder: string) {
  return readdirSync(folder).map((name) => {
    const { ino, size, mode, uid, gid, mtimeMs, ctimeMs } = lstatSync(join(folder, name));
    return { name, ino, size, mode, uid, gid, mtimeMs, ctimeMs };
  });
}

/** Who looks, and at which path of the folder. */
const WHO: [name: string, through: string[], at: (folder: string) => string][] = [
  ['root, with umask 077', withUmask('077'), (folder) => folder],
  ['another user who may read', as(STRANGER, [SERVICE.gid]), (folder) => folder],
  [
    'root, on a read-only mount',
    [],
    (folder) => {
      const readOnly = path();
      mount.bind(folder, readOnly, 'ro');
      return readOnly;
    },
  ],
];

describe('spool DIR, --export and --verify change nothing', () => {
  testUnless(MISSING.users, MISSING.mounts)(
    'as root, as another user, or on a read-only mount, while a proxy runs and after SIGKILL; the service goes on',
    async () => {
      const [socket, folder] = [socketOf(SERVICE, path()), path()];
      mkdirSync(folder);
      chownSync(folder, SERVICE.uid, SERVICE.gid);
      chmodSync(folder, 0o750);
      const args = ['serve', '--socket', socket, '--spool', folder, '--spool-max-bytes', '256KiB'];
      args.push('--drain', '0', '--metrics', 'off');
      const first = start(args, { through: [...as(SERVICE), ...BLOCKED] });
      await listening(first, socket);
      const logs = upTo(BATCHES * LOGS);
      await sendBatches(socket, BATCHES, LOGS);
      await until('all is stored', () => recordsIn(folder) === BATCHES);
      // An administrator gives the group of the service the right to read.
      for (const { name } of filesIn(folder)) {
        if (!name.startsWith('lock')) chmodSync(join(folder, name), 0o640);
      }

      const inspectAll = async (options: string[]) => {
        const before = filesIn(folder);
        const looks = WHO.flatMap(([who, through, at]) => {
          const name = at(folder);
          return options.map((option) => ({ who, option, through, name }));
        });
        await Promise.all(
          looks.map(async ({ who, option, through, name }) => {
            const looked = start(['spool', name, ...option.split(' ').filter(Boolean)], { through });
            expect({ who, option, code: await looked.ended, stderr: looked.stderr() }).toEqual({
              who,
              option,
              code: 0,
              stderr: '',
            });
            if (option === '--export') expect(numbersIn(looked.stdout())).toEqual(logs);
            else if (option === '--verify') expect(looked.stdout()).toBe(`${BATCHES} batches can be read\n`);
            else expect(looked.stdout()).toMatch(`batches ${BATCHES}\nlogs ${BATCHES * LOGS}\n`);
          }),
        );
        expect(filesIn(folder)).toEqual(before);
      };
      await inspectAll(['', '--export', '--verify']);
      first.child.kill('SIGKILL');
      await first.ended;
      await inspectAll(['', '--export']);

      const second = start(args, { through: as(SERVICE) });
      await listening(second, socket);
      await until('all is delivered', () => linesOf(second.stdout()).length >= logs.length);
      expect(numbersIn(second.stdout())).toEqual(logs);
      expect(await stopped(second)).toMatchObject({ kept: { batches: 0 } });
      expect(complaintsOf(second).filter(({ msg }) => !/others can/.test(msg))).toEqual([]);
    },
    30_000,
  );

  testUnless(MISSING.users, MISSING.mounts)(
    'but --repair and --drop-before say that the proxy uses it, or that nothing can be written',
    async () => {
      const [socket, folder, readOnly] = [path(), path(), path()];
      const served = start(['serve', '--socket', socket, '--spool', folder, '--metrics', 'off']);
      await listening(served, socket);
      for (const change of ['--repair', '--drop-before=2030-01-01T00:00:00Z']) {
        const changed = start(['spool', folder, change]);
        expect(await changed.ended).toBe(1);
        expect(changed.stderr()).toMatch(/^error: ERR_SPOOL_IN_USE: /);
      }
      served.child.kill('SIGTERM');
      expect(await served.ended).toBe(0);
      mount.bind(folder, readOnly, 'ro');
      const before = filesIn(folder);
      const changed = start(['spool', readOnly, '--repair']);
      expect(await changed.ended).toBe(1);
      expect(changed.stderr()).toMatch(/^error: ERR_SPOOL_FAILED: .*EROFS/);
      expect(filesIn(folder)).toEqual(before);
    },
  );
});
