import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { lines, numberOf, spools } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const open = spools();

/** Appends without end, reads and removes half of it, and prints what was appended, what is to be removed, and what is gone. */
const PROGRAM = `
  import { writeSync } from 'node:fs';
  import { Spool } from ${JSON.stringify(new URL('../../../dist/lib/spool/spool.js', import.meta.url).href)};
  const spool = await Spool.open(process.argv[1], { sync: process.argv[2] === 'sync' });
  let n = 0;
  const append = async () => {
    for (;;) {
      const numbers = Array.from({ length: 10 }, () => n++);
      await spool.append(numbers.map((number) => {
        const raw = Buffer.alloc(3000, number % 251);
        raw.writeUInt32BE(number);
        return { tag: 1, count: 1, raw };
      }));
      for (const number of numbers) writeSync(1, 'a' + number + '\\n');
    }
  };
  const take = async () => {
    for (;;) {
      const entries = (await spool.read(7)).filter(({ id }) => id % 2 === 0);
      for (const { raw } of entries) writeSync(1, 'r' + raw.readUInt32BE() + '\\n');
      const removed = spool.remove(entries.map(({ id }) => id));
      for (const { raw } of entries) writeSync(1, 'g' + raw.readUInt32BE() + '\\n');
      await removed;
      if (entries.length === 0) await new Promise(setImmediate);
    }
  };
  append(); append(); take();
`;

test.each(['', 'sync'])(
  'what a killed process was told is stored, is, and what is removed is not (%s)',
  async (sync) => {
    for (const lengthToKillAt of [2_000, 40_000]) {
      const folder = path();
      const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, folder, sync], {
        stdio: ['ignore', 'pipe', 'inherit'],
        cwd: fileURLToPath(new URL('../../..', import.meta.url)),
        env: { ...process.env, NODE_OPTIONS: '' },
      });
      let text = '';
      child.stdout.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        if (text.length > lengthToKillAt) child.kill('SIGKILL');
      });
      await once(child, 'close');
      const told = (kind: string) =>
        text
          .slice(0, text.lastIndexOf('\n'))
          .split('\n')
          .filter((line) => line.startsWith(kind))
          .map((line) => Number(line.slice(1)));
      const log = lines();
      const spool = await open(folder, { logger: log });
      const stored = new Set((await spool.read(1_000_000)).map(numberOf));
      expect(log.errors()).toEqual([]);
      expect(stored.size).toBe(spool.size.batches);
      const removed = new Set(told('r'));
      expect(told('a').length).toBeGreaterThan(100);
      expect(told('a').filter((n) => !stored.has(n) && !removed.has(n))).toEqual([]);
      expect(told('g').filter((n) => stored.has(n))).toEqual([]);
      await spool.close();
    }
  },
);
