import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { commands, listening } from '../../helpers/processes.js';
import {
  complaintsOf,
  fillSpool,
  linesOf,
  numberedBatches,
  numbersIn,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { as, MISSING, ROOT, SERVICE, socketOf, testUnless, type User } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();

const STARTS = 5;
const BATCHES = 200;
const LOGS = 2;

/** Changes each file of a spool that has this ending. */
function each(folder: string, ending: string, change: (file: string) => void): void {
  for (const name of readdirSync(folder)) if (name.endsWith(ending)) change(join(folder, name));
}
const giveTo =
  ({ uid, gid }: User) =>
  (file: string) =>
    chownSync(file, uid, gid);
const withMode = (mode: number) => (file: string) => chmodSync(file, mode);

/** What is wrong, and how an administrator corrects it. */
const WRONG: [name: string, breakIt: (folder: string) => void, correct: (folder: string) => void][] = [
  ['a folder of another user', giveTo(ROOT), giveTo(SERVICE)],
  ['a folder that cannot be written to', withMode(0o500), withMode(0o700)],
  [
    'segments of another user, as after a restore from a backup',
    (folder) => each(folder, '.log', giveTo(ROOT)),
    (folder) => each(folder, '.log', giveTo(SERVICE)),
  ],
  [
    'acknowledgements that cannot be read',
    (folder) => each(folder, '.acked', withMode(0)),
    (folder) => each(folder, '.acked', withMode(0o600)),
  ],
];

describe(`wrong permissions for ${STARTS} starts, then right ones: nothing is moved, and all is delivered`, () => {
  for (const [name, breakIt, correct] of WRONG) {
    testUnless(MISSING.users)(
      name,
      async () => {
        const [socket, folder] = [socketOf(SERVICE, path()), path()];
        mkdirSync(folder, { mode: 0o700 });
        giveTo(SERVICE)(folder);
        // Several segments.
        await fillSpool(folder, numberedBatches(BATCHES, LOGS), { maxBytes: 64 << 10 });
        const args = ['serve', '--socket', socket, '--spool', folder, '--metrics', 'off'];
        args.push('--spool-max-bytes', '64KiB', '--drain', '0');
        const before = readdirSync(folder).filter((file) => !file.startsWith('lock'));
        breakIt(folder);
        for (let i = 0; i < STARTS; i++) {
          const served = start(args, { through: as(SERVICE) });
          // Whether it ends or waits for better times, it says what is wrong.
          await until('it complains', () => /EACCES/.test(served.stderr()));
          served.child.kill('SIGTERM');
          await served.ended;
          expect(served.stdout()).toBe('');
          expect(served.stderr()).toContain(folder);
        }
        expect(readdirSync(folder).filter((file) => !file.startsWith('lock'))).toEqual(before);
        correct(folder);

        const served = start(args, { through: as(SERVICE) });
        await listening(served, socket);
        await until('all is delivered', () => linesOf(served.stdout()).length >= BATCHES * LOGS);
        expect(numbersIn(served.stdout())).toEqual(upTo(BATCHES * LOGS));
        expect(await stopped(served)).toMatchObject({
          recovered: { batches: BATCHES },
          dropped: { spool_damaged: { batches: 0 }, quarantined: { batches: 0 } },
          kept: { batches: 0 },
        });
        expect(complaintsOf(served)).toEqual([]);
        expect(existsSync(join(folder, 'damaged'))).toBe(false);
      },
      30_000,
    );
  }
});
