import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
// @ts-expect-error: a script, without declarations
import { BOUNDS, slope, trends } from '../scripts/soak/trend.js';
import { ROOT } from './helpers/code-blocks.js';

test.each<[string, [number, number][], number]>([
  [
    'a line',
    [
      [0, 1],
      [1, 3],
      [2, 5],
    ],
    2,
  ],
  [
    'no change',
    [
      [0, 7],
      [1, 7],
      [5, 7],
    ],
    0,
  ],
  [
    'noise around a line',
    [
      [0, 1],
      [1, -1],
      [2, 3],
      [3, 1],
    ],
    0.4,
  ],
  ['one point', [[3, 7]], 0],
  [
    'points of one time',
    [
      [3, 7],
      [3, 9],
    ],
    0,
  ],
])('the slope of %s', (_name, points, expected) => {
  expect(slope(points)).toBeCloseTo(expected, 10);
});

/** Samples of 20 minutes, whose figures are made by functions of the seconds. */
function samples(figures: Record<string, (seconds: number) => number>) {
  const all: Record<string, (seconds: number) => number> = {
    heapMB: () => 10,
    rssMB: () => 100,
    descriptors: () => 20,
    delayMs: () => 1,
    ...figures,
  };
  return Array.from({ length: 240 }, (_, i) => {
    const seconds = (i + 1) * 5;
    return { seconds, ...Object.fromEntries(Object.entries(all).map(([name, of]) => [name, of(seconds)])) };
  });
}

const missed = (all: object[]) =>
  trends(all)
    .filter(({ isMet }: { isMet: boolean }) => !isMet)
    .map(({ figure }: { figure: string }) => figure);

describe('trends', () => {
  test.each<[string, Record<string, (seconds: number) => number>, string[]]>([
    ['nothing grows', {}, []],
    [
      'growth in the first half alone',
      { heapMB: (s) => Math.min(s, 600), rssMB: (s) => Math.min(s, 600) },
      [],
    ],
    ['noise of 10 %', { heapMB: (s) => 10 + Math.sin(s * 7), rssMB: (s) => 100 + 10 * Math.sin(s * 7) }, []],
    ['shrinking', { heapMB: (s) => 100 - s / 100 }, []],
    ...Object.entries(BOUNDS as Record<string, number>).flatMap(
      ([figure, bound]): [string, Record<string, (seconds: number) => number>, string[]][] => [
        [`${figure} just below its bound`, { [figure]: (s) => 100 + (0.99 * bound * s) / 3600 }, []],
        [`${figure} just above its bound`, { [figure]: (s) => 100 + (1.01 * bound * s) / 3600 }, [figure]],
      ],
    ),
  ])('%s', (_name, figures, expected) => {
    expect(missed(samples(figures))).toEqual(expected);
  });
});

async function soak(...args: string[]) {
  const running = promisify(execFile)(process.execPath, [join(ROOT, 'scripts/soak.js'), ...args], {
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const { stdout, stderr } = await running.catch((error) => error);
  return { code: running.child.exitCode, stdout: String(stdout), stderr: String(stderr) };
}

describe('npm run soak', () => {
  test('runs for some seconds: the accounts balance, and the table has all figures', async () => {
    const { code, stdout, stderr } = await soak('--minutes', '0.07', '--smoke');
    expect({ code, stderr, stdout }).toEqual({
      code: 0,
      stderr: '',
      stdout: expect.stringMatching(/^seed \d+/),
    });
    const [, connections = '', batches = '', garbage = ''] =
      /^(\d+) connections, (\d+) batches, \d+ logs, (\d+) pieces of garbage$/m.exec(stdout) ?? [];
    expect(Math.min(Number(connections), Number(batches), Number(garbage))).toBeGreaterThan(0);
    const figures = [...stdout.matchAll(/^(\w+)(?: +-?[\d.]+){4}$/gm)].map(([, figure]) => figure);
    expect(figures).toEqual(Object.keys(BOUNDS));
  }, 120_000);

  test('notices a leak, and exits with 1', async () => {
    const { code, stdout } = await soak('--minutes', '0.07', '--leak');
    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED: heapMB grows by [\d.]+ per hour; the bound is 12$/m);
  }, 120_000);
});
