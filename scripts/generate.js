/*
 * Generates code from `proto/`, `scripts/generate/text-fields.js`, the AssemblyScript in `wasm/`, and the recorded vectors:
 * `npm run generate [-- FOLDER]`. With FOLDER, it writes there instead of into the sources.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readSchema } from './generate/schema.js';
import { find, textOf } from './generate/text.js';
import { checkModule, keysModule, schemaModule } from './generate/write-codec.js';
import { eventModule } from './generate/write-event.js';
import { linesModule } from './generate/write-lines.js';
import { vectorsModule } from './generate/write-vectors.js';

const [target = '.'] = process.argv.slice(2);
/**
 * The compiler of AssemblyScript. It is not a literal in `import()`, because its types redefine global names.
 *
 * @type {string}
 */
const COMPILER = 'assemblyscript/asc';

/** @param {string} file Its path in the sources. @param {string} from @param {string} content */
function write(file, from, content) {
  const out = join(target, file);
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, `// Made by \`npm run generate\` from ${from}. Do not edit.\n${content}`);
}

/** The messages of proto/, with protobufjs. */
function messages() {
  const folder = mkdtempSync(join(tmpdir(), 'messages-'));
  const out = join(folder, 'boundary.js');
  try {
    execFileSync(
      'node_modules/.bin/pbjs',
      [
        ...['--target', 'static-module', '--wrap', 'esm', '--dts', '--root', 'boundary-log-proxy'],
        ...['--no-convert', '--no-delimited', '--no-typeurl', '--no-service'],
        ...['--path', 'proto', '--out', out, 'proto/boundary.proto'],
      ],
      { stdio: 'inherit' },
    );
    const types = readFileSync(out.replace(/\.js$/, '.d.ts'), 'utf8');
    // Enumerable, so that two messages which differ only in their unknown fields do not compare as equal.
    const unknowns = /** @type {const} */ (['(message, "$unknowns", false)', '(message, "$unknowns", true)']);
    write('codec/generated/boundary.js', 'proto/', readFileSync(out, 'utf8').replaceAll(...unknowns));
    // An ES module cannot contain `import = require()`.
    const long = /** @type {const} */ (['import Long = require("long")', 'import type Long from "long"']);
    write('codec/generated/boundary.d.ts', 'proto/', types.replace(...long));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * A WebAssembly module, compiled from AssemblyScript. Its code is a string in an ES module, because Node
 * cannot import bytes.
 *
 * @param {string} from
 * @param {string} out
 * @param {number} pages Size of its memory, in pages of 64 KiB. It does not grow.
 */
async function wasm(from, out, pages) {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-'));
  const file = join(folder, 'out.wasm');
  try {
    // In this process: to load the compiler takes as long as to compile.
    const asc = await import(COMPILER);
    const { error, stderr } = await asc.main([
      ...[from, '--outFile', file, '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
      ...['--initialMemory', String(pages), '--maximumMemory', String(pages)],
    ]);
    if (error !== null) throw new Error(`${from} cannot be compiled: ${stderr}`, { cause: error });
    // V8 does not inline functions of WebAssembly, and the compiler inlines only the smallest ones. wasm-opt is part of it.
    execFileSync('node_modules/.bin/wasm-opt', [
      ...[file, '--output', file, '--enable-simd', '--enable-bulk-memory', '-O4'],
      ...['--always-inline-max-function-size', '500', '--one-caller-inline-max-function-size', '500'],
    ]);
    write(out, from, `export const code = '${readFileSync(file).toString('base64')}';\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Generates the modules that hand-written code imports for its knowledge of the schema. */
function schema() {
  const schema = readSchema('boundary.proto');
  const request = find(schema, 'ReportBoundaryLogsRequest');
  const text = textOf(schema);
  const table = 'proto/ and scripts/generate/text-fields.js';
  // All modules are generated before the first one is written, so a missing entry changes nothing.
  /** @type {[file: string, from: string, content: string][]} */
  const modules = [
    ['codec/generated/schema.ts', 'proto/', schemaModule(schema)],
    ['codec/wasm/generated/keys.ts', 'proto/', keysModule(schema)],
    ['codec/wasm/generated/check.ts', 'proto/', checkModule(request)],
    ['lib/text/generated/event.ts', table, eventModule(text)],
    ['lib/text/wasm/generated/lines.ts', table, linesModule(request, text)],
  ];
  for (const module of modules) write(...module);
}

// First, because it fails if something is missing, and because the modules below are compiled from its result.
schema();
messages();
const VECTORS = 'lib/fixtures/generated/vectors.ts';
write(VECTORS, '__tests__/fixtures/vectors/', vectorsModule(VECTORS));
await wasm('codec/wasm/check.ts', 'codec/generated/check.ts', 4);
await wasm('lib/text/wasm/json-lines.ts', 'lib/text/generated/json-lines.ts', 12);
await wasm('lib/redaction/wasm/redact.ts', 'lib/redaction/generated/redact.ts', 10);
