import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import { blocksOf, ROOT } from './helpers/code-blocks.js';
import { commands } from './helpers/processes.js';
import { tempFolder } from './helpers/temp.js';
import { until } from './helpers/until.js';

/*
 * Runs examples of the pages as a reader would: in a folder where the package is installed, which is the build in dist/.
 * code-blocks.test.ts compiles all examples.
 */

const folder = tempFolder();
const modules = join(folder, 'node_modules');

/** The examples of docs/testing.md in their order, which also distinguishes the two files of the same name. */
const examples = blocksOf('docs/testing.md')
  .filter(({ language }) => language === 'ts')
  .map(({ code }) => ({ name: /^\/\/ (\S+)\.ts\n/.exec(code)?.[1], code }));
const [maker, helper, jestTest, vitestTest, reporter] = examples;

async function run(...args: string[]) {
  const running = promisify(execFile)(process.execPath, args, {
    cwd: folder,
    timeout: 60_000,
    env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: '0', CI: '1' },
  });
  const { stdout, stderr } = await running.catch((error) => error);
  return { code: running.child.exitCode, output: `${stdout}${stderr}` };
}

/** Writes an example as JavaScript, for Node alone. */
function compile(example = { name: '', code: '' } as (typeof examples)[number]): string {
  const { code } = transformSync(example.code, {
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  const file = join(folder, `${example.name}.mjs`);
  writeFileSync(file, code.replaceAll(/\/tmp\/([\w-]+\.sock)/g, join(folder, '$1')));
  return file;
}

beforeAll(async () => {
  expect(examples.map(({ name }) => name)).toEqual([
    ...['make-fixture', 'outcomes', 'mixed.test', 'mixed.test', 'reporter'],
  ]);
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  symlinkSync(ROOT, join(modules, 'boundary-log-proxy'));
  for (const runner of ['jest', 'vitest', 'fixtures']) mkdirSync(join(folder, runner));
  writeFileSync(join(folder, 'jest/outcomes.ts'), helper?.code ?? '');
  writeFileSync(join(folder, 'vitest/outcomes.ts'), helper?.code ?? '');
  writeFileSync(join(folder, 'jest/mixed.test.ts'), jestTest?.code ?? '');
  writeFileSync(join(folder, 'vitest/mixed.test.ts'), vitestTest?.code ?? '');
  expect(await run(compile(maker))).toEqual({ code: 0, output: '' });
}, 60_000);

test.each([
  { kind: 'CommonJS', file: 'jest.config.cjs', begins: 'module.exports =', flags: [] },
  {
    kind: 'ES modules',
    file: 'jest.config.mjs',
    begins: 'export default',
    flags: ['--experimental-vm-modules'],
  },
])(
  'the tests for Jest pass as $kind',
  async ({ file, begins, flags }) => {
    const config = blocksOf('docs/testing.md').find(({ code }) => code.includes(`\n${begins} {`));
    writeFileSync(join(folder, file), config?.code ?? '');
    const jest = [join(modules, 'jest/bin/jest.js'), '--config', file, '--roots', 'jest'];
    const { code, output } = await run(...flags, ...jest);
    expect(output).toMatch(/^Tests: +6 passed, 6 total$/m);
    expect(code).toBe(0);
  },
  60_000,
);

test('the tests for Vitest pass', async () => {
  const { code, output } = await run(join(modules, 'vitest/vitest.mjs'), 'run', '--dir', 'vitest');
  expect(output).toMatch(/^ *Tests +6 passed \(6\)$/m);
  expect(code).toBe(0);
}, 60_000);

test('the program that tests a reporter prints what it says', async () => {
  expect(await run(compile(reporter))).toEqual({ code: 0, output: "[ 'https://example.com/' ]\n" });
}, 60_000);

/** The example of a page that contains a text, as a program. */
function programIn(page: string, name: string, text: string): string {
  const example = blocksOf(page).find(({ language, code }) => language === 'ts' && code.includes(text));
  return compile({ name, code: example?.code ?? '' });
}

const start = commands();

test.each([
  {
    page: 'README.md',
    server: 'printDenied',
    prints: 'POST https://example.org/upload\n',
  },
  {
    page: 'docs/streams.md',
    server: 'new StatusSink()',
    prints: expect.stringMatching(/^[0-9a-f-]{36} 2\n$/),
  },
])(
  'the server in $page prints what the sender in docs/streams.md sends',
  async ({ page, server, prints }) => {
    const running = start([], { program: programIn(page, 'server', server), env: { TMPDIR: folder } });
    await until('it listens', () => existsSync(join(folder, 'boundary-audit.sock')));
    expect(await run(programIn('docs/streams.md', 'sender', 'new BoundaryLogSender'))).toEqual({
      code: 0,
      output: '',
    });
    await until('it has printed a line', () => running.stdout().endsWith('\n'));
    expect(running.stdout()).toEqual(prints);
    running.child.kill('SIGKILL');
    await running.ended;
    rmSync(join(folder, 'boundary-audit.sock'));
  },
);
