/*
 * Builds dist/: one CommonJS build, and an ES module in front of each entry, so that `import` and `require` share each
 * class. It builds into a folder beside dist/, and then replaces the files of dist/ that have changed: a command that
 * runs from there is not disturbed. `npx` in a checkout builds, too.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import { buildSync } from 'esbuild';

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
  writeConfigSchema(folder);
  addPage(folder);
  chmodSync(join(folder, 'lib/cli/main.js'), 0o755);
}

/**
 * Writes the JSON Schema of the file that `serve --config` reads, for editors.
 *
 * @param {string} folder
 */
function writeConfigSchema(folder) {
  const load = createRequire(join(folder, 'lib/cli/configuration/'));
  const { schemaOf } = load('./schema.js');
  const { SERVE_OPTIONS } = load('./serve-options.js');
  const schema = JSON.stringify(schemaOf(SERVE_OPTIONS), undefined, 2);
  writeFileSync(join(folder, 'config.schema.json'), `${schema}\n`);
}

/**
 * Bundles the page of the console, and adds its files to the module that contains them.
 *
 * @param {string} folder
 */
function addPage(folder) {
  const page = join(ROOT, 'lib/console/page');
  const { outputFiles } = buildSync({
    entryPoints: { page: join(page, 'main.tsx'), style: join(page, 'page.css') },
    ...{ bundle: true, minify: true, format: 'esm', target: 'es2022', charset: 'utf8' },
    tsconfig: join(page, 'tsconfig.json'),
    write: false,
    outdir: page,
    legalComments: 'none',
  });
  const [script, style] = ['.js', '.css'].map(
    (extension) => outputFiles.find(({ path }) => path.endsWith(extension))?.text,
  );
  const files = {
    'index.html': readFileSync(join(page, 'index.html'), 'utf8'),
    'page.js': `/*! ${licenses()} */\n${script}`,
    'page.css': style,
  };
  const path = join(folder, 'lib/console/page-files.js');
  const code = readFileSync(path, 'utf8');
  const found = 'exports.PAGE_FILES = undefined;';
  if (!code.includes(found)) throw new Error(`no place for the page in ${path}`);
  writeFileSync(
    path,
    code.replace(found, () => `exports.PAGE_FILES = ${JSON.stringify(files)};`),
  );
}

/** What the licenses of the packages in the page want to be kept with it. */
function licenses() {
  return ['preact', 'uplot']
    .map((name) => `${name}: ${readFileSync(join(ROOT, 'node_modules', name, 'LICENSE'), 'utf8').trim()}`)
    .join('\n\n');
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
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return files.map((file) => join(file.parentPath, file.name).slice(folder.length + 1)).sort();
}

/**
 * @param {string} one
 * @param {string} other
 */
function areEqual(one, other) {
  if (!existsSync(other) || statSync(one).mode !== statSync(other).mode) return false;
  return readFileSync(one).equals(readFileSync(other));
}

/**
 * Moves each file that has changed to its place, one by one, so that none is ever missing, and removes the others.
 *
 * @param {string} folder
 */
function moveToDist(folder) {
  const files = filesIn(folder);
  for (const file of files) {
    const [from, to] = [join(folder, file), join(DIST, file)];
    if (areEqual(from, to)) continue;
    mkdirSync(dirname(to), { recursive: true });
    renameSync(from, to);
  }
  for (const file of filesIn(DIST)) if (!files.includes(file)) rmSync(join(DIST, file));
}

const made = join(ROOT, `.build-${process.pid}`);
try {
  build(made);
  moveToDist(made);
} catch (error) {
  // The compiler has said what is wrong.
  if (/** @type {{ status?: unknown }} */ (error).status === undefined) throw error;
  process.exitCode = 1;
} finally {
  rmSync(made, { recursive: true, force: true });
}
