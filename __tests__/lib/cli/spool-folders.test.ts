import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from '@jest/globals';
import { commands, listening } from '../../helpers/processes.js';
import {
  BLOCKED,
  complaintsOf,
  linesOf,
  logOf,
  METRICS,
  metric,
  numbersIn,
  sendBatches,
  stopped,
  upTo,
} from '../../helpers/served.js';
import { as, MISSING, mounts, SERVICE, socketOf, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const start = commands();
const path = tempPaths();
const mount = mounts();

const BATCHES = 60;
const LOGS = 2;
const GROUP = 64_003;

/** A folder in one that the service cannot write to, so that nothing can be moved out of it. */
function folderOf(uid: number, gid: number, mode: number): string {
  const parent = path();
  mkdirSync(parent, { mode: 0o755 });
  const folder = join(parent, 'spool');
  mkdirSync(folder);
  chownSync(folder, uid, gid);
  chmodSync(folder, mode);
  return folder;
}

/** The folders that a service finds: how each is made, and its mode. */
const FOLDERS: [name: string, make: () => string, mode: string, missing?: string | undefined][] = [
  ['StateDirectory= of systemd', () => folderOf(SERVICE.uid, SERVICE.gid, 0o755), '755'],
  ['a folder of its user alone', () => folderOf(SERVICE.uid, SERVICE.gid, 0o700), '700'],
  ['a volume with mode 0777', () => folderOf(0, 0, 0o777), '777'],
  ['a volume with mode 2770, of a group of the service', () => folderOf(0, GROUP, 0o2770), '2770'],
  [
    'a file system of its own',
    () => {
      const folder = path();
      mount.tmpfs(folder, `size=8m,mode=0755,uid=${SERVICE.uid},gid=${SERVICE.gid}`);
      return folder;
    },
    '755',
    MISSING.mounts,
  ],
  [
    'a bind mount',
    () => {
      const folder = path();
      mount.bind(folderOf(SERVICE.uid, SERVICE.gid, 0o700), folder);
      return folder;
    },
    '700',
    MISSING.mounts,
  ],
];

describe('one damaged byte', () => {
  for (const [name, make, mode, missing] of FOLDERS) {
    testUnless(MISSING.users, missing)(
      `in ${name}: the service starts, and loses the damaged batch alone`,
      async () => {
        const [socket, folder] = [socketOf(SERVICE, path()), make()];
        const args = ['serve', '--socket', socket, '--spool', folder, '--drain', '0', ...METRICS];
        const service = as(SERVICE, [GROUP]);
        const first = start(args, { through: [...service, ...BLOCKED] });
        await listening(first, socket);
        await sendBatches(socket, BATCHES, LOGS);
        await until('all came in', async () => (await metric(first, 'batches_received_total')) === BATCHES);
        expect(await stopped(first)).toMatchObject({ kept: { batches: BATCHES } });
        const files = readdirSync(folder).filter((file) => /\.(log|acked)$/.test(file));
        expect(files.map((file) => statSync(join(folder, file)).mode & 0o777)).toEqual(
          files.map(() => 0o600),
        );
        const log = join(folder, `${'0'.repeat(16)}.log`);
        const bytes = readFileSync(log);
        const middle = bytes.length >> 1;
        bytes[middle] = (bytes[middle] as number) ^ 1;
        writeFileSync(log, bytes);

        const second = start(args, { through: service });
        await listening(second, socket);
        await until(
          'the others are delivered',
          () => linesOf(second.stdout()).length >= (BATCHES - 1) * LOGS,
        );
        const [lost, ...more] = complaintsOf(second).filter(({ level }) => level >= 50);
        expect(more).toEqual([]);
        expect(lost).toMatchObject({ msg: 'spool damaged: batches are missing', batches: 1, logs: LOGS });
        expect(lost.first).toBe(lost.last);
        expect(numbersIn(second.stdout())).toEqual(
          upTo(BATCHES * LOGS).filter((number) => Math.floor(number / LOGS) !== lost.first),
        );
        expect(await metric(second, 'batches_dropped_total{reason="spool_damaged"}')).toBe(1);
        expect(await metric(second, 'spool_missing_first_id')).toBe(lost.first);
        expect(lost.keptIn.startsWith(`${folder}/damaged/`)).toBe(true);
        expect(statSync(lost.keptIn)).toMatchObject({ uid: SERVICE.uid });
        expect(await stopped(second)).toMatchObject({ kept: { batches: 0 } });
        // Others may look into it or write to it, which is said with what to do about it.
        const opened = logOf(first).filter(({ msg }) => /others can/.test(msg));
        expect(
          opened.map(({ mode, msg }) => ({ mode, isAdvice: msg.endsWith(`: chmod 700 '${folder}'`) })),
        ).toEqual(mode === '700' ? [] : [{ mode, isAdvice: true }]);
      },
      30_000,
    );
  }
});
