import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { transformSync } from '@swc/core';
import * as codec from '../codec/index.js';
import * as fixtures from '../lib/fixtures/index.js';
import * as main from '../lib/index.js';
import * as coder from '../lib/reporters/coder/index.js';
import * as jetstreamReporter from '../lib/reporters/jetstream/index.js';
import * as otlp from '../lib/reporters/otlp/index.js';
import * as rules from '../lib/rules/index.js';
import * as jetstreamSource from '../lib/sources/jetstream/index.js';
import * as spool from '../lib/spool/index.js';
import { blocksOf, type CodeBlock, filesIn, PAGES, ROOT } from './helpers/code-blocks.js';

/*
 * Compiles every TypeScript example that users read, as a program that has installed the package would: the examples in the pages, and those
 * in the doc comments, which appear in the API reference.
 */

/** Names that an example may use without declaring or importing them. */
const OPEN_NAMES = `
declare const batch: import('boundary-log-proxy').LogBatch;
declare const bytes: Buffer;
declare const chunks: Iterable<Buffer>;
declare const logger: import('boundary-log-proxy').Logger;
declare const proxy: import('boundary-log-proxy').BoundaryLogProxy;
declare const signal: AbortSignal;
declare const sink: import('node:stream').Writable;
declare const socket: import('node:net').Socket;
declare const url: string;
declare function readToken(): Promise<string>;
declare function use(value: unknown): void;
`;

const PAGE_EXAMPLES = PAGES.flatMap(blocksOf);
const COMMENT_EXAMPLES = ['lib', 'codec']
  .flatMap((folder) => filesIn(folder, /^(?!.*(\/generated\/|\.d\.ts$)).*\.ts$/, true))
  .flatMap(blocksOf);
const EXAMPLES = [...PAGE_EXAMPLES, ...COMMENT_EXAMPLES].filter(({ language }) => language === 'ts');

/** The test of the types, which is compiled in the same ways, and run. */
const TYPES = readFileSync(join(ROOT, '__tests__/types/streams.ts'), 'utf8');

const ENTRIES = {
  'boundary-log-proxy': ['lib/index.ts', main],
  'boundary-log-proxy/codec': ['codec/index.ts', codec],
  'boundary-log-proxy/fixtures': ['lib/fixtures/index.ts', fixtures],
  'boundary-log-proxy/spool': ['lib/spool/index.ts', spool],
  'boundary-log-proxy/rules': ['lib/rules/index.ts', rules],
  'boundary-log-proxy/reporters/coder': ['lib/reporters/coder/index.ts', coder],
  'boundary-log-proxy/reporters/otlp': ['lib/reporters/otlp/index.ts', otlp],
  'boundary-log-proxy/reporters/jetstream': ['lib/reporters/jetstream/index.ts', jetstreamReporter],
  'boundary-log-proxy/sources/jetstream': ['lib/sources/jetstream/index.ts', jetstreamSource],
} as const;

/** The file that an example is compiled as. */
const fileOf = ({ file, line }: CodeBlock) => `${file.replaceAll(/[/.]/g, '-')}-${line}.ts`;

/** The imports that an example in a doc comment may omit: of public names, and of the exports of its file. */
function importsFor({ file, code }: CodeBlock): string {
  if (file.endsWith('.md')) return '';
  const source = readFileSync(join(ROOT, file), 'utf8');
  const local = [...source.matchAll(/^export (?:class|const|function) (\w+)/gm)].map(
    ([, name]) => name as string,
  );
  const sources: (readonly [string, readonly string[]])[] = [
    ['node:stream/promises', ['pipeline']],
    ...Object.entries(ENTRIES).map(([name, [, exported]]) => [name, Object.keys(exported)] as const),
    [join(ROOT, 'dist', file).replace(/ts$/, 'js'), local],
  ];
  const imported = new Map<string, string>();
  for (const [from, names] of sources) {
    for (const name of names) {
      const isOpen =
        new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`^import .*\\b${name}\\b`, 'm').test(code);
      if (isOpen && !imported.has(name)) imported.set(name, from);
    }
  }
  return [...imported].map(([name, from]) => `import { ${name} } from '${from}';`).join(' ');
}

/** Every way in which a program may compile the examples. */
const COMPILERS = {
  'TypeScript 5.2, the oldest': 'scripts/oldest-typescript/node_modules/typescript',
  'the newest TypeScript': 'node_modules/typescript',
};
const RESOLUTIONS = {
  nodenext: { module: 'nodenext', moduleResolution: 'nodenext' },
  bundler: { module: 'esnext', moduleResolution: 'bundler' },
};
const LIBRARIES = {
  'without DOM': ['es2023', 'esnext.disposable'],
  'with DOM': ['es2023', 'esnext.disposable', 'dom', 'dom.iterable'],
};
const WAYS = Object.entries(COMPILERS).flatMap(([name, compiler]) =>
  Object.entries(RESOLUTIONS).flatMap(([resolution, modules]) =>
    Object.entries(LIBRARIES).map(([library, lib]) => ({
      way: `${name}, ${resolution}, ${library}`,
      compiler,
      options: { ...modules, lib },
    })),
  ),
);

let folder: string;
/** What the compiler says, by way. */
const errors = new Map<string, string[]>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'code-blocks-'));
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  // As it is installed: the types in dist/, by the entries of package.json.
  symlinkSync(ROOT, join(modules, 'boundary-log-proxy'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'open-names.d.ts'), OPEN_NAMES);
  // Additions go to the last line, so that the line numbers in errors stay correct.
  for (const example of EXAMPLES) {
    writeFileSync(join(folder, fileOf(example)), `${example.code}export {}; ${importsFor(example)}\n`);
    // If other examples import a module, its first line is a comment with its name.
    const name = /^\/\/ (\S+\.ts)\n[\s\S]*^export /m.exec(example.code)?.[1];
    if (name !== undefined) writeFileSync(join(folder, name), example.code);
  }
  writeFileSync(join(folder, 'types.ts'), TYPES);
  // Two at a time, as the machine of CI has two cores.
  const waiting = WAYS.values();
  const compileRest = async () => {
    for (const { way, compiler, options } of waiting) errors.set(way, await compile(compiler, options));
  };
  await Promise.all([compileRest(), compileRest()]);
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true }));

/** Compiles all examples. @returns the errors. */
async function compile(compiler: string, options: object): Promise<string[]> {
  const config = {
    compilerOptions: {
      ...options,
      ...{ target: 'es2022', types: ['node'], strict: true, noEmit: true },
      ...{ noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, verbatimModuleSyntax: true },
      // The types of test runners refer to packages that are not installed.
      skipLibCheck: true,
    },
    include: ['*.ts'],
  };
  const file = join(folder, `tsconfig-${randomUUID()}.json`);
  writeFileSync(file, JSON.stringify(config));
  const tsc = join(ROOT, compiler, 'bin/tsc');
  const running = promisify(execFile)(process.execPath, [tsc, '-p', file], { cwd: folder });
  const { stdout } = await running.catch((error) => error);
  return String(stdout).split('\n').filter(Boolean);
}

describe.each(WAYS)('$way', ({ way }) => {
  test.each(EXAMPLES.map((example) => [`${example.file}:${example.line}`, example] as const))(
    'the example at %s compiles',
    (_where, example) => {
      expect(errors.get(way)?.filter((line) => line.startsWith(`${fileOf(example)}(`))).toEqual([]);
    },
  );

  test('the types accept and reject what they should', () => {
    expect(errors.get(way)?.filter((line) => line.startsWith('types.ts('))).toEqual([]);
  });

  test('the compiler reports no other errors', () => {
    expect(errors.get(way)).toEqual([]);
  });
});

test('what the types accept works', async () => {
  const { code } = transformSync(TYPES, {
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  writeFileSync(join(folder, 'types.mjs'), code);
  const env = { ...process.env, NODE_OPTIONS: '' };
  await promisify(execFile)(process.execPath, ['types.mjs'], { cwd: folder, env, timeout: 60_000 });
}, 60_000);

test('there are examples in the pages and in doc comments', () => {
  const from = new Set(EXAMPLES.map(({ file }) => file));
  for (const file of ['README.md', 'lib/index.ts', 'codec/index.ts', 'lib/reporters/coder/index.ts']) {
    expect(from).toContain(file);
  }
});
