import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, jest, test } from '@jest/globals';

/** The compilers take about 12 s of CPU, and much longer on a busy machine. */
jest.setTimeout(300_000);

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['codec', 'lib/text']
  .flatMap((folder) => [`${folder}/generated`, `${folder}/wasm/generated`])
  .concat('lib/fixtures/generated', 'lib/redaction/generated');
const made = mkdtempSync(join(tmpdir(), 'generated-'));
afterAll(() => rmSync(made, { recursive: true }));

test('the committed generated files equal a fresh generation', () => {
  execFileSync(process.execPath, ['scripts/generate.js', made], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  for (const folder of FOLDERS) {
    const files = readdirSync(join(made, folder)).sort();
    expect(readdirSync(join(ROOT, folder)).sort()).toEqual(files);
    for (const file of files) {
      const isSame = readFileSync(join(ROOT, folder, file)).equals(readFileSync(join(made, folder, file)));
      expect({ file, isSame }).toEqual({ file, isSame: true });
    }
  }
});
