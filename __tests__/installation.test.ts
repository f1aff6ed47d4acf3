import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { blocksOf, ROOT } from './helpers/code-blocks.js';
import { tempFolder } from './helpers/temp.js';
import { HAS_TMUX, terminals } from './helpers/terminal.js';
import { until } from './helpers/until.js';

/*
 * Follows the README in a checkout and in a project: makes a tarball, installs it, starts the command, and runs what the
 * greeting shows from another folder.
 */

const MINUTE = 60_000;
const exec = promisify(execFile);
const home = tempFolder();
const checkout = join(home, 'boundary-log-proxy');
const project = join(home, 'my-project');
const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };

/** Runs lines of a shell. `npm ci` would download what is linked into the checkout already. */
async function bash(lines: string, cwd: string): Promise<string> {
  const npm = 'npm() { [[ $1 = ci ]] || command npm "$@"; }';
  const { stdout } = await exec('bash', ['-ec', `${npm}\n${lines}`], { cwd, env, timeout: 2 * MINUTE });
  return stdout;
}

beforeAll(async () => {
  mkdirSync(checkout);
  for (const name of readdirSync(ROOT)) {
    if (/^(\.git|node_modules|dist|coverage|\.build-.*)$/.test(name)) continue;
    cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const install = blocksOf('README.md').find(({ code }) => code.includes('npm pack'));
  await bash(install?.code ?? 'false', home);
}, 3 * MINUTE);

test('the README makes a tarball, and installs it', () => {
  expect(readdirSync(checkout)).toContainEqual(expect.stringMatching(/\.tgz$/));
  expect(existsSync(join(project, 'node_modules/boundary-log-proxy/dist/lib/cli/main.js'))).toBe(true);
});

describe('what the greeting shows', () => {
  const open = terminals();
  const onTerminal = HAS_TMUX ? test : test.skip;

  onTerminal.each([
    { how: 'by its path in a checkout', cwd: checkout, start: 'node dist/lib/cli/main.js' },
    { how: 'by npm start', cwd: checkout, start: 'npm start --silent --' },
    {
      how: 'by the link of an installed package',
      cwd: project,
      start: 'node_modules/.bin/boundary-log-proxy',
    },
    { how: 'by npx in a project', cwd: project, start: 'npx --no-install boundary-log-proxy' },
  ])(
    `works from another folder, if serve was started $how${HAS_TMUX ? '' : ' (skipped: tmux is not installed)'}`,
    async ({ cwd, start }) => {
      const serve = start.startsWith('npm start') ? start : `${start} serve`;
      // A socket of its own, with a name that a shell has to quote.
      const socket = join(home, `the socket ${start.length}`);
      const screen = open(`cd ${cwd} && ${serve} --socket '${socket}' --metrics off`);
      const shown = () =>
        /^ {2}(\S.* send --socket .* --sample 20) *$/m.exec(screen.capture('lines').join('\n'))?.[1];
      await until('it greets', () => shown() !== undefined, MINUTE);
      const { stderr } = await exec('bash', ['-c', shown() as string], { cwd: '/', env, timeout: MINUTE });
      expect(stderr).toBe('sent 20 events\n');
      const rows = () =>
        screen.capture('lines').filter((line) => /^\d\d:\d\d:\d\d\S* +(allow|deny) /.test(line));
      await until('it shows the events', () => rows().length === 20, MINUTE);
    },
    3 * MINUTE,
  );
});

describe('a build in the checkout', () => {
  const running: ReturnType<typeof spawn>[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  test.each(['without a change', 'after a change'])(
    'does not disturb the command that runs from it: %s',
    async (change) => {
      const socket = join(home, `built ${change}`);
      const main = join(checkout, 'dist/lib/cli/main.js');
      const serve = spawn(process.execPath, [main, 'serve', '--socket', socket, '--metrics', 'off'], { env });
      running.push(serve);
      let events = '';
      serve.stdout.on('data', (chunk) => (events += chunk));
      await until('it listens', () => existsSync(socket), MINUTE);
      if (change === 'after a change') {
        writeFileSync(join(checkout, 'lib/telemetry/version.ts'), "export const VERSION = '9.9.9';\n");
      }
      // While it is built, the files that a new process needs are always there.
      let isBuilt = false;
      const built = bash('npm run -s prepare', checkout).finally(() => (isBuilt = true));
      const missing: string[] = [];
      while (!isBuilt) {
        if (!existsSync(main)) missing.push(main);
        await new Promise(setImmediate);
      }
      await built;
      expect(missing).toEqual([]);
      const { stdout } = await exec(process.execPath, [main, '--version'], { env });
      expect(stdout === '9.9.9\n').toBe(change === 'after a change');
      await exec(process.execPath, [main, 'send', '--socket', socket, '--sample', '20'], { env });
      await until('the events have arrived', () => events.split('\n').length === 21, MINUTE);
      serve.kill('SIGTERM');
      expect(await new Promise((resolve) => serve.on('close', resolve))).toBe(0);
    },
    3 * MINUTE,
  );
});
