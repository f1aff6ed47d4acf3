import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { logsFrame } from '../../helpers/messages.js';
import { MAIN } from '../../helpers/processes.js';
import { fillSpool, numberedBatches } from '../../helpers/served.js';
import { MISSING, mounts, testUnless } from '../../helpers/system.js';
import { tempPaths } from '../../helpers/temp.js';

/** Each test starts many processes. */
jest.setTimeout(120_000);

const path = tempPaths();
const mounted = mounts();

const capture = () => {
  const file = path();
  writeFileSync(file, Buffer.concat(Array.from({ length: 300 }, (_, i) => logsFrame(10, i * 10))));
  return file;
};
const events = () => {
  const file = path();
  writeFileSync(file, '{"decision":"deny","http_url":"https://example.com/"}\n'.repeat(2000));
  return file;
};
const spool = async () => {
  const folder = path();
  await fillSpool(folder, numberedBatches(300, 10));
  return folder;
};

/**
 * Every command that writes to stdout, whether it writes more than a pipe holds, and its exit code: that of audit is its
 * answer, whoever reads it.
 */
const COMMANDS: [name: string, args: () => string[] | Promise<string[]>, isLong: boolean, code?: number][] = [
  ['--help', () => ['--help'], false],
  ['--version', () => ['--version'], false],
  ['serve --help', () => ['serve', '--help'], false],
  ['decode', () => ['decode', capture()], true],
  ['decode --outcomes', () => ['decode', '--outcomes', capture()], true],
  ['decode --format logfmt', () => ['decode', '--format', 'logfmt', capture()], true],
  ['encode', () => ['encode', events()], true],
  ['spool', async () => ['spool', await spool()], false],
  ['spool --verify', async () => ['spool', '--verify', await spool()], false],
  ['spool --repair', async () => ['spool', '--repair', await spool()], false],
  ['spool --export', async () => ['spool', '--export', await spool()], true],
  ['rules', () => ['rules', '--by', 'domain', events()], false],
  ['summary', () => ['summary', events()], false],
  ['audit', () => ['audit', capture()], false],
  ['audit --against', () => ['audit', '--json', events(), '--against', '/dev/null'], true, 3],
  ['spool --export-capture', async () => ['spool', '--export-capture', await spool()], true],
];

/** Runs a command with stdout on a file. */
function runTo(file: string, args: string[]) {
  const fd = openSync(file, 'w');
  try {
    return spawnSync(process.execPath, [MAIN, ...args], { stdio: ['ignore', fd, 'pipe'], encoding: 'utf8' });
  } finally {
    closeSync(fd);
  }
}

const ENDS_WITH_THE_ERROR = /^error: ENOSPC: stdout cannot be written, so the output is incomplete: .*\n$/m;

describe.each(COMMANDS)('%s', (_name, args, isLong, code = 0) => {
  test('/dev/full as stdout: one message, exit code 1', async () => {
    const { status, stderr } = runTo('/dev/full', await args());
    expect([status, stderr]).toEqual([1, expect.stringMatching(ENDS_WITH_THE_ERROR)]);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  testUnless(MISSING.mounts)(
    'a disk that becomes full: the output up to there, one message, exit code 1',
    async () => {
      const folder = path();
      mounted.tmpfs(folder, isLong ? 'size=16k' : 'size=4k');
      const file = join(folder, 'output');
      // Less room than the shortest output needs.
      if (!isLong) writeFileSync(join(folder, 'ballast'), Buffer.alloc(4096));
      const { status, stderr } = runTo(file, await args());
      expect([status, stderr]).toEqual([1, expect.stringMatching(ENDS_WITH_THE_ERROR)]);
      if (isLong) expect(readFileSync(file)).toHaveLength(16 * 1024);
    },
  );

  test('a reader that goes away, as head does: a normal end', async () => {
    const script = '{ "$@"; echo "ended $?" >&2; } | head -c 1 >/dev/null';
    const command = [process.execPath, MAIN, ...(await args())];
    const { stderr } = spawnSync('sh', ['-c', script, 'sh', ...command], { encoding: 'utf8' });
    const lines = stderr.split('\n').filter((line) => !/^encoded \d+ events/.test(line));
    expect(lines).toEqual([`ended ${code}`, '']);
  });
});
