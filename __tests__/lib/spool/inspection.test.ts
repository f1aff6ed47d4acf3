import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { realDisk } from '../../../lib/spool/disk.js';
import { inspect } from '../../../lib/spool/inspection.js';
import { encodeRecord, HEADER } from '../../../lib/spool/record.js';
import { appendAll, numbered, numberIn, queues, readAll } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const openQueue = queues();

test.each([
  ['the first', 0],
  ['a middle', 1],
  ['the last', -1],
])('an inspection and the opening find the same missing in %s segment', async (_which, at) => {
  const folder = path();
  const options = { maxBytes: 65_536 };
  const { queue } = await openQueue(folder, options);
  await appendAll(
    queue,
    Array.from({ length: 300 }, (_, n) => numbered(n)),
  );
  const segmentsNow = () => readdirSync(folder).filter((name) => name.endsWith('.log'));
  // What was before the first segment that is left must not count as missing.
  const first = Number.parseInt(segmentsNow()[2] as string, 10);
  for (let n = 0; n < first; n++) queue.finish(n, numbered(n));
  await queue.close();
  const segments = segmentsNow();
  expect(Number.parseInt(segments[0] as string, 10)).toBe(first);
  const damaged = `${folder}/${segments.at(at)}`;
  const bytes = readFileSync(damaged);
  bytes[30] = (bytes[30] as number) ^ 1;
  writeFileSync(damaged, bytes);

  const found: object[] = [];
  for await (const { damage } of inspect(realDisk, folder))
    for (const { first, until = Number.NaN, lost } of damage)
      found.push({ batches: lost?.batches, logs: lost?.logs, first, last: until - 1 });
  const { queue: opened, losses } = await openQueue(folder, options);
  while ((await opened.read()).length > 0);
  expect(found).toHaveLength(1);
  expect(losses).toEqual(found);
});

test('damaged bytes between two records, of which none is missing, are not a loss', async () => {
  const folder = path();
  mkdirSync(folder, { mode: 0o700 });
  const length = HEADER + 20;
  const bytes = Buffer.alloc(length + 10 + length, 1);
  for (const id of [0, 1]) {
    const before = { batches: id, logs: 0, bytes: 20 * id };
    encodeRecord(bytes, id * (length + 10), numbered(id), { id, time: 0, before, key: 5 });
  }
  writeFileSync(`${folder}/${'0'.repeat(16)}.log`, bytes);
  const { queue, losses } = await openQueue(folder);
  expect(queue.size).toEqual({ batches: 2, logs: 1, bytes: 2 * length });
  expect((await readAll(queue)).map(numberIn)).toEqual([0, 1]);
  expect(queue.size).toEqual({ batches: 2, logs: 1, bytes: 2 * length });
  expect(losses).toEqual([]);
});
