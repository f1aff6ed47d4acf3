import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import * as codec from '../codec/index.js';
import * as main from '../lib/index.js';
import * as coder from '../lib/reporters/coder/index.js';
import * as spool from '../lib/spool/index.js';
import { blocksOf, type CodeBlock, filesIn, PAGES, ROOT } from './helpers/code-blocks.js';

/*
 * Compiles every TypeScript example that users read, in one run, against the sources: the examples in the pages, and those
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

const ENTRIES = {
  'boundary-log-proxy': ['lib/index.ts', main],
  'boundary-log-proxy/codec': ['codec/index.ts', codec],
  'boundary-log-proxy/spool': ['lib/spool/index.ts', spool],
  'boundary-log-proxy/reporters/coder': ['lib/reporters/coder/index.ts', coder],
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
    [join(ROOT, file).replace(/ts$/, 'js'), local],
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

let folder: string;
let errors: string[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'code-blocks-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const paths = Object.fromEntries(
    Object.entries(ENTRIES).map(([name, [file]]) => [name, [join(ROOT, file)]]),
  );
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    // The types of test runners refer to packages that are not installed.
    compilerOptions: { paths, skipLibCheck: true },
    include: ['*.ts', join(ROOT, 'lib/**/*.d.ts')],
  };
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'open-names.d.ts'), OPEN_NAMES);
  // Additions go to the last line, so that the line numbers in errors stay correct.
  for (const example of EXAMPLES) {
    writeFileSync(join(folder, fileOf(example)), `${example.code}export {}; ${importsFor(example)}\n`);
    // If other examples import a module, its first line is a comment with its name.
    const name = /^\/\/ (\S+\.ts)\n[\s\S]*^export /m.exec(example.code)?.[1];
    if (name !== undefined) writeFileSync(join(folder, name), example.code);
  }
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  const { stdout } = await promisify(execFile)(tsc, ['-p', folder], { cwd: folder }).catch((error) => error);
  errors = String(stdout).split('\n').filter(Boolean);
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true }));

test.each(EXAMPLES.map((example) => [`${example.file}:${example.line}`, example] as const))(
  'the example at %s compiles',
  (_where, example) => {
    expect(errors.filter((line) => line.startsWith(`${fileOf(example)}(`))).toEqual([]);
  },
);

test('the compiler reports no other errors', () => {
  expect(errors).toEqual([]);
});

test('there are examples in the pages and in doc comments', () => {
  const from = new Set(EXAMPLES.map(({ file }) => file));
  for (const file of ['README.md', 'lib/index.ts', 'codec/index.ts', 'lib/reporters/coder/index.ts']) {
    expect(from).toContain(file);
  }
});
