import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const made = mkdtempSync(join(tmpdir(), 'generated-'));
afterAll(() => rmSync(made, { recursive: true }));

test('what is generated is what its sources lead to', () => {
  execFileSync(process.execPath, ['scripts/generate.js', made], { cwd: ROOT, env: {} });
  for (const folder of ['codec/generated', 'lib/text/generated']) {
    const files = readdirSync(join(made, folder)).sort();
    expect(readdirSync(join(ROOT, folder)).sort()).toEqual(files);
    for (const file of files) {
      const isSame = readFileSync(join(ROOT, folder, file)).equals(readFileSync(join(made, folder, file)));
      expect({ file, isSame }).toEqual({ file, isSame: true });
    }
  }
});
