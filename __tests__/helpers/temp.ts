import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A folder that is gone after the tests of the file. Short, as a socket's path must be. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'blp-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Paths in such a folder, a new one at each call. */
export function tempPaths(): () => string {
  const folder = tempFolder();
  let n = 0;
  return () => join(folder, String(n++));
}
