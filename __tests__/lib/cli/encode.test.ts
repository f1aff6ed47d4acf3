import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { boundaryProtocol, decodeFrames, FrameDecoder } from '../../../codec/index.js';
import { CaptureDecoder, formatBatch } from '../../../lib/index.js';
import { connectionsIn, isComplete, readByTheDocs } from '../../helpers/captures.js';
import { command } from '../../helpers/command.js';
import { commands, listening } from '../../helpers/processes.js';
import { linesOf, METRICS, stopped, upTo } from '../../helpers/served.js';
import { tempPaths } from '../../helpers/temp.js';
import { until } from '../../helpers/until.js';
import { vectors } from '../../helpers/vectors.js';

const start = commands();
const path = tempPaths();

/** The lines that `decode` writes for a capture. */
async function decoded(bytes: Buffer): Promise<Record<string, unknown>[]> {
  const { code, bytes: text, errors } = await command(['decode', '-'], bytes);
  expect([code, errors]).toEqual([0, '']);
  return linesOf(String(text)).map((line) => JSON.parse(line));
}

const event = (n: number, more: object = {}) => ({
  decision: n % 2 ? 'deny' : 'allow',
  session_id: 's',
  sequence_number: n,
  http_url: `https://example.com/${n}`,
  event_time: new Date(1_772_566_954_000 + n * 100).toISOString(),
  ...more,
});
const jsonLines = (events: object[]) => events.map((one) => `${JSON.stringify(one)}\n`).join('');

/** How many logs each data record contains, and when it arrived, in ms since the start. */
function batchesIn(bytes: Buffer): [logs: number, ms: number][] {
  const records = new CaptureDecoder().decode(bytes);
  return records.flatMap((record) => {
    if (record.kind !== 'data') return [];
    const [outcome] = decodeFrames(boundaryProtocol, new FrameDecoder().decode(record.bytes));
    return [[outcome?.kind === 'logs' ? outcome.count : -1, record.time / 1000] as [number, number]];
  });
}

test('every event of every vector: what decode writes, encode reads, and decode writes again', async () => {
  for (const { name, bytes } of vectors) {
    const outcomes = decodeFrames(boundaryProtocol, new FrameDecoder().decode(bytes));
    const text = outcomes.flatMap((outcome) =>
      outcome.kind === 'logs' ? [formatBatch(outcome, 'json')] : [],
    );
    const before = linesOf(text.join('')).map((line) => JSON.parse(line));
    const { code, bytes: capture } = await command(['encode'], text.join(''));
    expect([name, code, isComplete(capture)]).toEqual([name, 0, true]);
    const after = await decoded(capture);
    expect(after).toEqual(before);
  }
});

test('a batch has ten events, one session, one process, and five seconds, as those of boundary', async () => {
  const events = [
    ...upTo(12).map((n) => event(n)),
    event(12, { session_id: 't' }),
    event(13, { session_id: 't', confined_process_name: 'p' }),
    event(14, { session_id: 't', confined_process_name: 'p' }),
    // 5 s after number 13.
    event(63, { session_id: 't', confined_process_name: 'p' }),
    event(20, { session_id: 't', confined_process_name: 'p' }),
  ];
  const { bytes } = await command(['encode'], jsonLines(events));
  expect(batchesIn(bytes)).toEqual([
    [10, 900],
    [2, 1100],
    [1, 1200],
    // boundary sends it when it is due, not when the next event comes.
    [2, 6300],
    [2, 6300],
  ]);
  expect(readByTheDocs(bytes).startedAt).toBe(1_772_566_954_000_000);
  expect((await decoded(bytes)).map(({ sequence_number }) => sequence_number)).toEqual(
    events.map(({ sequence_number }) => sequence_number),
  );
});

test('events that do not fit into one frame become several', async () => {
  const long = `https://example.com/${'x'.repeat(15_000)}`;
  const { bytes, errors } = await command(
    ['encode'],
    jsonLines(upTo(5).map((n) => event(n, { http_url: long }))),
  );
  expect(batchesIn(bytes).map(([logs]) => logs)).toEqual([2, 2, 1]);
  expect(errors).toBe('encoded 5 events in 3 batches\n');
});

test('a line that cannot be encoded is reported with its number, and the exit code is 1', async () => {
  const lines = [
    `\ufeff${JSON.stringify(event(0))}`,
    '',
    'nonsense',
    '{"decision":"perhaps"}',
    'null',
    JSON.stringify(event(1, { http_url: 'x'.repeat(40_000) })),
    'x'.repeat(2 ** 20 + 1),
    JSON.stringify(event(2)),
  ];
  const { code, bytes, errors } = await command(['encode'], lines.join('\r\n'));
  expect(code).toBe(1);
  expect(linesOf(errors)).toEqual([
    expect.stringMatching(/^line 3: not valid JSON: /),
    'line 4: decision: got "perhaps", expected allow or deny',
    'line 5: an event: got null, expected an object',
    expect.stringMatching(/^line 6: .* 32768/),
    'line 7: it has more than 1048576 characters',
    'encoded 2 events in 1 batches, skipped 5 lines',
  ]);
  expect((await decoded(bytes)).map(({ sequence_number }) => sequence_number)).toEqual([0, 2]);
});

describe('defaults', () => {
  test('session and process; nothing else is added', async () => {
    const { bytes } = await command(
      ['encode', '--session', 'mine', '--process', 'curl'],
      '{"decision":"allow"}\n{"decision":"deny","session_id":"s"}\n',
    );
    // In the protocol, a number that is missing is 0.
    const same = { msg: 'boundary_request', confined_process_name: 'curl', sequence_number: 0 };
    expect(await decoded(bytes)).toEqual([
      { ...same, decision: 'allow', session_id: 'mine' },
      { ...same, decision: 'deny', session_id: 's' },
    ]);
  });

  test('times that go back, or that no capture can express, do not go back in it', async () => {
    const times = [
      '2026-03-03T19:42:34Z',
      '1969-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      '2026-03-03T19:42:34Z',
    ];
    const events = times.map((event_time, n) => event(n, { event_time, session_id: `${n}` }));
    const { code, bytes } = await command(['encode'], jsonLines(events));
    expect([code, isComplete(bytes)]).toEqual([0, true]);
    expect((await decoded(bytes)).map(({ event_time }) => event_time)).toEqual(times);
  });

  test('no events: a capture with an empty connection', async () => {
    const { code, bytes, errors } = await command(['encode'], '');
    expect([code, errors]).toEqual([0, 'encoded 0 events in 0 batches\n']);
    expect([...connectionsIn(bytes).values()]).toEqual([
      { bytes: Buffer.alloc(0), end: 'end', isCut: false },
    ]);
  });

  test('--raw writes only the bytes', async () => {
    const input = jsonLines(upTo(25).map((n) => event(n)));
    const [timed, raw] = [await command(['encode'], input), await command(['encode', '--raw'], input)];
    expect(raw.bytes.equals(connectionsIn(timed.bytes).get(1)?.bytes as Buffer)).toBe(true);
    expect(await decoded(raw.bytes)).toEqual(await decoded(timed.bytes));
  });
});

describe('what is refused', () => {
  test('a terminal', async () => {
    const { code, bytes, errors } = await command(['encode'], jsonLines([event(0)]), true);
    expect([code, bytes.length]).toEqual([2, 0]);
    expect(errors).toContain('stdout: got "a terminal", expected a file or a pipe, such as > FILE');
  });

  test('UTF-16', async () => {
    const { code, errors } = await command(
      ['encode'],
      Buffer.from(`\ufeff${jsonLines([event(0)])}`, 'utf16le'),
    );
    expect(code).toBe(2);
    expect(errors).toContain('UTF-16 text: convert it');
  });

  test.each([path(), '/tmp'])('a file that is missing or a folder (%s)', async (file) => {
    const { code, errors } = await command(['encode', file]);
    expect(code).toBe(2);
    expect(errors).toMatch(
      /^error: ERR_INVALID_OPTION: FILE: got .*, expected a file that can be read: it \w+/,
    );
  });
});

test('the process: encode | replay sends the events to serve', async () => {
  const socket = path();
  const served = start(['serve', '--socket', socket, ...METRICS]);
  await listening(served, socket);
  const events = path();
  writeFileSync(events, jsonLines(upTo(30).map((n) => event(n))));
  const through = ['sh', '-c', 'out=$1; shift; exec "$@" >"$out"', 'sh'];
  const capture = path();
  const encoded = start(['encode', events], { through: [...through, capture] });
  expect([await encoded.ended, encoded.stderr()]).toEqual([0, 'encoded 30 events in 3 batches\n']);
  expect(isComplete(readFileSync(capture))).toBe(true);
  const replayed = start(['replay', '--socket', socket, '--speed', '1000', capture]);
  expect(await replayed.ended).toBe(0);
  await until('30 events are on stdout', () => linesOf(served.stdout()).length === 30);
  expect(linesOf(served.stdout()).map((line) => JSON.parse(line))).toEqual(
    upTo(30).map((n) => ({
      msg: 'boundary_request',
      ...event(n),
      event_time: expect.stringContaining('2026-03-03T'),
    })),
  );
  await stopped(served);
});

test('the process: a full disk is a message and exit code 1', async () => {
  const encoded = start(['encode'], { through: ['sh', '-c', 'exec "$@" >/dev/full', 'sh'] });
  encoded.child.stdin.end(jsonLines([event(0)]));
  expect(await encoded.ended).toBe(1);
  expect(encoded.stderr()).toMatch(/^error: ENOSPC: /);
});

test('the process: a reader that goes away is a normal end', async () => {
  const encoded = start(['encode'], { keepStdout: false });
  const feeding = setInterval(() => encoded.child.stdin.write(jsonLines(upTo(100).map((n) => event(n)))), 1);
  encoded.child.stdout.once('data', () => encoded.child.stdout.destroy());
  expect(await encoded.ended).toBe(0);
  clearInterval(feeding);
  expect(encoded.stderr()).toBe('');
});
