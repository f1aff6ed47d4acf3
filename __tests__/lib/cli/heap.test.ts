import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const HEAP = new URL('../../../dist/lib/cli/heap.js', import.meta.url).href;
const MAIN = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url));

/** Makes a young generation grow, and prints its size in bytes. */
const PROGRAM = `
  const kept = [];
  for (let i = 0; i < 2e6; i++) kept[i % 1e5] = { i, list: [i] };
  const spaces = (await import('node:v8')).getHeapSpaceStatistics();
  console.log(spaces.find(({ space_name }) => space_name === 'new_space').space_size);
`;

function youngGeneration(options: readonly string[], nodeOptions: string, load = HEAP): number {
  const program = load === '' ? PROGRAM : `await import(${JSON.stringify(load)}); ${PROGRAM}`;
  return Number(
    execFileSync(process.execPath, [...options, '--input-type=module', '-e', program], {
      env: { ...process.env, NODE_OPTIONS: nodeOptions },
    }),
  );
}

const MB = 2 ** 20;

test('the young generation of the command does not grow, but for an operator who has set its size', () => {
  const size = 8 * 2 * MB;
  expect(youngGeneration([], '', '')).toBeGreaterThan(4 * MB);
  expect(youngGeneration([], '')).toBeLessThan(4 * MB);
  expect(youngGeneration(['--max-semi-space-size=8'], '')).toBeGreaterThan(4 * MB);
  expect(youngGeneration([], '--max_semi_space_size=8')).toBeGreaterThan(4 * MB);
  expect(youngGeneration([], '--max_semi_space_size=8')).toBeLessThanOrEqual(size);
});

test('the command limits it before it loads anything else but the handlers of signals, which import nothing', () => {
  const imports = readFileSync(MAIN, 'utf8').match(/^import .*$/gm) ?? [];
  expect(imports.slice(0, 2)).toEqual(["import { onSignal } from './signals.js';", "import './heap.js';"]);
  expect(readFileSync(join(dirname(MAIN), 'signals.ts'), 'utf8')).not.toMatch(/^import /m);
});
