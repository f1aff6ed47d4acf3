import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';

/** It takes some 10 s; a machine may be busy. What is measured is not looked at here. */
const DEADLINE_MS = 90_000;
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
  test('a smoke run goes through every row, prints it, and writes it as JSON', async () => {
    const file = join(folder, 'all.json');
    const { code, stdout, stderr } = await bench('--smoke', '--json', file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { groups }: Result = JSON.parse(readFileSync(file, 'utf8'));
    expect(groups.map(({ group }) => group)).toEqual([
      'codec',
      'text',
      'streams',
      'proxy',
      'paced',
      'latency',
      'connections',
      'spool',
    ]);
    const lines = stdout.split('\n');
    for (const { row, median, baseline, ratio } of groups.flatMap(({ rows }) => rows)) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^${row}  `)));
      // A figure was taken, and held against another; what they are is no matter of a test.
      expect({ row, isFigure: Number.isFinite(median) }).toEqual({ row, isFigure: true });
      if (baseline !== null) expect({ row, isRatio: typeof ratio }).toEqual({ row, isRatio: 'number' });
    }
  });

  test('--only picks rows by a part of their name', async () => {
    const { code, stdout } = await bench('--smoke', '--only', 'codec, 10 per batch');
    expect(code).toBe(0);
    expect(stdout).toContain('codec, 10 per batch');
    expect(stdout).not.toContain('codec, 1 per batch');
    expect(stdout).not.toContain('spool');
  });

  test('--reference runs another program in the place of the proxy, and holds it against it', async () => {
    const program = join(folder, 'reference.mjs');
    // `drain`, as a program of its own that gets the socket and the options.
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

  test('a reference that cannot be run', async () => {
    const { code, stderr } = await bench('--smoke', '--only', 'reference, null', '--reference', '/no/such');
    expect(code).toBe(1);
    expect(stderr).toContain('/no/such cannot be run');
  });

  test('a name that no row has', async () => {
    const { code, stderr } = await bench('--only', 'no-such-row');
    expect(code).toBe(2);
    expect(stderr).toContain('no row is called no-such-row');
  });
});
