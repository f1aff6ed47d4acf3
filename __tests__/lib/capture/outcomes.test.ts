import { expect, test } from '@jest/globals';
import { boundaryProtocol, decodeFrames, FrameDecoder, type Outcome } from '../../../codec/index.js';
import { openCapture } from '../../../lib/capture/open-capture.js';
import { outcomesIn } from '../../../lib/capture/outcomes.js';
import type { CaptureRecord } from '../../../lib/index.js';
import { captureOf } from '../../helpers/captures.js';
import { random } from '../../helpers/cuts.js';
import { logsFrame } from '../../helpers/messages.js';
import { seed } from '../../helpers/seed.js';
import { vectors } from '../../helpers/vectors.js';

async function outcomesOf(records: CaptureRecord[]) {
  async function* source() {
    yield captureOf(records);
  }
  const { records: opened } = await openCapture(source());
  const items = [];
  for await (const item of outcomesIn(opened)) items.push(item);
  return items;
}

const shown = (outcome: Outcome) => [
  outcome.kind,
  outcome.kind === 'logs' ? outcome.raw.toString('hex') : 'error' in outcome ? outcome.error.code : '',
];

test(`all vectors at the same time, in random pieces: each connection is decoded alone (seed ${seed})`, async () => {
  const next = random(seed);
  const left = vectors.map(({ bytes }, i) => ({ connection: i + 1, rest: bytes }));
  const records: CaptureRecord[] = [{ kind: 'start', startedAt: 0 }];
  for (const { connection } of left) records.push({ kind: 'open', connection, time: 0 });
  while (left.length > 0) {
    const at = Math.floor(next() * left.length);
    const one = left[at] as (typeof left)[number];
    const { connection } = one;
    const bytes = one.rest.subarray(0, 1 + Math.floor(next() ** 4 * 20_000));
    one.rest = one.rest.subarray(bytes.length);
    if (bytes.length > 0) records.push({ kind: 'data', connection, time: 0, bytes });
    if (one.rest.length > 0) continue;
    records.push({ kind: 'end', connection, time: 0 });
    left.splice(at, 1);
  }
  const found = await outcomesOf([...records, { kind: 'finish', time: 0 }]);
  for (const [i, { name, bytes }] of vectors.entries()) {
    const decoder = new FrameDecoder();
    const items = [...decoder.decode(bytes), decoder.end()].filter((item) => item !== undefined);
    const own = found.flatMap((item) => ('outcome' in item && item.connection === i + 1 ? [item] : []));
    expect([name, own.map(({ outcome }) => shown(outcome))]).toEqual([
      name,
      (decodeFrames(boundaryProtocol, items) as Outcome[]).map(shown),
    ]);
    expect(own.map(({ frame }) => frame)).toEqual(own.map((_, n) => n + 1));
  }
});

test('behind a gap, the rest of a connection is left out, and other connections are not', async () => {
  const data = (connection: number, bytes: Buffer): CaptureRecord => ({
    kind: 'data',
    connection,
    time: 0,
    bytes,
  });
  const gap: CaptureRecord = { kind: 'gap', connection: 1, time: 0, bytes: 9, connections: 0 };
  const found = await outcomesOf([
    { kind: 'start', startedAt: 5 },
    { kind: 'open', connection: 1, time: 0 },
    { kind: 'open', connection: 2, time: 0 },
    data(1, logsFrame(1, 0)),
    data(2, logsFrame(1, 1).subarray(0, 50)),
    data(1, logsFrame(1, 2).subarray(0, 50)),
    gap,
    data(1, logsFrame(1, 3)),
    data(2, logsFrame(1, 1).subarray(50)),
    { kind: 'end', connection: 1, time: 0 },
    { kind: 'finish', time: 7 },
  ]);
  expect(
    found.map((item) =>
      'outcome' in item && item.outcome.kind === 'logs'
        ? [item.connection, item.time, item.outcome.request.logs[0]?.sequenceNumber]
        : item,
    ),
  ).toEqual([[1, 5, 0], gap, [2, 5, 1]]);
});
