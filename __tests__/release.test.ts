import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { VERSION } from '../lib/telemetry/version.js';
import { ROOT } from './helpers/code-blocks.js';
import { tempPaths } from './helpers/temp.js';

const path = tempPaths();

/** What the owner of the repository replaces by the name of the account. */
const PLACEHOLDER = 'OWNER_TO_BE_FILLED_IN';
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const manifest = JSON.parse(read('package.json'));
const workflow = read('.github/workflows/release.yml');

/** A copy of what a release needs. */
function copyOf(text = read('package.json')): string {
  const folder = path();
  mkdirSync(join(folder, 'lib/telemetry'), { recursive: true });
  cpSync(join(ROOT, 'scripts/release.js'), join(folder, 'scripts/release.js'));
  cpSync(join(ROOT, 'lib/telemetry/version.ts'), join(folder, 'lib/telemetry/version.ts'));
  writeFileSync(join(folder, 'package.json'), text);
  return folder;
}

const run = (folder: string, ...args: string[]) =>
  execFileSync(process.execPath, ['scripts/release.js', ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_OPTIONS: '' },
    stdio: 'pipe',
  });

describe('until the owner is filled in', () => {
  const isFilledIn = !JSON.stringify(manifest).includes(PLACEHOLDER);

  test('package.json is complete, except for the placeholder', () => {
    const owner = isFilledIn ? /github\.com\/([^/]+)/.exec(manifest.repository.url)?.[1] : PLACEHOLDER;
    const url = `https://github.com/${owner}/boundary-log-proxy`;
    expect(manifest).toMatchObject({
      repository: { type: 'git', url: `git+${url}.git` },
      homepage: `${url}#readme`,
      bugs: { url: `${url}/issues` },
    });
  });

  test('the placeholder is only there, and where it is explained', () => {
    const folders = ['.github/workflows', 'docs', 'lib', 'scripts', 'examples', '.'];
    const files = folders.flatMap((folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => join(folder, name)),
    );
    expect(files.filter((file) => read(file).includes(PLACEHOLDER))).toEqual(
      isFilledIn ? ['CONTRIBUTING.md'] : ['CONTRIBUTING.md', 'package.json'],
    );
  });

  test('the workflow publishes nothing, and afterwards only from the repository of that owner', () => {
    const text = read('package.json').replaceAll(/github\.com\/[^/]+/g, `github.com/${PLACEHOLDER}`);
    expect(run(copyOf(text), 'ready', 'ada/boundary-log-proxy')).toBe('enabled=false\n');
    const filledIn = copyOf(text.replaceAll(PLACEHOLDER, 'ada'));
    expect(run(filledIn, 'ready', 'ada/boundary-log-proxy')).toBe('enabled=true\n');
    expect(run(filledIn, 'ready', 'eve/boundary-log-proxy')).toBe('enabled=false\n');
  });
});

describe('the workflow', () => {
  const [, publish = ''] = workflow.split(/^ {2}publish:\n/m);

  test('publishes only if the gate is open, with an identity instead of a token', () => {
    expect(workflow).toContain('node scripts/release.js ready "$GITHUB_REPOSITORY" >>"$GITHUB_OUTPUT"');
    expect(publish).toMatch(/^ {4}if: needs\.ready\.outputs\.enabled == 'true'$/m);
    expect(publish).toMatch(/^ {6}id-token: write$/m);
    expect(publish).toMatch(/npm publish .*--provenance/);
    expect(workflow.match(/npm publish/g)).toHaveLength(1);
    expect(workflow).not.toMatch(/secrets\.|NODE_AUTH_TOKEN/);
  });

  test('runs what exists', () => {
    for (const [, file = ''] of workflow.matchAll(/run: (?:node )?([\w./-]+)/g)) {
      if (file !== 'npm') expect(read(file)).not.toBe('');
    }
  });
});

test('a tag that is not that of the version fails', () => {
  const folder = copyOf();
  expect(run(folder, 'tag', `v${manifest.version}`)).toBe('');
  expect(() => run(folder, 'tag', 'v999.0.0')).toThrow('the tag is v999.0.0');
});

test('the sources know the version, and `npm version` changes it there, too', () => {
  expect(VERSION).toBe(manifest.version);
  expect(manifest.scripts.version).toBe(
    'node scripts/release.js version && git add lib/telemetry/version.ts',
  );
  const folder = copyOf(JSON.stringify({ ...manifest, version: '1.2.3' }));
  run(folder, 'version');
  expect(readFileSync(join(folder, 'lib/telemetry/version.ts'), 'utf8')).toContain("VERSION = '1.2.3'");
});
