import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { LogBatch } from '../../../lib/index.js';
import { silent } from '../../../lib/logger.js';
import { SharedFolder } from '../../../lib/spool/shared-folder.js';
import { crc } from '../../helpers/crc.js';
import { random } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';
import { appendAll, numbered, numberOf, queues, readAll } from '../../helpers/spools.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';

const path = tempPaths();
const openQueue = queues();

interface Waiting {
  id: number;
  tag: number;
  count: number;
  raw: Buffer;
}

/** The record at an offset, if there is an intact one. */
function recordAt(bytes: Buffer, at: number) {
  const header = bytes.subarray(at, at + 64);
  if (header.length < 64 || header.readUInt32BE(0) !== 0x424c5201) return undefined;
  if (header.readUInt32BE(4) !== crc(header.subarray(8))) return undefined;
  const end = at + 64 + header.readUInt32BE(12);
  const raw = bytes.subarray(at + 64, end);
  const isIntact = end <= bytes.length && header.readUInt32BE(8) === crc(raw);
  const id = Number(header.readBigUInt64BE(24));
  const key = header.readUIntBE(21, 3);
  return { id, tag: header.readUInt8(20), count: header.readUInt32BE(16), raw, key, end, isIntact };
}

const bits = (byte: number) => byte.toString(2).replaceAll('0', '').length;
/** `FF`, `66` and `0F`, also with one flipped bit. */
const isFinished = (byte: number) => [0xff, 0x66, 0x0f].some((state) => bits(byte ^ state) <= 1);

/** A reader that knows nothing but docs/spool-format.md. */
function waitingIn(folder: string): Waiting[] {
  const names = readdirSync(folder).sort();
  const logs = names.filter((name) => /^\d{16}\.log$/.test(name));
  return logs.flatMap((name, i) => {
    const first = Number.parseInt(name, 10);
    const end = i + 1 < logs.length ? Number.parseInt(logs[i + 1] as string, 10) : Number.POSITIVE_INFINITY;
    const bytes = readFileSync(`${folder}/${name}`);
    const ackName = name.replace('.log', '.main.acked');
    const acked = names.includes(ackName) ? readFileSync(`${folder}/${ackName}`) : Buffer.alloc(0);
    const found: Waiting[] = [];
    let next = first;
    let key: number | undefined;
    for (let at = 0; at < bytes.length; ) {
      const record = recordAt(bytes, at);
      const fits = record && record.id >= next && record.id < end && (key ?? record.key) === record.key;
      if (record === undefined || !fits || !record.isIntact) {
        // The bytes of a damaged batch are not searched.
        at = record !== undefined && fits ? record.end : at + 1;
        continue;
      }
      const { id, tag, count, raw } = record;
      if (!isFinished(acked[id - first] ?? 0)) found.push({ id, tag, count, raw });
      next = id + 1;
      key = record.key;
      at = record.end;
    }
    return found;
  });
}

test(`a reader written from docs/spool-format.md finds the same as the spool (seed ${seed})`, async () => {
  const next = random(seed);
  const folder = path();
  const { queue } = await openQueue(folder, { maxBytes: 65_536 });
  await appendAll(
    queue,
    Array.from({ length: 300 }, (_, n) => numbered(n, 4 + Math.floor(next() * 200))),
  );
  const entries = await readAll(queue);
  expect(entries).toHaveLength(300);
  const left: Waiting[] = [];
  for (const { id, tag, count, raw } of entries) {
    if (next() < 0.6) queue.finish(id, { tag, count, raw });
    else left.push({ id, tag, count, raw: Buffer.from(raw) });
  }
  await queue.close();
  const segments = readdirSync(folder).filter((name) => name.endsWith('.log'));
  expect(segments.length).toBeGreaterThan(3);
  expect(waitingIn(folder)).toEqual(left);
  const { queue: again } = await openQueue(folder, { maxBytes: 65_536 });
  expect((await readAll(again)).map(({ id }) => id)).toEqual(left.map(({ id }) => id));
});

/** The part of each reporter, by the same page; `main` if nothing names it. */
function partsIn(folder: string): Record<string, Waiting[]> {
  const names = readdirSync(folder);
  const [owner = 'main'] = names.flatMap((name) => /^reporter\.([a-z0-9-]{1,32})$/.exec(name)?.[1] ?? []);
  const others = names.includes('reporters') ? readdirSync(`${folder}/reporters`) : [];
  return Object.fromEntries([
    [owner, waitingIn(folder)],
    ...others.map((name) => [name, waitingIn(`${folder}/reporters/${name}`)]),
  ]);
}

test(`such a reader finds what waits for each of several reporters, in whatever order they are (seed ${seed})`, async () => {
  const next = random(seed);
  const folder = path();
  const names = ['coder', 'main', 'socket-a-1'];
  const left: Record<string, number[]> = {};
  for (const [first, order] of [
    [0, names],
    [1000, names.toReversed()],
  ] as const) {
    const shared = new SharedFolder({ folder }, order, 'drop', silent);
    for (const name of order) {
      const buffer = shared.buffer(name, silent);
      await buffer.open();
      const read: LogBatch[] = [];
      buffer.on('data', (batch: LogBatch) => read.push(batch));
      for (let n = 0; n < 60; n++) {
        const { tag, count, raw } = numbered(first + n, 4 + Math.floor(next() * 200));
        buffer.write(new LogBatch(tag, count, raw));
      }
      await until('all of them are read', () => read.length === buffer.held.batches);
      left[name] = [];
      for (const batch of read) {
        if (next() < 0.6) buffer.ack(batch);
        else left[name].push(numberOf(batch));
      }
      await buffer.close();
    }
  }
  const found = Object.entries(partsIn(folder)).map(([name, waiting]) => [name, waiting.map(numberOf)]);
  expect(Object.fromEntries(found)).toEqual(left);
});
