import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

const FOLDER = '__tests__/fixtures/vectors';

/**
 * A module with the recorded vectors: JSON, compressed. Each version of zlib compresses in its own way, so if the vectors
 * are the same, the module stays as it is.
 *
 * @param {string} file The module in the sources.
 */
export function vectorsModule(file) {
  const names = readdirSync(FOLDER).flatMap((name) => (name.endsWith('.bin') ? [name.slice(0, -4)] : []));
  const vectors = names.sort().map((name) => {
    const expected = JSON.parse(readFileSync(join(FOLDER, `${name}.expect.json`), 'utf8'));
    const { description, consumed, end, outcomes } = expected;
    const bytes = readFileSync(join(FOLDER, `${name}.bin`)).toString('base64');
    return { name, description, bytes, consumed, end, outcomes };
  });
  const json = JSON.stringify(vectors);
  const before = existsSync(file) ? /'([^']+)'/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
  const isSame = before !== undefined && gunzipSync(Buffer.from(before, 'base64')).toString() === json;
  const packed = isSame ? before : gzipSync(json, { level: 9 }).toString('base64');
  return `export const packed =\n  '${packed}';\n`;
}
