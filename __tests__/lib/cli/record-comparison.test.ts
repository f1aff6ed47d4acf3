import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { RecordComparison } from '../../../lib/cli/record-comparison.js';
import { random as randomNumbers } from '../../helpers/cuts.js';
import { seed } from '../../helpers/seed.js';
import { tempPaths } from '../../helpers/temp.js';
import { world } from '../../helpers/world.js';

const path = tempPaths();
const next = randomNumbers(seed);
const below = (limit: number) => Math.floor(next() * limit);

interface Event {
  readonly id: number;
  readonly session: string;
}

/** Writes events as lines of JSON. @param hasSessions Whether the record knows of sessions. */
function record(events: readonly Event[], hasSessions: boolean): string {
  const file = path();
  const lines = events.map(({ id, session }) =>
    JSON.stringify({
      decision: 'deny',
      ...(hasSessions && session !== '' && { session_id: session, sequence_number: id }),
      http_url: `https://example.com/${session}/${id}`,
      event_time: '2026-03-03T19:42:34Z',
    }),
  );
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
  return file;
}

async function lacking(here: string, there: string, maxKept: number): Promise<string[]> {
  const { io } = world({});
  const urls: string[] = [];
  for await (const line of new RecordComparison([here], there, io, maxKept).lines(true)) {
    const { kind, event } = JSON.parse(line);
    if (kind === 'lacking') urls.push(event.http_url);
  }
  return urls;
}

test('random records are compared as sets of events are, also in parts', async () => {
  for (let round = 0; round < 60; round++) {
    const sessions = ['a', 'b', ''].slice(0, 1 + below(3));
    const all = Array.from({ length: 1 + below(120) }, (_, id) => ({
      id,
      session: sessions[below(sessions.length)] ?? '',
    }));
    const kept = all.filter(() => below(4) > 0);
    const [here, there] = [record(all, below(4) > 0), record(kept, below(3) > 0)];
    const expected = all
      .filter((event) => !kept.includes(event))
      .map(({ id, session }) => `https://example.com/${session}/${id}`);
    for (const maxKept of [1000, 130, 90]) {
      let found: string[];
      try {
        found = await lacking(here, there, maxKept);
      } catch (error) {
        // Numbers at random need as many ranges as there are.
        expect({ seed, round, maxKept, error }).toMatchObject({ error: { code: 'ERR_INVALID_OPTION' } });
        expect(maxKept).toBeLessThan(1000);
        continue;
      }
      expect({ seed, round, found: found.sort() }).toEqual({ seed, round, found: [...expected].sort() });
    }
  }
});

test('a record without sessions of which an eighth may be kept is compared in parts', async () => {
  const all = Array.from({ length: 2000 }, (_, id) => ({ id, session: '' }));
  const [here, there] = [
    record(all, false),
    record(
      all.filter(({ id }) => id % 500 !== 7),
      false,
    ),
  ];
  const found = await lacking(here, there, 250);
  expect(found.sort()).toEqual([7, 507, 1007, 1507].map((id) => `https://example.com//${id}`).sort());
});

test('a record on stdin that would have to be read several times is an error', async () => {
  const all = Array.from({ length: 20 }, (_, id) => ({ id, session: '' }));
  const there = record(all, false);
  const { io } = world({ input: Buffer.from('{"decision":"deny"}\n') });
  const lines = new RecordComparison(['-'], there, io, 5).lines(false);
  await expect(lines.next()).rejects.toMatchObject({
    code: 'ERR_INVALID_OPTION',
    message: expect.stringContaining('both records are files'),
  });
});
