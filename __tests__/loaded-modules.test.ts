import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from './helpers/code-blocks.js';
import { tableAfter } from './helpers/markdown.js';

/* What each entry loads: no dependency and no part of the package that only the command or a spool needs. */

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const dependencies = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });
const entries = Object.keys(manifest.exports)
  .filter((key) => key !== './package.json')
  .map((key) => join(manifest.name, key));
const rows = tableAfter(readFileSync(join(ROOT, 'docs/loading.md'), 'utf8'), '| dependency');

const LIST = `
  const loaded = () => console.log(JSON.stringify(Object.keys(require.cache)));
  const [how, entry] = process.argv.slice(1);
  if (how === 'require') loaded(require(entry));
  else import(entry).then(loaded);
`;

/** The files that an entry loads. */
function filesOf(how: string, entry: string): string[] {
  const env = { ...process.env, NODE_OPTIONS: '' };
  return JSON.parse(
    execFileSync(process.execPath, ['-e', LIST, how, entry], { cwd: ROOT, env, encoding: 'utf8' }),
  );
}

/** Which of the dependencies of this package are among them. */
const dependenciesIn = (files: string[]) =>
  dependencies.filter((name) => files.some((file) => file.includes(`/node_modules/${name}/`))).sort();

const ownIn = (files: string[]) =>
  files.flatMap((file) => (file.startsWith(join(ROOT, 'dist')) ? [file.slice(ROOT.length + 5)] : []));

test('docs/loading.md has a reason for each dependency', () => {
  expect(rows.map(([name]) => name).sort()).toEqual([...dependencies].sort());
  expect(rows.filter(([, reason]) => reason === '')).toEqual([]);
});

describe.each(['import', 'require'])('%s', (how) => {
  test.each(entries)('%s loads only the dependencies that docs/loading.md says', (entry) => {
    const documented = rows.filter(
      ([, , by = '']) => by === 'every entry' || by.replaceAll('`', '').split(', ').includes(entry),
    );
    expect(dependenciesIn(filesOf(how, entry))).toEqual(documented.map(([name]) => name).sort());
  });

  test.each([
    {
      entry: 'boundary-log-proxy',
      never:
        /^lib\/(cli|connection|nats|sources|reporters\/(coder|jetstream|otlp)|spool\/(?![\w-]+\.lazy\.js))/,
    },
    { entry: 'boundary-log-proxy/codec', never: /^lib\// },
    { entry: 'boundary-log-proxy/spool', never: /^lib\/(cli|reporters|server|sender)\// },
    { entry: 'boundary-log-proxy/reporters/coder', never: /^lib\/(cli|spool|server|sender|streams)\// },
    { entry: 'boundary-log-proxy/reporters/jetstream', never: /^lib\/(cli|spool|server|sender|streams)\// },
    {
      entry: 'boundary-log-proxy/reporters/otlp',
      never: /^lib\/(cli|spool|server|sender|streams|reporters\/coder)\//,
    },
    { entry: 'boundary-log-proxy/sources/jetstream', never: /^lib\/(cli|spool|server|sender|reporters)\// },
  ])('$entry loads no part of the package that matches $never', ({ entry, never }) => {
    const files = ownIn(filesOf(how, entry));
    expect(files).not.toEqual([]);
    expect(files.filter((file) => never.test(file))).toEqual([]);
  });
});

test('a proxy with a spool loads it', () => {
  const program = `
    const { BoundaryLogProxy } = require('boundary-log-proxy');
    const loaded = () => Object.keys(require.cache).filter((file) => file.includes('/lib/spool/')).length;
    const before = loaded();
    new BoundaryLogProxy({ spool: { folder: '/nowhere' } });
    console.log(before, loaded() > 10);
  `;
  const env = { ...process.env, NODE_OPTIONS: '' };
  expect(execFileSync(process.execPath, ['-e', program], { cwd: ROOT, env, encoding: 'utf8' })).toBe(
    // The file that makes the rest load later.
    '1 true\n',
  );
});

test('every entry is in the table of entries', () => {
  const page = readFileSync(join(ROOT, 'docs/loading.md'), 'utf8');
  expect(tableAfter(page, '| entry').map(([name]) => name)).toEqual(entries);
});
