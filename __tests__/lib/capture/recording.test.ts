import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type RecordedConnection, Recording } from '../../../lib/capture/recording.js';
import { CaptureDecoder } from '../../../lib/index.js';
import { connectionsIn, isComplete, readByTheDocs } from '../../helpers/captures.js';
import { random } from '../../helpers/cuts.js';
import { fileSystems } from '../../helpers/file-systems.js';
import { seed } from '../../helpers/seed.js';
import { tempPaths } from '../../helpers/temp.js';

const path = tempPaths();
const mount = fileSystems();

/** A recording without a delay between attempts, and its log. */
function record(file: string, maxBytes?: number) {
  const log: [level: string, message: string, fields: Record<string, unknown>][] = [];
  const at = (level: string) => (fields: object, message: string) => {
    log.push([level, message, fields as Record<string, unknown>]);
  };
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
  return { recording: new Recording({ path: file, maxBytes }, logger, 0), log };
}

test('what happens on connections is in the capture, in its order, and nobody else may read it', () => {
  const file = path();
  const { recording, log } = record(file);
  const umask = process.umask(0);
  recording.open();
  process.umask(umask);
  const [a, b, c] = [recording.connection(), recording.connection(), recording.connection()];
  a.data(Buffer.from('one'));
  b.data(Buffer.from('two'));
  a.data(Buffer.from('three'));
  a.over('end');
  b.over('broken');
  c.over('closed');
  recording.connection().data(Buffer.from('four'));
  recording.close();
  recording.close();
  const { records } = readByTheDocs(readFileSync(file));
  expect(records.map(({ kind, connection, payload }) => [kind, connection, String(payload)])).toEqual([
    ['open', 1, ''],
    ['open', 2, ''],
    ['open', 3, ''],
    ['data', 1, 'one'],
    ['data', 2, 'two'],
    ['data', 1, 'three'],
    ['end', 1, ''],
    ['broken', 2, ''],
    ['closed', 3, ''],
    ['open', 4, ''],
    ['data', 4, 'four'],
    ['finish', 0, ''],
  ]);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(log).toEqual([
    ['info', 'recording', { capture: file }],
    [
      'info',
      'the capture is complete',
      {
        capture: file,
        size: statSync(file).size,
        connections: 4,
        bytes: 15,
        missing: { bytes: 0, connections: 0 },
      },
    ],
  ]);
});

describe('the file', () => {
  const make = (create: (file: string) => unknown) => (file: string) => {
    create(file);
    return file;
  };

  test('an existing one stays as it is', () => {
    const file = path();
    writeFileSync(file, 'precious');
    for (const name of [`${file}.2`, `${file}.3`]) {
      const { recording, log } = record(file);
      recording.open();
      recording.connection();
      recording.close();
      expect(log[0]).toEqual(['info', 'recording', { capture: name }]);
      expect(isComplete(readFileSync(name))).toBe(true);
    }
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test.each<[string, (file: string) => string]>([
    ['in a folder that does not exist', (file) => join(file, 'none/capture')],
    ['that is a folder', make((file) => mkdirSync(file))],
    ['that is a link', make((file) => symlinkSync('/etc/passwd', file))],
    ['that is a pipe', make((file) => execFileSync('mkfifo', [file]))],
  ])('one %s is refused', (_name, prepare) => {
    const file = prepare(path());
    const { recording } = record(file);
    expect(() => recording.open()).toThrow(
      expect.objectContaining({
        code: 'ERR_RECORD_FAILED',
        message: expect.stringMatching(/^cannot record to .*\. Choose another file$/),
      }),
    );
    expect(existsSync(`${file}.2`)).toBe(false);
  });

  test('one of a start that failed is deleted', () => {
    const file = path();
    const { recording } = record(file);
    recording.open();
    recording.discard();
    expect(existsSync(file)).toBe(false);
    recording.open();
    recording.close();
    expect(isComplete(readFileSync(file))).toBe(true);
  });

  test('one of a start that failed after senders had connected is kept, and the next start has one of its own', () => {
    const file = path();
    const { recording } = record(file);
    recording.open();
    const early = recording.connection();
    early.data(Buffer.from('early'));
    recording.discard();
    recording.open();
    early.data(Buffer.from('late'));
    early.over('broken');
    recording.connection().data(Buffer.from('next'));
    recording.close();
    const [first, second] = [file, `${file}.2`].map((name) => readByTheDocs(readFileSync(name)).records);
    const shown = (records = first) => records?.map(({ kind, payload }) => [kind, String(payload)]);
    expect(shown(first)).toEqual([
      ['open', ''],
      ['data', 'early'],
      ['finish', ''],
    ]);
    expect(shown(second)).toEqual([
      ['open', ''],
      ['data', 'next'],
      ['finish', ''],
    ]);
    expect(recording.missing.bytes).toBe('late'.length);
  });

  test('one that was deleted meanwhile is reported', () => {
    const file = path();
    const { recording, log } = record(file);
    recording.open();
    rmSync(file);
    recording.connection().data(Buffer.from('x'));
    recording.close();
    const err = expect.objectContaining({ message: 'the file was deleted while it was written' });
    expect(log.at(-1)).toEqual(['warn', 'the capture is not complete', expect.objectContaining({ err })]);
  });
});

test('the limit: the capture stays below it, and says what is missing', () => {
  const file = path();
  const { recording, log } = record(file, 2000);
  recording.open();
  const [a, b] = [recording.connection(), recording.connection()];
  for (let i = 0; i < 50; i++) (i % 2 ? a : b).data(Buffer.alloc(100, i));
  a.over('end');
  recording.connection().data(Buffer.alloc(7));
  recording.close();
  const bytes = readFileSync(file);
  expect(bytes.length).toBeLessThanOrEqual(2000);
  expect(isComplete(bytes)).toBe(false);
  const { records, stop } = readByTheDocs(bytes);
  expect(stop).toBe(bytes.length);
  const recorded = records.filter(({ kind }) => kind === 'data').length * 100;
  expect(recorded).toBeGreaterThan(1000);
  const [gap, finish] = records.slice(-2);
  expect([gap?.kind, gap?.payload.readBigUInt64BE(0), gap?.payload.readBigUInt64BE(8), finish?.kind]).toEqual(
    ['gap', BigInt(5007 - recorded), 1n, 'finish'],
  );
  expect(recording.missing).toEqual({ bytes: 5007 - recorded, connections: 1 });
  expect(log.filter(([level]) => level === 'warn').map(([, message]) => message)).toEqual([
    'the capture has reached its limit: the rest is not recorded',
    'the capture is not complete',
  ]);
});

/** What the test gave to a connection. */
interface Given {
  readonly recorded: RecordedConnection;
  bytes: Buffer;
}

const onDisk = mount === undefined ? test.skip : test;

onDisk(
  `a disk that is full now and then: recorded and missing add up (seed ${seed})`,
  () => {
    for (let round = 0; round < 8; round++) {
      const next = random(seed + round);
      const below = (n: number) => Math.floor(next() * n);
      const folder = path();
      mount?.(folder, 'size=64k');
      const file = join(folder, 'capture');
      const filler = join(folder, 'filler');
      const fill = () => {
        try {
          writeFileSync(filler, Buffer.alloc(1 << 17));
        } catch {
          // It is as full as it can be.
        }
      };
      // Also from the start.
      if (below(3) === 0) fill();
      const { recording, log } = record(file);
      recording.open();
      const all: Given[] = [];
      const open: Given[] = [];
      for (let step = 0; step < 150; step++) {
        const given = open[below(open.length)];
        const what = below(12);
        if (what === 0) fill();
        else if (what === 1) rmSync(filler, { force: true });
        else if (what === 2 || given === undefined) {
          open.push({ recorded: recording.connection(), bytes: Buffer.alloc(0) });
          all.push(open.at(-1) as Given);
        } else if (what === 3) {
          given.recorded.over('end');
          open.splice(open.indexOf(given), 1);
        } else {
          const bytes = Buffer.from(Array.from({ length: 1 + below(400) }, () => below(256)));
          given.recorded.data(bytes);
          given.bytes = Buffer.concat([given.bytes, bytes]);
        }
      }
      if (below(2) === 0) rmSync(filler, { force: true });
      recording.close();

      const bytes = readFileSync(file);
      const decoder = new CaptureDecoder();
      const items = [...decoder.decode(bytes), decoder.end()].filter((item) => item !== undefined);
      const wasCutOff = items.at(-1)?.kind === 'fault';
      if (wasCutOff) expect(items.at(-1)).toMatchObject({ error: { code: 'ERR_TRUNCATED_CAPTURE' } });
      const numbered = (n: number) =>
        all.find(({ recorded }) => (recorded as { number?: number }).number === n);
      let [recorded, missing, absent] = [0, 0, 0];
      const at = new Map<number, number>();
      for (const item of items) {
        if (item.kind === 'data') {
          const from = at.get(item.connection) ?? 0;
          const given = numbered(item.connection)?.bytes.subarray(from, from + item.bytes.length);
          expect(item.bytes.equals(given as Buffer)).toBe(true);
          recorded += item.bytes.length;
          at.set(item.connection, from + item.bytes.length);
        } else if (item.kind === 'gap') {
          missing += item.bytes;
          absent += item.connections;
          at.set(item.connection, (at.get(item.connection) ?? 0) + item.bytes);
        }
      }
      const given = all.reduce((sum, { bytes: { length } }) => sum + length, 0);
      expect(recording.missing.bytes + recorded).toBe(given);
      const known = new Set(items.flatMap((item) => (item.kind === 'open' ? [item.connection] : [])));
      expect(recording.missing.connections + known.size).toBe(all.length);
      // Only if the disk is still full at the end, the capture cannot say what is missing. Then it has no end, either.
      if (!wasCutOff)
        expect([missing, absent]).toEqual([recording.missing.bytes, recording.missing.connections]);
      const complete = isComplete(bytes);
      if (given > recorded || absent > 0) expect(complete).toBe(false);
      expect(log.at(-1)?.[1]).toBe(complete ? 'the capture is complete' : 'the capture is not complete');
    }
  },
  60_000,
);

onDisk('a full disk is one warning, and so is its end', () => {
  const folder = path();
  mount?.(folder, 'size=64k');
  const { recording, log } = record(join(folder, 'capture'));
  recording.open();
  const connection = recording.connection();
  for (let i = 0; i < 100; i++) connection.data(Buffer.alloc(1000, i));
  const warnings = () => log.filter(([level]) => level === 'warn').map(([, message]) => message);
  expect(warnings()).toEqual(['the capture cannot be written: what arrives meanwhile is missing in it']);
  recording.close();
  expect(warnings().slice(1)).toEqual(['the capture can be written again', 'the capture is not complete']);
  const found = connectionsIn(readFileSync(join(folder, 'capture')));
  expect(found.get(1)?.bytes.length).toBeGreaterThan(50_000);
  expect(readdirSync(folder)).toEqual(['capture']);
});

test('without the permission to write, nothing starts', () => {
  const folder = path();
  mkdirSync(folder);
  chmodSync(folder, 0o500);
  // Root may write everywhere.
  if (process.getuid?.() === 0) return;
  expect(() => record(join(folder, 'capture')).recording.open()).toThrow(/EACCES/);
});
