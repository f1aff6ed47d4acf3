import { execFile } from 'node:child_process';
import { cpSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { blocksOf, ROOT } from './helpers/code-blocks.js';
import { installInto } from './helpers/installed.js';
import { RELEASES } from './helpers/node-releases.js';
import { tempFolder } from './helpers/temp.js';

/*
 * Loads the installed package in each way, with each release of Node, and runs fixtures/consumer/scenarios.cjs: streams,
 * a proxy that drains, one with a spool, and a sender. docs/loading.md says the same in words.
 */

const MINUTE = 60_000;
const folder = tempFolder();
/** Bundles run here, where nothing is installed. */
const alone = tempFolder();
const modules = join(folder, 'node_modules');

const JEST = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', 'jest.config.cjs', '--testMatch'];

/** How a program loads the package, what it prints if everything works, and which release does not have this way. */
const WAYS: { way: string; args: string[]; says?: RegExp; without?: string; cwd?: string }[] = [
  { way: 'import', args: ['import.mjs'] },
  { way: 'require', args: ['require.cjs'] },
  { way: 'a worker thread', args: ['worker.mjs'] },
  { way: 'type stripping', args: ['strip-types.mts'], without: '20' },
  { way: 'esbuild to one ES module', args: ['bundled.mjs'], cwd: alone },
  { way: 'esbuild to one CommonJS file', args: ['bundled.cjs'], cwd: alone },
  { way: 'the clock of node:test, installed before', args: ['node-clock.cjs', 'before'] },
  { way: 'the clock of node:test, installed after', args: ['node-clock.cjs', 'after'] },
  { way: 'the clock of Sinon, installed before', args: ['sinon-clock.cjs', 'before'] },
  { way: 'the clock of Sinon, installed after', args: ['sinon-clock.cjs', 'after'] },
  {
    way: 'CommonJS Jest, with its clock',
    args: [...JEST, '**/*.jest.test.cjs'],
    says: /^Tests: +6 passed, 6 total$/m,
  },
  {
    way: 'Jest with ES modules, with its clock',
    args: ['--experimental-vm-modules', ...JEST, '**/*.jest.test.mjs'],
    says: /^Tests: +2 passed, 2 total$/m,
  },
  {
    way: 'Vitest, with its clock',
    args: [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run'],
    says: /^ *Tests +3 passed \(3\)$/m,
  },
];

beforeAll(async () => {
  await installInto(folder);
  // The runners load the package from here, as they do in a project that has installed both.
  for (const name of ['jest', '@jest', 'vitest', '@sinonjs']) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  cpSync(join(ROOT, '__tests__/fixtures/consumer'), folder, { recursive: true });
  renameSync(join(folder, 'strip-types.txt'), join(folder, 'strip-types.mts'));
  const banner = blocksOf('docs/loading.md').find(({ code }) => code.includes('createRequire'));
  const entry = { entryPoints: [join(folder, 'bundled.mjs')], bundle: true, platform: 'node' as const };
  for (const options of [
    { format: 'esm' as const, outfile: join(alone, 'bundled.mjs'), banner: { js: banner?.code ?? '' } },
    { format: 'cjs' as const, outfile: join(alone, 'bundled.cjs') },
  ]) {
    const { warnings } = await build({ ...entry, ...options, logLevel: 'silent' });
    expect(warnings).toEqual([]);
  }
  expect(readdirSync(alone).sort()).toEqual(['bundled.cjs', 'bundled.mjs']);
}, 2 * MINUTE);

describe.each(RELEASES)('Node $name', ({ name, program, missing }) => {
  if (missing !== undefined) {
    test.skip(`is skipped: ${missing}`, () => undefined);
    return;
  }

  test.each(WAYS.filter(({ without }) => without !== name))(
    '$way',
    async ({ args, says = /^done$/m, cwd = folder }) => {
      const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: '0', CI: '1' };
      const running = promisify(execFile)(program, args, { cwd, env, timeout: MINUTE });
      const { stdout, stderr, code } = await running.catch((error) => error);
      // The exit code has to say the same as the output.
      expect({ output: `${stdout}${stderr}`, code }).toEqual({
        output: expect.stringMatching(says),
        code: undefined,
      });
    },
    2 * MINUTE,
  );
});
