import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A folder that is removed after the tests of the file. Its path is short, because paths of sockets must be. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'blp-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Returns a new path in such a folder at each call. */
export function tempPaths(): () => string {
  const folder = tempFolder();
  let n = 0;
  return () => join(folder, String(n++));
}
