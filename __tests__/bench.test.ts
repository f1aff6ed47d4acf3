import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { NATS_MISSING } from './helpers/nats-server.js';

/** A smoke run takes about 25 s, and longer on a busy machine. These tests ignore the figures. */
const DEADLINE_MS = 180_000;
jest.setTimeout(DEADLINE_MS + 10_000);

interface Result {
  groups: {
    group: string;
    rows: { row: string; median: number; baseline: { median: number } | null; ratio: number | null }[];
  }[];
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bench(...args: string[]) {
  const running = promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('../bench/run.js', import.meta.url)), ...args],
    { timeout: DEADLINE_MS, env: { ...process.env, NODE_OPTIONS: '' } },
  );
  const { stdout, stderr } = await running.catch((error) => error);
  return { code: running.child.exitCode, stdout: String(stdout), stderr: String(stderr) };
}

describe('bench/run.js', () => {
  test('a smoke run measures every row, prints it, and writes it as JSON', async () => {
    const file = join(folder, 'all.json');
    const { code, stdout, stderr } = await bench('--smoke', '--json', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { groups }: Result = JSON.parse(readFileSync(file, 'utf8'));
    expect(groups.map(({ group }) => group)).toEqual([
      'codec',
      'text',
      'redaction',
      'streams',
      'proxy',
      'paced',
      'latency',
      'fairness',
      'connections',
      'console',
      'spool',
      'coalescing',
      'opentelemetry',
      'replace',
      ...(NATS_MISSING === undefined ? ['nats', 'nats-server'] : []),
      'hostile',
    ]);
    const lines = stdout.split('\n');
    for (const { row, median, baseline, ratio } of groups.flatMap(({ rows }) => rows)) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${row}  `)));
      // There must be a figure and a ratio. Their values do not matter here.
      expect({ row, isFigure: Number.isFinite(median) }).toEqual({ row, isFigure: true });
      if (baseline !== null) expect({ row, isRatio: typeof ratio }).toEqual({ row, isRatio: 'number' });
    }
  });

  test('--only selects rows by a part of their names', async () => {
    const { code, stdout } = await bench('--smoke', '--only', 'codec, 10 per batch');
    expect(code).toBe(0);
    expect(stdout).toContain('codec, 10 per batch');
    expect(stdout).not.toContain('codec, 1 per batch');
    expect(stdout).not.toContain('spool');
  });

  test('--reference runs another program in place of the proxy, and compares the two', async () => {
    const program = join(folder, 'reference.mjs');
    // `drain` as a separate program that receives the socket and the options.
    const target = new URL('../bench/target.js', import.meta.url);
    writeFileSync(
      program,
      `#!${process.execPath}\nprocess.argv.splice(2, 0, 'drain');\nawait import('${target}');\n`,
    );
    chmodSync(program, 0o755);
    const { code, stdout, stderr } = await bench(
      ...['--smoke', '--only', 'null, 10 per batch', '--reference', program],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^reference, null, 10 per batch .+ proxy +[\d.]+ ×/m);
  });

  test('a reference program that cannot be run is an error', async () => {
    const { code, stderr } = await bench('--smoke', '--only', 'reference, null', '--reference', '/no/such');
    expect(code).toBe(1);
    expect(stderr).toContain('/no/such cannot be run');
  });

  test('a name that matches no row is wrong usage', async () => {
    const { code, stderr } = await bench('--only', 'no-such-row');
    expect(code).toBe(2);
    expect(stderr).toContain('no row is called no-such-row');
  });
});
