// Makes what is generated: `npm run generate [-- FOLDER]`. FOLDER is where, instead of in the sources.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const [target = '.'] = process.argv.slice(2);

const note = (/** @type {string} */ from) =>
  `// Made by \`npm run generate\` from ${from}. Not to be edited.\n`;

/** @param {string} file Where it belongs in the sources. */
function place(file) {
  const out = join(target, file);
  mkdirSync(dirname(out), { recursive: true });
  return out;
}

/** The messages of proto/, with protobufjs. */
function messages() {
  const out = place('codec/generated/boundary.js');
  execFileSync(
    'node_modules/.bin/pbjs',
    [
      ...['--target', 'static-module', '--wrap', 'esm', '--dts', '--root', 'boundary-log-proxy'],
      ...['--no-convert', '--no-delimited', '--no-typeurl', '--no-service'],
      ...['--path', 'proto', '--out', out, 'proto/boundary.proto'],
    ],
    { stdio: 'inherit' },
  );
  const types = out.replace(/\.js$/, '.d.ts');
  writeFileSync(out, note('proto/') + readFileSync(out, 'utf8'));
  // `import = require()` is not for ES modules.
  const long = ['import Long = require("long")', 'import type Long from "long"'];
  writeFileSync(types, note('proto/') + readFileSync(types, 'utf8').replace(...long));
}

/**
 * A WebAssembly module, with AssemblyScript. It comes as text in a module, as there is no import of bytes.
 *
 * @param {string} from
 * @param {string} out
 * @param {number} pages Of memory, 64 KiB each: as many as there ever are.
 */
function wasm(from, out, pages) {
  const folder = mkdtempSync(join(tmpdir(), 'wasm-'));
  const file = join(folder, 'out.wasm');
  try {
    execFileSync(
      'node_modules/.bin/asc',
      [
        ...[from, '--outFile', file, '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd'],
        ...['--initialMemory', String(pages), '--maximumMemory', String(pages)],
      ],
      { stdio: 'inherit' },
    );
    const code = readFileSync(file).toString('base64');
    writeFileSync(place(out), `${note(from)}export const code = '${code}';\n`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

messages();
wasm('codec/wasm/check.ts', 'codec/generated/check.ts', 2);
wasm('lib/text/wasm/json-lines.ts', 'lib/text/generated/json-lines.ts', 10);
