/*
 * Builds dist/: one CommonJS build, and an ES module in front of each entry, so that `import` and `require` share each
 * class. It builds into a folder beside dist/, and replaces dist/ only if something has changed: a command that runs
 * from it is not disturbed.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));

/** @param {string} folder */
function build(folder) {
  const tsc = join(ROOT, 'node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', folder], { cwd: ROOT, stdio: 'inherit' });
  // In the sources every .js file is an ES module.
  writeFileSync(join(folder, 'package.json'), '{ "type": "commonjs" }\n');

  const schema = 'codec/generated/boundary';
  const { code } = transformSync(readFileSync(join(ROOT, `${schema}.js`), 'utf8'), {
    ...{ swcrc: false, configFile: false },
    jsc: { target: 'es2023', parser: { syntax: 'ecmascript' } },
    module: { type: 'commonjs' },
  });
  writeFileSync(join(folder, `${schema}.js`), code);
  copyFileSync(join(ROOT, `${schema}.d.ts`), join(folder, `${schema}.d.ts`));

  for (const file of filesIn(folder).filter((file) => file.endsWith('.lazy.js'))) {
    const path = join(folder, file);
    writeFileSync(path, lazy(readFileSync(path, 'utf8')));
  }
  for (const { import: entry } of Object.values(exports)) {
    if (entry !== undefined) writeModule(join(folder, entry.default.replace('./dist/', '')));
  }
  chmodSync(join(folder, 'lib/cli/main.js'), 0o755);
}

/**
 * Loads what a module exports again at its first use, and not when the module itself is loaded.
 *
 * @param {string} code
 */
function lazy(code) {
  const [, name] = /^(?:const|var) (\w+) = require\("[^"]+"\);$/m.exec(code) ?? [];
  if (name === undefined || code.match(/\brequire\(/g)?.length !== 1)
    throw new Error(`cannot be lazy: ${code}`);
  return code
    .replace(/ = require\(("[^"]+")\);/, ' = () => require($1);')
    .replaceAll(`return ${name}.`, `return ${name}().`);
}

/**
 * Writes the ES module of an entry, and its types.
 *
 * @param {string} path
 */
function writeModule(path) {
  const commonJs = path.replace(/\.mjs$/, '.js');
  const names = Object.keys(createRequire(import.meta.url)(commonJs)).sort();
  const from = `./${commonJs.slice(commonJs.lastIndexOf('/') + 1)}`;
  writeFileSync(path, `export {\n  ${names.join(',\n  ')},\n} from '${from}';\n`);
  writeFileSync(path.replace(/\.mjs$/, '.d.mts'), `export * from '${from}';\n`);
}

/**
 * All files below a folder.
 *
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile());
    return files.map((file) => join(file.parentPath, file.name).slice(folder.length + 1)).sort();
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * @param {string} one
 * @param {string} other
 */
function areEqual(one, other) {
  const files = filesIn(one);
  if (files.join() !== filesIn(other).join()) return false;
  return files.every((file) => readFileSync(join(one, file)).equals(readFileSync(join(other, file))));
}

const made = join(ROOT, `.build-${process.pid}`);
const old = `${made}-old`;
try {
  build(made);
  if (!areEqual(made, DIST)) {
    if (filesIn(DIST).length > 0) renameSync(DIST, old);
    renameSync(made, DIST);
  }
} finally {
  for (const folder of [made, old]) rmSync(folder, { recursive: true, force: true });
}
